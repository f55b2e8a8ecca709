"""How the sphere lies in a file's frame: by the manifest, else its header, else the look of its frames."""

from pathlib import Path

from yt360_tools.errors import MediaError, UsageError
from yt360_tools.media.look import look_of, sample_frames
from yt360_tools.media.spherical import read_spherical
from yt360_tools.media.spherical_fields import Bounds, Pose, SphericalMetadata
from yt360_tools.projection import WRITTEN_FACES, check_er_shape, parse_faces
from yt360_tools.projection.er import UNCROPPED
from yt360_tools.records import PROJECTIONS, STEREO_LAYOUTS, SourceLayout, layout_hint

_FROM_METADATA = {"equirectangular": "er", "mesh": "eac", "cubemap": "cubemap"}
_CUBE_LAYOUTS = {0: "3x2:RLUDFB:002200"}
"""The faces of the v2 specification's layouts: the top of its up face is front, of its down face back."""

_UNSUPPORTED = "unsupported_projection"
_DECLARE = "If the header is wrong, the manifest can declare the projection (columns projection, stereo, faces)"


class LayoutError(MediaError):
    """How the sphere lies in a picture cannot be told, or is not supported.

    Attributes:
        finding: what was found, without what to do about it.
        advice: what to do about it with a manifest or the pipeline's options; empty where there is no more to say.
    """

    def __init__(self, reason: str, finding: str, advice: str = "") -> None:
        super().__init__(reason, f"{finding}. {advice}" if advice else finding)
        self.finding, self.advice = finding, advice

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:  # type: ignore[override]
        return (type(self), (self.reason, self.finding, self.advice))


def decide_layout(
    path: Path,
    *,
    declared: tuple[str | None, str | None] = (None, None),
    faces: str | None = None,
    pose: str = "metadata",
    pose_signs: str = "+++",
) -> SourceLayout:
    """The layout of a picture file; `declared` is the manifest's (projection, stereo), None where silent.

    `decided_by` tells where the projection came from. A file whose header gives a projection and no stereo
    mode is mono. Content decides only by clear margins; what is undecided is a mono ER picture by default, if it has
    the shape of one.

    Args:
        faces: of a cubemap, as the manifest declares them; None where silent.
        pose: ``metadata``, the header's pose turns the picture, or ``ignore``.
        pose_signs: see `turned_pose`.

    Raises:
        UsageError: what is declared is none of the known words.
        LayoutError: ``unsupported_projection``, ``unknown_faces`` or ``not_equirectangular``.
        MediaError: what opening and decoding the file raises.
    """
    projection, stereo = declared
    for what, word, known in (("projection", projection, PROJECTIONS), ("stereo", stereo, STEREO_LAYOUTS)):
        if word is not None and word not in known:
            raise UsageError(f"{what} {word!r} is unknown{layout_hint(word, known)}; allowed are {', '.join(known)}")
    if faces:
        parse_faces(faces)
    decided_by = "manifest" if projection else ""
    metadata = read_spherical(path) or SphericalMetadata(None, None, "")
    if metadata.projection and not projection:
        projection, decided_by = _supported(path, metadata), "metadata"
        stereo = stereo or _stereo(metadata, projection) or ("mono" if metadata.stereo is None else None)
    stereo = stereo or _stereo(metadata, projection)
    if not projection or not stereo:
        samples = sample_frames(path)
        guess = look_of(samples.frames)
        stereo = stereo or guess.stereo
        if not projection:
            projection, decided_by = guess.projection, guess.decided_by
            if (decided_by, stereo) == ("default", "mono"):
                _check_shape(path, samples.width, samples.height)
    if projection == "eac" and stereo in ("top-bottom", "bottom-top"):
        raise LayoutError(
            _UNSUPPORTED,
            f"{path.name}: its picture is EAC in stereo ({stereo}), decided by {decided_by}; supported are eyes side "
            "by side (left-right or right-left), each turned by a quarter",
        )
    return SourceLayout(
        projection,
        stereo,
        decided_by,
        _faces(path, faces, metadata) if projection == "cubemap" else "",
        _bounds(metadata, projection),
        turned_pose(metadata.pose_deg, pose, pose_signs),
    )


def turned_pose(pose_deg: Pose, pose: str = "metadata", signs: str = "+++") -> Pose:
    """A header's pose as a direction's yaw, pitch and roll in degrees.

    ``+++`` is the v2 specification's: yaw counter-clockwise (left), pitch up, roll clockwise. ffmpeg's documentation
    has a yaw to the right, which is ``-++``.
    """
    if pose == "ignore":
        return 0.0, 0.0, 0.0
    yaw, pitch, roll = (angle if sign == "+" else 0.0 - angle for angle, sign in zip(pose_deg, signs, strict=True))
    return yaw, pitch, roll


def _supported(path: Path, metadata: SphericalMetadata) -> str:
    if metadata.projection not in _FROM_METADATA:
        raise LayoutError(
            _UNSUPPORTED,
            f"{path.name}: its header says {metadata.projection}; equirectangular, cubemap and mesh "
            "(EAC) are supported",
            _DECLARE,
        )
    if metadata.projection == "cubemap" and metadata.cube_padding_px:
        raise LayoutError(
            _UNSUPPORTED,
            f"{path.name}: its header says a cubemap with {metadata.cube_padding_px} pixels of padding around each "
            "face; cubemaps without padding are supported",
            _DECLARE,
        )
    return _FROM_METADATA[metadata.projection]


def _stereo(metadata: SphericalMetadata, projection: str | None) -> str | None:
    """What the header says of the eyes; two in a mesh's own places lie side by side, as far as is known."""
    if metadata.stereo == "custom":
        return "left-right" if projection == "eac" else None
    return metadata.stereo


def _check_shape(path: Path, width: int, height: int) -> None:
    """Nobody says what the picture is: then it must at least have the shape of a whole ER one."""
    try:
        check_er_shape(width, height)
    except UsageError as error:
        raise LayoutError(
            "not_equirectangular",
            f"{path.name}: neither manifest nor header says how a sphere lies in its picture of {width} x {height}, "
            "and it does not look like one: an equirectangular picture is twice as wide as high, or at least its left "
            "and right edges meet",
            "If it is a sphere all the same, declare it: --projection er|eac|cubemap, or the manifest's column "
            "projection",
        ) from error


def _faces(path: Path, declared: str | None, metadata: SphericalMetadata) -> str:
    known = _CUBE_LAYOUTS.get(-1 if metadata.cube_layout is None else metadata.cube_layout)
    if not (declared or known):
        seen = "nothing" if metadata.cube_layout is None else f"layout {metadata.cube_layout}"
        raise LayoutError(
            "unknown_faces",
            f"{path.name}: its picture is a cubemap, and its header says {seen} of where the faces lie; layout 0 is "
            "known",
            f"Declare them: --faces, or the manifest's column faces, such as {WRITTEN_FACES}",
        )
    return declared or known or ""


def _bounds(metadata: SphericalMetadata, projection: str) -> Bounds:
    return metadata.bounds if projection == "er" and metadata.projection == "equirectangular" else UNCROPPED
