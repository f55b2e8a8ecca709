"""The nets' sizes, apart from the nets: reading a configuration needs no torch."""

from dataclasses import dataclass

from yt360_tools.errors import UsageError


@dataclass(frozen=True)
class NetConfig:
    """The nets' sizes.

    Attributes:
        video_widths: channels of the video net's stages.
        video_blocks: blocks a stage.
        audio_widths: channels of the audio net's blocks.
        transformer_layers: of each of the two transformers.
        dropout: in the transformers.
        embedding: dimensions in which predictions and targets are compared.
    """

    video_widths: tuple[int, ...] = (64, 128, 256, 512)
    video_blocks: int = 2
    audio_widths: tuple[int, ...] = (64, 128, 256, 512)
    transformer_layers: int = 2
    dropout: float = 0.1
    embedding: int = 128

    def __post_init__(self) -> None:
        for name in ("video_widths", "audio_widths"):
            widths = getattr(self, name)
            if not widths or min(widths) < 1:
                raise UsageError(f"net.{name} {list(widths)} must be one number of channels or more, each at least 1")
        if self.video_widths[-1] != self.audio_widths[-1]:
            raise UsageError(
                f"net.video_widths {list(self.video_widths)} and audio_widths {list(self.audio_widths)} "
                "must end alike: the transformers take one modality's features and predict the other's"
            )
