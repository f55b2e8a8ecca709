"""What stands in a shard, and its checksums. docs/shard-format.md says the same for other languages.

/                                     attributes: format, version, split, config, tools, conventions, history,
                                                  catalogue_sha256, header_sha256
/header                               uint8 (n,)       the attributes again, as a capsule (see `capsules`)
/seal                                 uint8 (32,)      SHA-256 of the file in which these 32 bytes are zero
/catalogue/clip_id, video_id          bytes (clips,)   in the shard's order
/catalogue/window                     float64 (clips, 2)
/catalogue/record                     int64 (clips, 2) where each clip's record lies in the file, and its bytes
/clips/<clip_id>                      attributes: clip_id, video_id, split, source, findings, content_sha256
/clips/<clip_id>/window               float64 (2,)     start_s, end_s on the source's clock
/clips/<clip_id>/rates                float64 (2,)     fps, sample_rate_hz
/clips/<clip_id>/ambisonics           a track: AmbiX W, Y, Z, X, unrotated
/clips/<clip_id>/measured/level_dbfs  float32 (steps,)   of W
/clips/<clip_id>/measured/arrival     float32 (steps, 3) azimuth and elevation in degrees, diffuseness
/clips/<clip_id>/record               uint8 (n,)       where everything of the clip lies, as a capsule (see `record`)
/clips/<clip_id>/views/<k>            attributes: projection, width, height
/clips/<clip_id>/views/<k>/direction  float64 (5,)     yaw, pitch, roll, hfov, vfov in degrees
/clips/<clip_id>/views/<k>/frames     a track of pictures
/clips/<clip_id>/views/<k>/beam       a track of sound
/clips/<clip_id>/views/<k>/labels     a track of label maps, where there are any

A track is a dataset with the attributes codec, count and block, and beside it <name>_crc32 and, where its blocks differ
in size, <name>_offsets (see `tracks`).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.records import ClipWindow, View
from yt360_tools.shards.tracks import Track

FORMAT = "yt360-shard"
VERSION = 2

CONVENTIONS = (
    "Right-handed frame: +x front, +y left, +z up. yaw = azimuth, left positive; pitch = elevation, up positive; "
    "roll positive turns the camera clockwise as its owner sees it. Pixel centres carry the samples. "
    "Sound: AmbiX, ACN order W Y Z X, SN3D. Frame i is the last source frame not after start_s + i / fps; "
    "sound sample n is at start_s + n / sample_rate_hz."
)

MEASURED_HOP_S = 0.1
"""Between one measurement of a clip's sound and the next; the first begins with the clip."""


@dataclass(frozen=True)
class ShardHeader:
    """What all clips of a shard share.

    Attributes:
        config: of the build.
        tools: versions by name, the project's revision among them.
        history: what has happened to the shard since its clips were built, the oldest first.
    """

    split: str
    config: dict[str, Any]
    tools: dict[str, str] = field(default_factory=dict)
    history: tuple[dict[str, Any], ...] = ()

    def attributes(self) -> dict[str, str | int]:
        """As they stand in a shard, without checksums."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "split": self.split,
            "config": json.dumps(self.config, sort_keys=True),
            "tools": json.dumps(self.tools, sort_keys=True),
            "conventions": CONVENTIONS,
            "history": json.dumps(self.history),
        }

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> "ShardHeader":
        """The header that `attributes` gave."""
        return cls(
            str(attributes["split"]),
            json.loads(str(attributes["config"])),
            json.loads(str(attributes["tools"])),
            tuple(json.loads(str(attributes["history"]))),
        )


@dataclass(frozen=True)
class Measured:
    """What a clip's sound is like, every `MEASURED_HOP_S`.

    Attributes:
        level_dbfs: float32 (steps,), the RMS of W; a full-scale sine has -3.
        arrival: float32 (steps, 3), azimuth and elevation in degrees, and how diffuse it is, 0 to 1.
    """

    level_dbfs: NDArray[np.float32]
    arrival: NDArray[np.float32]


@dataclass(frozen=True)
class ViewContent:
    """A view, ready to be written: its pictures, its beam, and label maps where it has any."""

    view: View
    frames: Track
    beam: Track
    labels: Track | None = None


@dataclass(frozen=True)
class ClipContent:
    """A clip, ready to be written.

    Attributes:
        ambisonics: of four channels, AmbiX W, Y, Z, X as recorded: not turned to any view.
        source: what picture and sound came from (codecs, projection and how it was decided, checksums).
        findings: what the examination of its video found that did not reject it.
    """

    window: ClipWindow
    fps: float
    sample_rate_hz: int
    ambisonics: Track
    views: tuple[ViewContent, ...]
    source: dict[str, Any]
    measured: Measured | None = None
    findings: tuple[dict[str, Any], ...] = ()


def array_sha256(values: NDArray[Any]) -> str:
    """The checksum of a dataset's bytes in C order."""
    return hashlib.sha256(np.ascontiguousarray(values).reshape(-1).view(np.uint8).data).hexdigest()


def content_sha256(datasets: Mapping[str, tuple[str, tuple[int, ...], str]]) -> str:
    """The checksum of a clip's content: over each dataset's path, dtype, shape and `array_sha256`, sorted by path."""
    digest = hashlib.sha256()
    for path in sorted(datasets):
        dtype, shape, checksum = datasets[path]
        digest.update(f"{path}\0{dtype}\0{shape}\0{checksum}\n".encode())
    return digest.hexdigest()


def attributes_sha256(attributes: Mapping[str, Any]) -> str:
    """The checksum of a shard's own attributes."""
    text = json.dumps(attributes, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def set_sha256(content_by_clip: Mapping[str, str]) -> str:
    """The content hash of a set of clips: over each clip's id and content checksum, sorted by id."""
    digest = hashlib.sha256()
    for clip_id in sorted(content_by_clip):
        digest.update(f"{clip_id}\0{content_by_clip[clip_id]}\n".encode())
    return digest.hexdigest()
