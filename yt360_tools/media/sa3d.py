"""What an MP4's header says of ambisonic sound: the SA3D box of Google's spatial audio.

https://github.com/google/spatial-media/blob/master/docs/spatial-audio-rfc.md. Its text has the map say which component
each channel of the track is, its example which channel each component is. The example is followed:
``foa[n] = track[map[n]]``. Most maps mean the same both ways; `Sa3d.channel_map_by_text` tells.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from yt360_tools.media.walker import Box, Walker, open_walker

Places = tuple[int, int, int, int]

_SOUND_ENTRY = 28  # bytes of an AudioSampleEntry before its own boxes
_QUICKTIME_EXTRA = {0: (0,), 1: (16, 0), 2: (36,)}
"""Bytes that QuickTime's versions add; ISO's own version 1 adds none."""
_HEAD = struct.Struct(">BBIBBI")
_HEAD_LOCKED = 0x80
_MOST_CHANNELS = 1024
_PERIPHONIC, _ACN, _SN3D = 0, 0, 0


@dataclass(frozen=True)
class Sa3d:
    """What a sound track's header says.

    Attributes:
        sound_track: which one of the file's sound tracks, counted from 0.
        ambisonic_type: ``periphonic``, or None for a number that is not known.
        order: of the ambisonics.
        ordering: ``acn``, or None for a number that is not known.
        normalization: ``sn3d``, or None for a number that is not known.
        channels: how many the track has, by this box.
        map: a channel for each ambisonic component, head-locked ones behind them.
        head_locked: whether a head-locked pair belongs to the track.
        channel_map: which decoded channels are W, Y, Z, X; None where the box does not tell in a way that makes sense.
        doubts: what stood there and made no sense, in words.
    """

    sound_track: int
    ambisonic_type: str | None
    order: int
    ordering: str | None
    normalization: str | None
    channels: int
    map: tuple[int, ...]
    head_locked: bool
    channel_map: Places | None = None
    doubts: tuple[str, ...] = ()

    @property
    def channel_map_by_text(self) -> Places | None:
        """`channel_map` as it is by the specification's text; another one only for a map that is not its own inverse.

        ffmpeg writes and reads maps this way.
        """
        if self.channel_map is None:
            return None
        w, y, z, x = (self.map.index(component) for component in range(4))
        return w, y, z, x


def header_channel_map(path: Path, sound_track: int, channels: int) -> Places | None:
    """Which of a sound track's decoded channels are W, Y, Z, X by its own header; None where that does not tell.

    Args:
        sound_track: which one of the file's, counted from 0.
        channels: how many it really has: a header that counts otherwise is not believed.
    """
    header = read_sa3d(path, sound_track)
    return header.channel_map if header is not None and header.channels == channels else None


def read_sa3d(path: Path, sound_track: int | None = None) -> Sa3d | None:
    """What a sound track's header says, or the first one's that says anything; None when there is none.

    Damage is not an error here: what cannot be understood counts as absent.
    """
    try:
        with open_walker(path) as walker:
            return None if walker.is_matroska() else _read_mp4(walker, sound_track)
    except OSError:
        return None


def _read_mp4(walker: Walker, wanted: int | None) -> Sa3d | None:
    moov = next(walker.boxes_in(walker.file, b"moov"), None)
    sound_tracks = -1
    for mdia in walker.boxes_at(moov, b"trak", b"mdia") if moov else ():
        if not any(walker.payload(hdlr, 4, skip=8) == b"soun" for hdlr in walker.boxes_in(mdia, b"hdlr")):
            continue
        sound_tracks += 1
        if wanted not in (None, sound_tracks):
            continue
        for box in _sa3d_boxes(walker, mdia):
            found = _read_contents(sound_tracks, walker.payload(box, _HEAD.size + 4 * _MOST_CHANNELS))
            if found:
                return found
    return None


def _sa3d_boxes(walker: Walker, mdia: Box) -> Iterator[Box]:
    """In the sample entries, and in the ``wave`` boxes there, where QuickTime has what describes a decoder."""
    for stsd in walker.boxes_at(mdia, b"minf", b"stbl", b"stsd"):
        for entry in walker.boxes(stsd.start + 8, stsd.end):
            version = int.from_bytes(walker.payload(entry, 2, skip=8), "big")
            for extra in _QUICKTIME_EXTRA.get(version, ()):
                for box in walker.boxes_in(entry, b"SA3D", b"wave", skip=_SOUND_ENTRY + extra):
                    yield from (box,) if box.kind == b"SA3D" else walker.boxes_in(box, b"SA3D")


def _read_contents(sound_track: int, data: bytes) -> Sa3d | None:
    if len(data) < _HEAD.size:
        return None
    version, kind, order, ordering, normalization, channels = _HEAD.unpack_from(data)
    room = (len(data) - _HEAD.size) // 4
    places = struct.unpack_from(f">{min(channels, room)}I", data, _HEAD.size)
    head_locked = bool(kind & _HEAD_LOCKED)
    doubts = (
        *_doubts_of_numbers(version, kind & ~_HEAD_LOCKED, ordering, normalization),
        *_doubts_of_map(order, channels, places, 2 if head_locked else 0),
    )
    return Sa3d(
        sound_track=sound_track,
        ambisonic_type="periphonic" if kind & ~_HEAD_LOCKED == _PERIPHONIC else None,
        order=order,
        ordering="acn" if ordering == _ACN else None,
        normalization="sn3d" if normalization == _SN3D else None,
        channels=channels,
        map=places,
        head_locked=head_locked,
        channel_map=None if doubts else (places[0], places[1], places[2], places[3]),
        doubts=doubts,
    )


def _doubts_of_numbers(version: int, kind: int, ordering: int, normalization: int) -> Iterator[str]:
    named = {
        "version": version,
        "ambisonic type": kind - _PERIPHONIC,
        "channel ordering": ordering - _ACN,
        "normalization": normalization - _SN3D,
    }
    return (f"ambisonics of {what} {number}, where only 0 is known" for what, number in named.items() if number)


def _doubts_of_map(order: int, channels: int, places: tuple[int, ...], pair: int) -> Iterator[str]:
    behind = f" and {pair} that are head-locked" if pair else ""
    if order < 1 or channels != (order + 1) ** 2 + pair:
        yield f"ambisonics of order {order} in {channels} channels{behind}"
    elif len(places) < channels:
        yield f"a channel map of {len(places)} places for {channels} channels"
    elif sorted(places) != list(range(channels)):
        seen = ", ".join(str(place) for place in places[:16]) + (", ..." if channels > 16 else "")
        yield f"a channel map of {seen}, where each of {channels} places should come once"
