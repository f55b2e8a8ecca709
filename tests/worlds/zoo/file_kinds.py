"""Files that are damaged, cut, empty, hostile, or hold something else."""

import struct
from collections.abc import Callable
from pathlib import Path

from worlds.boxes import box
from worlds.zoo.codecs import run, write
from worlds.zoo.fields import scene
from worlds.zoo.materials import good_picture, good_sound, shared
from worlds.zoo.specimen import Files, Kind, Making
from worlds.zoo.spheres import film

_CUT = ("truncated", "unreadable_video", "unreadable_sound", "no_picture")
_FORMATS = {
    "mp4": ("h264", "aac", ()),
    "mp4, index in front": ("h264", "aac", ("-movflags", "+faststart")),
    "fragmented mp4": ("h264", "aac", ("-movflags", "frag_keyframe+empty_moov")),
    "webm": ("vp9", "opus", ()),
    "mkv": ("h264", "flac", ()),
}


def _whole(making: Making, format_name: str) -> Path:
    """A good file with picture and sound."""
    video, audio, options = _FORMATS[format_name]
    ending = format_name.split(",")[0].split()[-1]
    style = making.pick("street", "forest")

    def make(path: Path) -> None:
        picture = film(making.half, style, width=256)
        write(path, picture, scene(making.half), video=video, audio=audio, options=options)

    return shared(making, f"whole {format_name.replace(',', '')} {making.half}.{ending}", make)


def _cut(format_name: str, where: str) -> Callable[[Making], Files]:
    """In its header, in its middle, near its end, or a few bytes before it."""

    def make(making: Making) -> Files:
        whole = _whole(making, format_name)
        data = whole.read_bytes()
        kept = {
            "in its header": 180 + 57 * (making.seed % 7),
            "in its body": len(data) * (40 + making.seed % 30) // 100,
            "near its end": len(data) * 96 // 100,
            "by some bytes": len(data) - 3 - making.seed % 5,
        }[where]
        path = making.folder / f"cut{whole.suffix}"
        path.write_bytes(data[:kept])
        return Files(path, path)

    return make


def _cut_ogg(share: float) -> Callable[[Making], Files]:
    def make(making: Making) -> Files:
        name = f"whole-{making.half}.ogg"
        whole = shared(making, name, lambda path: write(path, sound=scene(making.half), audio="vorbis"))
        data = whole.read_bytes()
        path = making.folder / "sound.ogg"
        path.write_bytes(data[: int(share * len(data)) or 40 + 30 * (making.seed % 7)])
        return Files(good_picture(making), path)

    return make


def _cut_wav(making: Making) -> Files:
    path = write(making.folder / "whole.wav", sound=scene(making.seed), audio=making.pick("s16", "f32"))
    cut = making.folder / "sound.wav"
    cut.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    return Files(good_picture(making), cut)


def _bytes(give: Callable[[Making], bytes]) -> Callable[[Making], Files]:
    """A file of these bytes that calls itself a film."""

    def make(making: Making) -> Files:
        path = making.folder / making.pick("film.mp4", "film.webm")
        path.write_bytes(give(making))
        return Files(path, path)

    return make


def _text(making: Making) -> bytes:
    return ("Dear all, the recordings of June are on the other disk. " * (20 + making.seed)).encode()


def _page(making: Making) -> bytes:
    head = "<!DOCTYPE html><html><head><title>404 Not Found</title></head><body><h1>Not Found</h1>"
    return (head + "<p>This video is not available.</p>" * (3 + making.seed) + "</body></html>").encode()


def _noise(making: Making) -> bytes:
    return making.rng(41).bytes(60_000)


def _nested(making: Making) -> bytes:
    """A thousand boxes in each other, in each the same kind or in turn."""
    inside = b""
    for level in range(1000):
        inside = box(making.pick("moov", "trak") if level % 2 else "moov", inside)
    return box("ftyp", b"isom", bytes(4)) + inside


def _absurd(making: Making) -> Files:
    """A good film, in whose index a table's box says that it is larger than the file, or smaller than its own head."""
    data = bytearray(_whole(making, "mp4, index in front").read_bytes())
    for name in (b"stsz", b"stco", b"stsd") if making.is_odd else (b"trak",):
        at = data.index(name) - 4
        struct.pack_into(">I", data, at, 3 if making.is_odd else 0xFFFFFFF0)
    path = making.folder / "film.mp4"
    path.write_bytes(data)
    return Files(path, path)


def _huge_counts(making: Making) -> Files:
    """A good film whose tables of samples say that they have four thousand million rows."""
    data = bytearray(_whole(making, "mp4, index in front").read_bytes())
    at = data.index(b"stsz") + 12
    struct.pack_into(">I", data, at, 0x7FFFFFFF if making.is_odd else 0xFFFFFFFF)
    path = making.folder / "film.mp4"
    path.write_bytes(data)
    return Files(path, path)


def _no_sound(making: Making) -> Files:
    path = good_picture(making)
    return Files(path, path)


def _sound_alone(making: Making) -> Files:
    path = good_sound(making)
    return Files(path, path)


def _missing(making: Making) -> Files:
    return Files(good_picture(making), making.folder / "nothing.webm")


def _no_frames(making: Making) -> Files:
    """A header that announces a picture, and not one packet of it."""
    path = making.folder / making.pick("film.mp4", "film.mkv")
    run(["-i", _whole(making, "mp4"), "-t", "0", "-c", "copy", path])
    return Files(path, good_sound(making))


def _garbled(making: Making) -> Files:
    """Its header is whole, and what should be pictures is noise."""
    whole = _whole(making, making.pick("mp4", "mkv"))
    data = bytearray(whole.read_bytes())
    start, end = len(data) // 50, len(data) * 95 // 100
    data[start:end] = making.rng(42).bytes(end - start)
    path = making.folder / f"film{whole.suffix}"
    path.write_bytes(data)
    return Files(path, path)


def _kind(name: str, codes: tuple[str, ...], make: Callable[[Making], Files], drawn_by: str = "numpy") -> Kind:
    return Kind(name, "file", drawn_by, ("reject",), codes, make)


_UNREADABLE = ("unreadable_video", "no_picture")
_CUTS = tuple(
    _kind(f"{format_name} cut {where}", _CUT, _cut(format_name, where))
    for format_name in _FORMATS
    for where in ("in its header", "in its body", "near its end", "by some bytes")
    if (format_name, where) not in (("fragmented mp4", "by some bytes"), ("mkv", "by some bytes"))
)

KINDS = (
    *_CUTS,
    *(_kind(f"ogg cut at {share:.0%}", _CUT, _cut_ogg(share)) for share in (0.0, 0.5, 0.98)),
    _kind("wav cut", _CUT, _cut_wav),
    _kind("zero bytes", ("empty_file",), _bytes(lambda making: b"")),
    _kind("text", _UNREADABLE, _bytes(_text)),
    _kind("web page", _UNREADABLE, _bytes(_page)),
    _kind("noise", _UNREADABLE, _bytes(_noise)),
    _kind("boxes nested deep", _UNREADABLE, _bytes(_nested)),
    _kind("boxes of absurd sizes", (*_CUT, "no_sound"), _absurd),
    _kind("tables of absurd lengths", (*_CUT, "no_sound"), _huge_counts),
    _kind("garbled", _CUT, _garbled),
    _kind("no packets", (*_UNREADABLE, "one_frame", "no_overlap", "truncated"), _no_frames),
    _kind("no sound", ("no_sound",), _no_sound),
    _kind("sound alone", ("no_picture",), _sound_alone),
    _kind("sound is missing", ("empty_file", "missing_media"), _missing),
)
