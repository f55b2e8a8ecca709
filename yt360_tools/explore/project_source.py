"""How the sphere lies in the input: as the pipeline decides it, unless somebody says."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yt360_tools.config import POSE_SIGNS
from yt360_tools.errors import MediaError, UsageError, nearest
from yt360_tools.media.layout import LayoutError, decide_layout
from yt360_tools.media.look import look_of
from yt360_tools.projection import EAC_BORDER_PX, Source, check_er_shape, parse_faces
from yt360_tools.records import EYES, PROJECTIONS, STEREO_LAYOUTS, SourceLayout, layout_hint

_NAMES = {"er": "er", "eac": "eac", "cube": "cubemap", "cubemap": "cubemap"}
_SAMPLE_WIDTH = 512
_ON_PURPOSE = "--from er"


@dataclass(frozen=True)
class InputHints:
    """What the user says of the input's picture; empty where the file is to be asked.

    Attributes:
        projection: ``er``, ``eac`` or ``cubemap``.
        stereo: one of `STEREO_LAYOUTS`.
        faces: of a cubemap, ``ARRANGEMENT:ORDER[:TURNS]``.
        bounds: of a cropped equirectangular picture, ``TOP,BOTTOM,LEFT,RIGHT``: the missing shares.
        pose: ``metadata``, ``ignore``, or ``YAW,PITCH,ROLL`` in degrees.
        pose_signs: how a header's pose counts, see `turned_pose`.
        eye: one of `EYES`.
        eac_border_px: of an EAC frame; None for YouTube's.
    """

    projection: str = ""
    stereo: str = ""
    faces: str = ""
    bounds: str = ""
    pose: str = "metadata"
    pose_signs: str = "+++"
    eye: str = "left"
    eac_border_px: float | None = None


def check_hints(hints: InputHints) -> InputHints:
    """The hints, the projection under the project's name; faces imply a cubemap, bounds an equirectangular picture.

    Raises:
        UsageError: a word that is unknown.
    """
    projection = hints.projection.lower()
    if projection and projection not in _NAMES:
        known = ", ".join(PROJECTIONS)
        raise UsageError(f"unknown projection {projection!r}{layout_hint(projection, PROJECTIONS)}; known: {known}")
    for option, word, known_words in (("--stereo", hints.stereo, STEREO_LAYOUTS), ("--eye", hints.eye, EYES)):
        if word and word not in known_words:
            raise UsageError(f"{option} {word!r}{nearest(word, known_words)}; allowed are {', '.join(known_words)}")
    if hints.faces:
        parse_faces(hints.faces)
    if hints.bounds:
        _numbers("--bounds", hints.bounds, 4, "the shares missing at top, bottom, left and right, such as 0.1,0.1,0,0")
    if hints.pose not in ("metadata", "ignore"):
        _pose(hints.pose)
    if hints.pose_signs not in POSE_SIGNS:
        raise UsageError(f"--pose-signs is one of {', '.join(POSE_SIGNS)}; got {hints.pose_signs!r}")
    if hints.eac_border_px is not None and not (np.isfinite(hints.eac_border_px) and hints.eac_border_px >= 0):
        raise UsageError(f"--eac-border is 0 pixels or more; got {hints.eac_border_px}")
    implied = "cubemap" if hints.faces else "er" if hints.bounds else ""
    return replace(hints, projection=_NAMES.get(projection, implied))


def source_of_video(path: Path, hints: InputHints, width: int, height: int) -> Source:
    """The frame of a video file of `width` x `height` pixels.

    Raises:
        UsageError: hints that do not fit each other or the picture.
        MediaError: as `decide_layout`.
    """
    faces = hints.faces if hints.projection in ("", "cubemap") else None
    try:
        decided = decide_layout(
            path,
            declared=(hints.projection or None, hints.stereo or None),
            faces=faces or None,
            pose="ignore" if hints.pose != "metadata" else "metadata",
            pose_signs=hints.pose_signs,
        )
    except LayoutError as error:
        raise MediaError(error.reason, _in_own_words(error, path, width, height)) from error
    _check_guess(decided, hints, width, height)
    return _source(decided, hints, width, height)


def _in_own_words(error: LayoutError, path: Path, width: int, height: int) -> str:
    """What `decide_layout` found, with this command's options instead of the pipeline's and its manifest."""
    found = error.finding
    if error.reason == "not_equirectangular":
        found = (
            f"{path.name}: its header does not say how a sphere lies in its picture of {width} x {height}, and it does "
            "not look like one: an equirectangular picture is twice as wide as high, or its left and right edges meet"
        )
    return f"{found}. --from er|eac|cubemap, --stereo and --faces say how it lies"


def _check_guess(layout: SourceLayout, hints: InputHints, width: int, height: int) -> None:
    """A picture that nobody calls equirectangular must at least have the shape: any smooth picture looks like one."""
    is_guess = layout.decided_by in ("content", "default") and (layout.projection, layout.stereo) == ("er", "mono")
    if is_guess and not hints.bounds:
        check_er_shape(width, height, on_purpose=_ON_PURPOSE)


def source_of_picture(picture: NDArray[np.generic], hints: InputHints) -> Source:
    """The frame of a still picture (height, width[, channels]); by its look, where nobody says.

    Raises:
        UsageError: hints that do not fit each other or the picture, or it cannot be equirectangular.
    """
    height, width = picture.shape[:2]
    projection, stereo, decided_by = hints.projection, hints.stereo, "manifest"
    if not projection or not stereo:
        guess = look_of([_small_gray(picture)])
        stereo = stereo or guess.stereo
        if not projection:
            projection, decided_by = guess.projection, guess.decided_by
            _check_guess(SourceLayout(projection, stereo, decided_by), hints, width, height)
    if projection == "cubemap" and not hints.faces:
        raise UsageError("how do the faces of the cubemap lie? --faces says it, such as 3x2:FRBLUD")
    faces = hints.faces if projection == "cubemap" else ""
    return _source(SourceLayout(projection, stereo, decided_by, faces), hints, width, height)


def described(source: Source) -> str:
    """One line on how the input lies and who decided it."""
    layout = source.layout
    by = {"manifest": "as said", "metadata": "by its header", "content": "by its look"}.get(
        layout.decided_by, "by default, for nothing tells (--from, --stereo)"
    )
    parts = [f"{source.width}x{source.height} {layout.projection} {layout.stereo}, {by}"]
    if layout.stereo != "mono":
        parts.append(f"the {source.eye} eye")
    if layout.faces:
        parts.append(f"faces {layout.faces}")
    if any(layout.bounds):
        parts.append("missing shares " + ",".join(f"{share:g}" for share in layout.bounds))
    if any(layout.pose_deg):
        parts.append("pose " + ",".join(f"{angle:g}" for angle in layout.pose_deg))
    return "; ".join(parts)


def _source(decided: SourceLayout, hints: InputHints, width: int, height: int) -> Source:
    layout = decided
    if hints.faces and layout.projection != "cubemap":
        raise UsageError(f"--faces belong to a cubemap, and the input is {layout.projection}; add --from cubemap")
    if hints.bounds:
        bounds = _numbers("--bounds", hints.bounds, 4, "the shares missing at top, bottom, left and right")
        layout = replace(layout, bounds=(bounds[0], bounds[1], bounds[2], bounds[3]))
    if hints.pose not in ("metadata", "ignore"):
        layout = replace(layout, pose_deg=_pose(hints.pose))
    elif hints.pose == "ignore":
        layout = replace(layout, pose_deg=(0.0, 0.0, 0.0))
    if hints.eac_border_px is not None and layout.projection != "eac":
        raise UsageError(f"--eac-border belongs to an EAC picture, and the input is {layout.projection}; leave it out")
    if hints.eye != "left" and layout.stereo == "mono":
        raise UsageError(f"the input is mono: there is no {hints.eye} eye; --stereo says how two lie in it, if they do")
    border_px = EAC_BORDER_PX if hints.eac_border_px is None else hints.eac_border_px
    return Source(layout, width, height, (border_px, border_px), hints.eye)


def _pose(text: str) -> tuple[float, float, float]:
    what = "metadata, ignore, or yaw, pitch and roll in degrees, such as 90,0,0"
    yaw, pitch, roll = _numbers("--pose", text, 3, what)
    return yaw, pitch, roll


def _numbers(option: str, text: str, count: int, what: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count or not np.isfinite(numbers).all():
        raise UsageError(f"{option} is {what}; got {text!r}")
    return numbers


def _small_gray(picture: NDArray[np.generic]) -> NDArray[np.float32]:
    """A still picture as `look_of` takes frames: small, in gray levels from 0 to 255."""
    import cv2

    height, width = picture.shape[:2]
    to_width = min(_SAMPLE_WIDTH, width) // 16 * 16 or width
    to_height = max(16, round(to_width * height / width / 16) * 16)
    levels = np.asarray(picture, np.float32)
    gray = levels if levels.ndim == 2 else levels[..., :3].mean(axis=-1)
    is_whole = picture.dtype.kind in "ui"
    full = 256.0**picture.dtype.itemsize - 1 if is_whole else max(float(np.nanmax(gray, initial=0)), 1e-9)
    small = cv2.resize(gray, (to_width, to_height), interpolation=cv2.INTER_AREA)
    return np.asarray(np.nan_to_num(small) * (255 / full), np.float32)
