"""The frozen values that travel along the line, each with its units."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from yt360_tools.errors import UsageError, nearest
from yt360_tools.geometry import Direction

_SAFE_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")


def check_id(text: str, what: str = "id") -> str:
    """`text`, if it can name a file: letters, digits, ``_ - .``, no leading dot, at most 128 characters.

    A leading ``-`` is legal (94 ids of YT-360 have one); no id ever reaches a command line on its own.
    """
    if not _SAFE_ID.fullmatch(text):
        raise UsageError(
            f"{what} {text!r} cannot name a file: letters, digits, '_', '-' and '.' are allowed, "
            "at most 128 of them, and no '.' in front"
        )
    return text


def clip_id_for(video_id: str, start_s: float) -> str:
    """``<video_id>-<start>``, the start written without trailing zeros: ``abc-54``, ``abc-54.5``."""
    return f"{video_id}-{round(start_s, 6):.6f}".rstrip("0").rstrip(".")


@dataclass(frozen=True)
class ClipRow:
    """A row of a manifest: a clip with times, or a whole video without (to be segmented).

    Attributes:
        start_s: seconds on the source's clock, inclusive; None for a whole video.
        end_s: seconds on the source's clock, exclusive; None for a whole video.
        extra: the manifest's other columns, kept as they are.
        line: the row's line in its file, for messages; 0 when it comes from nowhere.
    """

    clip_id: str
    video_id: str
    start_s: float | None
    end_s: float | None
    split: str
    extra: dict[str, str] = field(default_factory=dict)
    line: int = 0

    @property
    def is_whole_video(self) -> bool:
        return self.start_s is None


@dataclass(frozen=True)
class ClipWindow:
    """A span of a video that becomes a clip: ``start_s`` inclusive, ``end_s`` exclusive, in seconds."""

    clip_id: str
    video_id: str
    start_s: float
    end_s: float
    split: str

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


PROJECTIONS = ("er", "eac", "cubemap")
"""What a source's picture may be: equirectangular, YouTube's equi-angular cubemap, or a cubemap of plain faces."""

STEREO_LAYOUTS = ("mono", "top-bottom", "left-right", "bottom-top", "right-left")
"""How two eyes may lie in a source's frame, the left eye's place named first."""

EYES = ("left", "right")

FRAME_CODECS = ("jpeg", "h264", "raw")
"""How a shard may store pictures."""

CHROMAS = ("420", "444")
"""How sharp JPEG pictures keep colours: at half the width and height, or whole."""

SOUND_CODECS = ("int16", "flac", "float32")
"""How a shard may store sound."""


def layout_hint(word: str, known: Iterable[str]) -> str:
    """What to say behind a word that names none of the `known` layouts: the nearest, or why there is none."""
    if "fisheye" in word.lower():
        return (
            "; fisheye pictures are out of scope (they need their lenses' calibration): stitch them to "
            "equirectangular first"
        )
    return nearest(word, known)


@dataclass(frozen=True)
class SourceLayout:
    """How the sphere lies in a source's frame, and how that was decided.

    Attributes:
        projection: one of `PROJECTIONS`.
        stereo: one of `STEREO_LAYOUTS`.
        decided_by: ``manifest``, ``metadata``, ``content`` or ``default``.
        faces: of a cubemap, ``ARRANGEMENT:ORDER[:TURNS]`` such as ``3x2:RLUDFB:000000``: columns x rows, the faces
            row by row, and each one's quarter turns clockwise; empty otherwise.
        bounds: of a cropped equirectangular picture, the shares of the whole one's height and width that are missing
            at its top, bottom, left and right.
        pose_deg: yaw, pitch and roll in the world of the picture's middle, as a view's direction.
    """

    projection: str
    stereo: str = "mono"
    decided_by: str = "default"
    faces: str = ""
    bounds: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    pose_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class VideoRecord:
    """What a probe and the checks found out about a video's picture and sound.

    Attributes:
        video_path: the file that carries the picture, relative to the workspace.
        audio_path: the file that carries the sound (the same one when muxed), relative to the workspace.
        fps: the picture's mean frame rate, in Hz.
        start_s: where both tracks have begun, in seconds on the source's clock.
        end_s: where the first of the tracks ends, in seconds on the source's clock.
        channels: the channels of the sound track as decoded.
        channel_map: which decoded channels are W, Y, Z, X.
        channel_gains: what these are multiplied by to be SN3D; all 1 for AmbiX.
    """

    video_id: str
    video_path: str
    audio_path: str
    width: int
    height: int
    fps: float
    start_s: float
    end_s: float
    sample_rate_hz: int
    channels: int
    channel_map: tuple[int, ...]
    layout: SourceLayout
    video_codec: str
    audio_codec: str
    channel_gains: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)


@dataclass(frozen=True)
class View:
    """A picture of the sphere: which projection, where it looks (degrees), how large it is (pixels).

    Attributes:
        projection: ``viewport`` (pinhole), or a whole sphere: ``er``, ``eac`` or ``cubemap``.
        direction: where the picture's middle looks; of whole spheres, where their front lies.
        hfov_deg: true horizontal opening angle; 360 for whole spheres.
        vfov_deg: true vertical opening angle; 180 for whole spheres.
        faces: of a cubemap, how its faces lie, as in `SourceLayout`; empty otherwise.
    """

    projection: str
    direction: Direction
    hfov_deg: float
    vfov_deg: float
    width: int
    height: int
    faces: str = ""


@dataclass(frozen=True)
class Outcome:
    """How an item fared in a stage.

    Attributes:
        item: a video id, or a clip id.
        state: ``done``, ``rejected`` (the data's fault, final) or ``failed`` (may heal, tried again).
        reason: one word that can be counted, empty when done.
        detail: the message for a person.
        data: plain values that the next stages need.
    """

    item: str
    stage: str
    state: str
    reason: str = ""
    detail: str = ""
    data: dict[str, Any] = field(default_factory=dict)
