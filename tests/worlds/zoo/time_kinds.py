"""Pictures and sounds that do not go together in time."""

from pathlib import Path

from worlds.zoo.codecs import label, write
from worlds.zoo.fields import scene
from worlds.zoo.materials import demo_film, demo_sound, good_picture, good_sound
from worlds.zoo.specimen import Files, Kind, Making
from worlds.zoo.spheres import film


def _late(making: Making) -> Files:
    """Three seconds: in one file, or in a file of its own that says so."""
    picture, sound = demo_film(making.seed), demo_sound(making.seed)
    if making.is_odd:
        path = making.folder / "sound.webm"
        write(path, sound=sound, audio="opus", options=["-output_ts_offset", "3"])
        return Files(good_picture(making), path)
    path = making.folder / "both.mkv"
    write(path, picture, sound, audio="opus", sound_later_s=3)
    return Files(path, path)


def _short_sound(making: Making) -> Files:
    if making.is_odd:
        return Files(good_picture(making, 12), good_sound(making))
    path = write(making.folder / "both.mp4", film(making.seed, "sea", seconds=12), scene(making.seed, 4.0))
    return Files(label(path), path)


def _short_picture(making: Making) -> Files:
    return Files(good_picture(making), good_sound(making, 12))


def _no_overlap(making: Making) -> Files:
    path = making.folder / making.pick("sound.mkv", "sound.m4a")
    audio = making.pick("flac", "aac")
    write(path, sound=demo_sound(making.seed), audio=audio, options=["-output_ts_offset", "20"])
    return Files(good_picture(making), path)


def _backwards(making: Making) -> Files:
    """A transport stream behind which another begins anew, or a Matroska whose clusters changed places."""
    if making.is_odd:
        path = write(
            making.folder / "picture.mkv",
            film(making.seed, "street", seconds=12),
            options=["-cluster_time_limit", "1000"],
        )
        path.write_bytes(_with_clusters_exchanged(path.read_bytes()))
    else:
        path = making.folder / "picture.ts"
        pieces = [write(making.folder / f"{n}.ts", film(making.seed, style)) for n, style in enumerate(("room", "sea"))]
        path.write_bytes(b"".join(piece.read_bytes() for piece in pieces))
    return Files(path, good_sound(making, 12))


def _with_clusters_exchanged(data: bytes) -> bytes:
    """The times in the headers of two clusters far apart change places; their length stays."""
    marks = []
    at = data.find(_CLUSTER)
    while at >= 0:
        clock = data.index(b"\xe7", at + 4)
        if clock < at + 20:
            length = data[clock + 1] & 0x7F
            marks.append((clock + 2, data[clock + 2 : clock + 2 + length]))
        at = data.find(_CLUSTER, at + 4)
    changed = bytearray(data)
    same = [mark for mark in marks if len(mark[1]) == 2]
    (first, early), (last, late) = same[0], same[-1]
    changed[first : first + 2], changed[last : last + 2] = late, early
    return bytes(changed)


def _gap(making: Making) -> Files:
    """Thirteen seconds without a frame."""
    path = making.folder / making.pick("picture.mp4", "picture.mkv")
    whole = demo_film(making.seed, 12.0)
    write(path, whole, filters="setpts='PTS+gte(T,6)*13/TB'", options=["-fps_mode", "passthrough"])
    return Files(label(path), _long_sound(making))


def _long_sound(making: Making) -> Path:
    return write(making.folder / "sound.flac", sound=scene(making.seed, 25.0), audio="flac")


def _too_short(making: Making) -> Files:
    path = making.folder / making.pick("both.mp4", "both.mkv")
    write(path, film(making.seed, "forest", seconds=0.5), scene(making.seed, 0.5))
    return Files(label(path), path)


_CLUSTER = bytes.fromhex("1f43b675")

KINDS = (
    Kind("sound three seconds late", "times", "demo", ("doubt",), ("offset",), _late),
    Kind("sound much shorter", "times", "numpy", ("doubt",), ("ends_apart",), _short_sound),
    Kind("picture much shorter", "times", "numpy", ("doubt",), ("ends_apart",), _short_picture),
    Kind("no overlap", "times", "demo", ("reject",), ("no_overlap",), _no_overlap),
    Kind("clock runs backwards", "times", "numpy", ("doubt", "reject"), ("bad_timestamps",), _backwards),
    Kind("clock leaps", "times", "demo", ("doubt",), ("bad_timestamps",), _gap),
    Kind("half a second", "times", "numpy", ("reject",), ("too_short", "no_overlap"), _too_short),
)
