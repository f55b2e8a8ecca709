"""The whole model: two nets, two transformers between them, and the heads in whose space they are compared."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from avsa_models.nets.audio import AudioNet
from avsa_models.nets.config import NetConfig
from avsa_models.nets.transformer import ViewTransformer
from avsa_models.nets.video import VideoNet


@dataclass(frozen=True)
class Embeddings:
    """What a batch of moments becomes, each (batch, views, embedding).

    Attributes:
        video, audio: the targets, of each view alone.
        predicted_video: from the sound of all views.
        predicted_audio: from the pictures of all views.
    """

    video: Tensor
    audio: Tensor
    predicted_video: Tensor
    predicted_audio: Tensor


class AlignmentModel(nn.Module):
    """Embeddings of pictures and sounds in which what belongs together is similar."""

    def __init__(self, config: NetConfig, audio_channels: int) -> None:
        super().__init__()
        # Channels last in memory: the convolutions take two thirds of the time on a processor.
        self.video_net = VideoNet(config.video_widths, config.video_blocks)
        self.audio_net = AudioNet(audio_channels, config.audio_widths)
        self.video_net.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self.audio_net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        width = self.video_net.width
        self.video_to_audio = ViewTransformer(width, config.transformer_layers, config.dropout)
        self.audio_to_video = ViewTransformer(width, config.transformer_layers, config.dropout)
        self.video_head, self.audio_head, self.predicted_video_head, self.predicted_audio_head = (
            nn.Linear(width, config.embedding) for _ in range(4)
        )

    def video_features(self, video: Tensor) -> Tensor:
        """Features (batch, views, width) of uint8 pictures (batch, views, frames, height, width, 3)."""
        batch, views = video.shape[:2]
        x = video.flatten(0, 1).permute(0, 4, 1, 2, 3)  # (batch * views, 3, frames, height, width)
        x = (x.float() / 255 - 0.45) / 0.225
        features: Tensor = self.video_net(x).unflatten(0, (batch, views))
        return features

    def audio_features(self, audio: Tensor) -> Tensor:
        """Features (batch, views, width) of spectrograms (batch, views, channels, steps, mels)."""
        features: Tensor = self.audio_net(audio.flatten(0, 1)).unflatten(0, audio.shape[:2])
        return features

    def embed(self, video_features: Tensor, audio_features: Tensor) -> Embeddings:
        """Targets and predictions from both modalities' features."""
        return Embeddings(
            self.video_head(video_features),
            self.audio_head(audio_features),
            self.predicted_video_head(self.audio_to_video(audio_features)),
            self.predicted_audio_head(self.video_to_audio(video_features)),
        )
