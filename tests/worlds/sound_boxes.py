"""Ambisonic metadata (SA3D) as bytes, and put into real files, written without the package under test.

https://github.com/google/spatial-media/blob/master/docs/spatial-audio-rfc.md
"""

import struct
from collections.abc import Sequence
from pathlib import Path

from worlds.boxes import box

_HEADS = {b"moov": 8, b"trak": 8, b"mdia": 8, b"minf": 8, b"stbl": 8, b"stsd": 16}
_ENTRY = {0: 36, 1: 52, 2: 72}  # bytes of a sound's sample entry before its boxes, by its version
_SOUNDS = (b"mp4a", b"Opus", b"fLaC", b"alac", b"lpcm", b"ipcm", b"sowt")


def sa3d(
    places: Sequence[int] = (0, 1, 2, 3),
    *,
    order: int = 1,
    kind: int = 0,
    ordering: int = 0,
    normalization: int = 0,
    channels: int | None = None,
    version: int = 0,
) -> bytes:
    count = len(places) if channels is None else channels
    head = struct.pack(">BBIBBI", version, kind, order, ordering, normalization, count)
    return box("SA3D", head, struct.pack(f">{len(places)}I", *places))


def sound_trak(*entry_boxes: bytes, version: int = 0, handler: str = "soun", name: str = "mp4a") -> bytes:
    """A track of sound whose sample entry is of some QuickTime version."""
    extra = {0: 0, 1: 16, 2: 36}[version]
    fields = struct.pack(">6xHHHIHHHHI", 1, version, 0, 0, 4, 16, 0, 0, 48000 << 16)
    entry = box(name, fields, bytes(extra), *entry_boxes)
    stbl = box("stbl", box("stsd", struct.pack(">II", 0, 1), entry))
    hdlr = box("hdlr", bytes(8), handler.encode(), bytes(13))
    return box("trak", box("mdia", hdlr, box("minf", box("smhd", bytes(8)), stbl)))


def put_into_sound(path: Path, added: bytes, *, into_wave: bool = False) -> None:
    """Add a box to the sample entry of every sound in an MP4 or MOV as ffmpeg writes it, with its index at the end."""
    data = path.read_bytes()
    at = data.rindex(b"moov") - 4
    assert at + struct.unpack_from(">I", data, at)[0] == len(data), "its index is not at the end"
    path.write_bytes(data[:at] + _grown(data[at:], added, into_wave))


def _grown(data: bytes, added: bytes, into_wave: bool) -> bytes:
    """Boxes, with the addition in all sample entries of sounds among and inside them."""
    parts, at = [], 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        whole = data[at : at + size]
        if kind in _HEADS:
            head = _HEADS[kind]
            whole = _sized(whole[:head] + _grown(whole[head:], added, into_wave))
        elif kind in _SOUNDS:
            head = _ENTRY[whole[17]]
            whole = _sized(whole[:head] + _in_wave(whole[head:], added) if into_wave else whole + added)
        parts.append(whole)
        at += size
    return b"".join(parts)


def _in_wave(data: bytes, added: bytes) -> bytes:
    size, kind = struct.unpack_from(">I4s", data)
    assert kind == b"wave"
    return _sized(data[: size - 8] + added + data[size - 8 : size]) + data[size:]  # before the box that ends it


def _sized(whole: bytes) -> bytes:
    return struct.pack(">I", len(whole)) + whole[4:]
