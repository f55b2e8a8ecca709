"""What a file's header says about its sphere: Google's spherical metadata (v1, v2) and Matroska's.

https://github.com/google/spatial-media/tree/master/docs and https://www.rfc-editor.org/rfc/rfc9559. The readers walk
fixed paths to a fixed depth: a hostile file costs little and raises nothing.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from yt360_tools.media.spherical_fields import (
    SphericalMetadata,
    read_float,
    read_pose,
    read_projection_data,
    read_v1_xml,
    with_pose,
)
from yt360_tools.media.walker import Box, Walker

_V1_UUID = bytes.fromhex("ffcc8263f8554a938814587a02521fdd")
_VISUAL_ENTRY = 78  # bytes of a VisualSampleEntry before its own boxes
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
        with path.open("rb") as file:
            walker = Walker(file, path.stat().st_size)
            if file.read(4) == b"\x1aE\xdf\xa3":
                return _read_matroska(walker)
            return _read_mp4(walker)
    except OSError:
        return None


def _read_mp4(walker: Walker) -> SphericalMetadata | None:
    for moov in walker.boxes_in(Box(b"", 0, walker.size), b"moov"):
        for trak in walker.boxes_in(moov, b"trak"):
            found = _read_trak(walker, trak)
            if found:
                return found
    return None


def _read_trak(walker: Walker, trak: Box) -> SphericalMetadata | None:
    """v2 boxes win over v1: a file that carries both was labelled anew."""
    version_1 = None
    version_2 = SphericalMetadata(None, None, "sv3d")
    for box in walker.boxes_in(trak, b"mdia", b"uuid"):
        if box.kind == b"uuid":
            version_1 = version_1 or _read_uuid(walker.payload(box))
            continue
        if not any(walker.read(h.start + 8, 4) == b"vide" for h in walker.boxes_in(box, b"hdlr")):
            return None
        for entry_child in _sample_entry_boxes(walker, box):
            if entry_child.kind == b"st3d":
                mode = walker.read(entry_child.start + 4, 1)
                version_2 = replace(version_2, stereo=_ST3D.get(mode[0]) if mode else None)
            else:
                for proj in walker.boxes_in(entry_child, b"proj"):
                    version_2 = _read_proj(walker, proj, version_2)
    return version_2 if version_2.projection or version_2.stereo else version_1


def _sample_entry_boxes(walker: Walker, mdia: Box) -> Iterator[Box]:
    for minf in walker.boxes_in(mdia, b"minf"):
        for stbl in walker.boxes_in(minf, b"stbl"):
            for stsd in walker.boxes_in(stbl, b"stsd"):
                for entry in walker.boxes(stsd.start + 8, stsd.end):
                    inside = Box(entry.kind, entry.start + _VISUAL_ENTRY, entry.end)
                    yield from walker.boxes_in(inside, b"st3d", b"sv3d")


def _read_proj(walker: Walker, proj: Box, found: SphericalMetadata) -> SphericalMetadata:
    for box in walker.boxes_in(proj, b"prhd", *_MP4_PROJECTIONS):
        data = walker.read(box.start, min(20, box.end - box.start))
        if box.kind == b"prhd":
            found = read_pose(found, data)
        else:
            found = read_projection_data(replace(found, projection=_MP4_PROJECTIONS[bytes(box.kind)]), data)
    return found


def _read_uuid(payload: bytes) -> SphericalMetadata | None:
    if payload[:16] != _V1_UUID:
        return None
    return read_v1_xml(payload[16:].decode("utf-8", "replace"))


def _read_matroska(walker: Walker) -> SphericalMetadata | None:
    for segment in walker.elements_in(Box(0, 0, walker.size), _SEGMENT):
        for tracks in walker.elements_in(segment, _TRACKS):
            for track in walker.elements_in(tracks, _TRACK):
                for video in walker.elements_in(track, _VIDEO):
                    found = _read_video(walker, video)
                    if found:
                        return found
    return None


def _read_video(walker: Walker, video: Box) -> SphericalMetadata | None:
    found = SphericalMetadata(None, None, "matroska")
    for box in walker.elements_in(video, _STEREO_MODE, _PROJECTION):
        if box.kind == _STEREO_MODE:
            found = replace(found, stereo=_MATROSKA_STEREO.get(_number(walker, box)))
        else:
            found = _read_projection(walker, box, found)
    return found if found.projection or found.stereo else None


def _read_projection(walker: Walker, projection: Box, found: SphericalMetadata) -> SphericalMetadata:
    """The type stands before or behind what belongs to it, so its data are understood at the end.

    The pose counts as in MP4: that is what a remux writes here, although Matroska's own text has yaw and roll the other
    way round.
    """
    pose_deg, data = [0.0, 0.0, 0.0], b""
    for box in walker.elements_in(projection, _PROJECTION_TYPE, _PROJECTION_PRIVATE, *_POSE):
        if box.kind == _PROJECTION_TYPE:
            found = replace(found, projection=_MATROSKA_PROJECTIONS.get(_number(walker, box)))
        elif box.kind == _PROJECTION_PRIVATE:
            data = walker.read(box.start, min(20, box.end - box.start))
        else:
            pose_deg[_POSE.index(int(box.kind))] = read_float(walker.read(box.start, min(8, box.end - box.start)))
    return with_pose(read_projection_data(found, data) if data else found, pose_deg)


def _number(walker: Walker, box: Box) -> int:
    return int.from_bytes(walker.read(box.start, min(8, box.end - box.start)), "big")
