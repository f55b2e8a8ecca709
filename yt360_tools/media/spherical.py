"""What a file's header says about its sphere: Google's spherical metadata (v1, v2) and Matroska's.

https://github.com/google/spatial-media/tree/master/docs and https://www.rfc-editor.org/rfc/rfc9559. The readers walk
fixed paths to a fixed depth: a hostile file costs little and raises nothing.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from yt360_tools.media.spherical_fields import (
    SphericalMetadata,
    read_float,
    read_pose,
    read_projection_data,
    read_v1_xml,
    with_pose,
)
from yt360_tools.media.walker import Box, Walker, open_walker

_V1_UUID = bytes.fromhex("ffcc8263f8554a938814587a02521fdd")
_VISUAL_ENTRY = 78  # bytes of a VisualSampleEntry before its own boxes
_MOST_OF_A_POSE, _MOST_OF_AN_XML, _MOST_OF_A_MESH = 20, 256 * 1024, 2 * 1024 * 1024
_MP4_PROJECTIONS = {b"equi": "equirectangular", b"cbmp": "cubemap", b"mshp": "mesh"}
_ST3D = {0: "mono", 1: "top-bottom", 2: "left-right", 3: "custom", 4: "right-left"}
_MATROSKA_STEREO = {0: "mono", 1: "left-right", 2: "bottom-top", 3: "top-bottom", 11: "right-left", 15: "custom"}
_MATROSKA_PROJECTIONS = {1: "equirectangular", 2: "cubemap", 3: "mesh"}
_SEGMENT, _TRACKS, _TRACK, _VIDEO = 0x18538067, 0x1654AE6B, 0xAE, 0xE0
_STEREO_MODE, _PROJECTION, _PROJECTION_TYPE, _PROJECTION_PRIVATE = 0x53B8, 0x7670, 0x7671, 0x7672
_POSE = (0x7673, 0x7674, 0x7675)  # yaw, pitch, roll


def read_spherical(path: Path) -> SphericalMetadata | None:
    """The spherical metadata of the first picture track that has some; None when there is none.

    Damage is not an error here: what cannot be understood counts as absent.
    """
    try:
        with open_walker(path) as walker:
            return _read_matroska(walker) if walker.is_matroska() else _read_mp4(walker)
    except OSError:
        return None


def _read_mp4(walker: Walker) -> SphericalMetadata | None:
    """What its tracks say, else a v1 box that somebody laid beside them."""
    moov = next(walker.boxes_in(walker.file, b"moov"), None)
    if moov is None:
        return None
    for trak in walker.boxes_in(moov, b"trak"):
        found = _read_trak(walker, trak)
        if found:
            return found
    return _read_version_1(walker, moov)


def _read_trak(walker: Walker, trak: Box) -> SphericalMetadata | None:
    """v2 boxes win over v1: a file that carries both was labelled anew."""
    version_2, has_sphere = SphericalMetadata(None, None, "sv3d"), False
    for mdia in walker.boxes_in(trak, b"mdia"):
        if not any(walker.payload(hdlr, 4, skip=8) == b"vide" for hdlr in walker.boxes_in(mdia, b"hdlr")):
            return None
        for entry_child in _sample_entry_boxes(walker, mdia):
            if entry_child.kind == b"st3d":
                mode = walker.payload(entry_child, 1, skip=4)
                version_2 = replace(version_2, stereo=_ST3D.get(mode[0]) if mode else None)
            elif not has_sphere:
                has_sphere = True
                for proj in islice(walker.boxes_in(entry_child, b"proj"), 1):
                    version_2 = _read_proj(walker, proj, version_2)
    return version_2 if version_2.projection or version_2.stereo else _read_version_1(walker, trak)


def _sample_entry_boxes(walker: Walker, mdia: Box) -> Iterator[Box]:
    for stsd in walker.boxes_at(mdia, b"minf", b"stbl", b"stsd"):
        for entry in walker.boxes(stsd.start + 8, stsd.end):
            yield from walker.boxes_in(entry, b"st3d", b"sv3d", skip=_VISUAL_ENTRY)


def _read_proj(walker: Walker, proj: Box, found: SphericalMetadata) -> SphericalMetadata:
    """The first pose and the first projection; there should be one of each, and thousands cost time."""
    has_pose = False
    for box in walker.boxes_in(proj, b"prhd", *_MP4_PROJECTIONS):
        if box.kind == b"prhd":
            found = found if has_pose else read_pose(found, walker.payload(box, _MOST_OF_A_POSE))
            has_pose = True
        elif found.projection is None:
            found = _with_projection(walker, box, replace(found, projection=_MP4_PROJECTIONS[bytes(box.kind)]))
    return found


def _with_projection(walker: Walker, box: Box, found: SphericalMetadata) -> SphericalMetadata:
    """`found` with what a projection's box has in it: of a mesh all is looked at, if it is no giant."""
    if found.projection != "mesh":
        return read_projection_data(found, walker.payload(box, _MOST_OF_A_POSE))
    if box.end - box.start > _MOST_OF_A_MESH:
        return replace(found, doubts=(*found.doubts, f"a mesh of {box.end - box.start} bytes"))
    return read_projection_data(found, walker.payload(box))


def _read_version_1(walker: Walker, parent: Box) -> SphericalMetadata | None:
    """The first v1 XML right inside a box, or in user data there."""
    for box in walker.boxes_in(parent, b"uuid", b"udta"):
        for uuid in (box,) if box.kind == b"uuid" else walker.boxes_in(box, b"uuid"):
            if walker.payload(uuid, 16) == _V1_UUID:
                return read_v1_xml(walker.payload(uuid, _MOST_OF_AN_XML, skip=16).decode("utf-8", "replace"))
    return None


def _read_matroska(walker: Walker) -> SphericalMetadata | None:
    for segment in walker.elements_in(walker.file, _SEGMENT):
        for tracks in walker.elements_in(segment, _TRACKS):
            for track in walker.elements_in(tracks, _TRACK):
                for video in walker.elements_in(track, _VIDEO):
                    found = _read_video(walker, video)
                    if found:
                        return found
    return None


def _read_video(walker: Walker, video: Box) -> SphericalMetadata | None:
    found, has_sphere = SphericalMetadata(None, None, "matroska"), False
    for box in walker.elements_in(video, _STEREO_MODE, _PROJECTION):
        if box.kind == _STEREO_MODE:
            found = replace(found, stereo=_MATROSKA_STEREO.get(_number(walker, box)))
        elif not has_sphere:
            has_sphere = True
            found = _read_projection(walker, box, found)
    return found if found.projection or found.stereo else None


def _read_projection(walker: Walker, projection: Box, found: SphericalMetadata) -> SphericalMetadata:
    """The type stands before or behind what belongs to it, so its data are understood at the end.

    The pose counts as in MP4: that is what a remux writes here, although Matroska's own text has yaw and roll the other
    way round.
    """
    pose_deg, private = [0.0, 0.0, 0.0], None
    for box in walker.elements_in(projection, _PROJECTION_TYPE, _PROJECTION_PRIVATE, *_POSE):
        if box.kind == _PROJECTION_TYPE:
            found = replace(found, projection=_MATROSKA_PROJECTIONS.get(_number(walker, box)))
        elif box.kind == _PROJECTION_PRIVATE:
            private = box
        else:
            pose_deg[_POSE.index(int(box.kind))] = read_float(walker.payload(box, 8))
    if private is not None and private.end > private.start:
        found = _with_projection(walker, private, found)
    return with_pose(found, pose_deg)


def _number(walker: Walker, box: Box) -> int:
    return int.from_bytes(walker.payload(box, 8), "big")
