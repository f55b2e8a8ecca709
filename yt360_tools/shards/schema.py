"""What stands in a shard, and its checksums. docs/shard-format.md says the same for other languages.

/                                   attributes: format, version, split, config, tools, conventions,
                                                    header_sha256
/clips/<clip_id>                    attributes: clip_id, video_id, split, source, content_sha256, record_sha256
/clips/<clip_id>/window             float64 (2,)   start_s, end_s on the source's clock
/clips/<clip_id>/rates              float64 (2,)   fps, sample_rate_hz
/clips/<clip_id>/ambisonics         float32 (4, n) AmbiX W, Y, Z, X, unrotated
/clips/<clip_id>/views/<k>          attributes: projection, codec, width, height
/clips/<clip_id>/views/<k>/direction  float64 (5,) yaw, pitch, roll, hfov, vfov in degrees
/clips/<clip_id>/views/<k>/beam     float32 (n,)
/clips/<clip_id>/views/<k>/frames   as the codec lays them down
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.records import ClipWindow, View

FORMAT = "yt360-shard"
VERSION = 1

CONVENTIONS = (
    "Right-handed frame: +x front, +y left, +z up. yaw = azimuth, left positive; pitch = elevation, up positive; "
    "roll positive turns the camera clockwise as its owner sees it. Pixel centres carry the samples. "
    "Sound: AmbiX, ACN order W Y Z X, SN3D. Frame i is the last source frame not after start_s + i / fps; "
    "sound sample n is at start_s + n / sample_rate_hz."
)


@dataclass(frozen=True)
class ShardHeader:
    """What all clips of a shard share: its split, the build's configuration, the tools' versions."""

    split: str
    config: dict[str, Any]
    tools: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EncodedFrames:
    """A view's frames as their codec made them, one byte string a frame."""

    codec: str
    frames: tuple[bytes, ...]


@dataclass(frozen=True)
class ViewContent:
    """A view, ready to be written.

    Attributes:
        beam: float32 (samples,).
    """

    view: View
    encoded: EncodedFrames
    beam: NDArray[np.float32]


@dataclass(frozen=True)
class ClipContent:
    """A clip, ready to be written.

    Attributes:
        ambisonics: float32 (4, samples), AmbiX W, Y, Z, X as recorded: not turned to any view.
        source: what picture and sound came from (codecs, projection and how it was decided).
    """

    window: ClipWindow
    fps: float
    sample_rate_hz: int
    ambisonics: NDArray[np.float32]
    views: tuple[ViewContent, ...]
    source: dict[str, Any]


def content_sha256(datasets: Mapping[str, NDArray[Any]]) -> str:
    """The checksum of a clip's datasets by path: each one's path, dtype, shape and bytes, sorted by path."""
    digest = hashlib.sha256()
    for path in sorted(datasets):
        values = np.ascontiguousarray(datasets[path])
        digest.update(f"{path}\0{values.dtype.str}\0{values.shape}\0".encode())
        digest.update(values.view(np.uint8).reshape(-1).data)
    return digest.hexdigest()


def record_sha256(content: str, attributes: Mapping[str, Mapping[str, Any]]) -> str:
    """The checksum of a clip's content checksum and of its attributes by group path."""
    return hashlib.sha256(f"{content}\0{_canonical_json(attributes)}".encode()).hexdigest()


def attributes_sha256(attributes: Mapping[str, Any]) -> str:
    """The checksum of a shard's own attributes."""
    return hashlib.sha256(_canonical_json(attributes).encode()).hexdigest()


def set_sha256(content_by_clip: Mapping[str, str]) -> str:
    """The content hash of a set of clips: over each clip's id and content checksum, sorted by id."""
    digest = hashlib.sha256()
    for clip_id in sorted(content_by_clip):
        digest.update(f"{clip_id}\0{content_by_clip[clip_id]}\n".encode())
    return digest.hexdigest()


def _canonical_json(values: Mapping[str, Any]) -> str:
    """The one JSON text that checksums of attributes run over: sorted, without spaces, in ASCII."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"))
