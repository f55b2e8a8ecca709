"""The video net: R(2+1)D (Tran et al., arXiv 1711.11248) as the paper's code has it, of any width and depth."""

from collections.abc import Sequence

from torch import Tensor, nn


class SpatioTemporalBlock(nn.Module):
    """Two pairs of a spatial and a temporal convolution, and a way around them.

    The width does not grow between the two of a pair, unlike in torchvision's r2plus1d_18.
    """

    def __init__(self, width_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.pairs = nn.Sequential(
            _spatial(width_in, width, stride),
            nn.BatchNorm3d(width),
            nn.ReLU(inplace=True),
            _temporal(width, stride),
            nn.BatchNorm3d(width),
            nn.ReLU(inplace=True),
            _spatial(width, width, 1),
            nn.BatchNorm3d(width),
            nn.ReLU(inplace=True),
            _temporal(width, 1),
        )
        is_same = stride == 1 and width_in == width
        self.around = nn.Identity() if is_same else nn.Conv3d(width_in, width, 1, stride=stride, bias=False)
        self.out = nn.Sequential(nn.BatchNorm3d(width), nn.ReLU(inplace=True))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.out(self.pairs(x) + self.around(x))
        return out


class VideoNet(nn.Module):
    """Pictures (n, 3, frames, height, width) to features (n, widths[-1]).

    The published net has widths (64, 128, 256, 512) and two blocks a stage.
    """

    def __init__(self, widths: Sequence[int], blocks: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv3d(3, widths[0], (3, 7, 7), stride=(1, 2, 2), padding=(1, 3, 3), bias=False),
            nn.BatchNorm3d(widths[0]),
            nn.ReLU(inplace=True),
        )
        stages = []
        width_in = widths[0]
        for number, width in enumerate(widths):
            for block in range(blocks):
                stages.append(SpatioTemporalBlock(width_in, width, 2 if number and not block else 1))
                width_in = width
        self.stages = nn.Sequential(*stages)
        self.width = width_in

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.stages(self.stem(x)).amax(dim=(2, 3, 4))
        return out


def _spatial(width_in: int, width: int, stride: int) -> nn.Conv3d:
    return nn.Conv3d(width_in, width, (1, 3, 3), stride=(1, stride, stride), padding=(0, 1, 1), bias=False)


def _temporal(width: int, stride: int) -> nn.Conv3d:
    return nn.Conv3d(width, width, (3, 1, 1), stride=(stride, 1, 1), padding=(1, 0, 0), bias=False)
