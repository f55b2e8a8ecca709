"""The audio net: a plain 2-D convolutional net on spectrograms, as the paper's code has it, of any width."""

from collections.abc import Sequence

from torch import Tensor, nn

_STRIDED = (1, 2)
"""The blocks that halve time and frequency."""


class AudioNet(nn.Module):
    """Spectrograms (n, channels, steps, mels) to features (n, widths[-1]).

    The published net has widths (64, 128, 256, 512): a stem and eight convolutions.
    """

    def __init__(self, channels: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.stem = _convolution(channels, widths[0], size=7, stride=2)
        blocks = []
        width_in = widths[0]
        for number, width in enumerate(widths):
            stride = 2 if number in _STRIDED else 1
            blocks.append(nn.Sequential(_convolution(width_in, width, stride=stride), _convolution(width, width)))
            width_in = width
        self.blocks = nn.Sequential(*blocks)
        self.width = width_in

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.blocks(self.stem(x)).amax(dim=(2, 3))
        return out


def _convolution(width_in: int, width: int, *, size: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(width_in, width, size, stride=stride, padding=size // 2, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
    )
