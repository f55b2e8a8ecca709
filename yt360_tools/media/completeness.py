"""Whether a file's own structure says that bytes are missing at its end.

ffmpeg reads a file that was cut short as a shorter one; these containers tell more than it asks.
"""

from pathlib import Path
from typing import BinaryIO

from yt360_tools.errors import MediaError

_MAX_BOXES = 100_000
_OGG_TAIL = 0x11000  # a page has at most 65,307 bytes
_SEGMENT = b"\x18\x53\x80\x67"


def check_complete(path: Path) -> None:
    """Refuse a file whose structure reaches beyond its end.

    ISO-BMFF: a box; Matroska: the segment; WAV: the data chunk; Ogg: the last page, or its mark as the last
    (RFC 3533, section 6: Ogg announces no duration, so its pages are all there is to tell).

    What is no file is another check's affair.

    Raises:
        MediaError: ``truncated``.
    """
    if not path.is_file():
        return
    size = path.stat().st_size
    with path.open("rb") as file:
        magic = file.read(12)
        if magic[:4] == b"OggS":
            missing = _missing_of_ogg(file, size)
        elif magic[:4] == b"RIFF" and magic[8:] == b"WAVE":
            missing = _missing_of_wav(file, size)
        elif magic[:4] == b"\x1aE\xdf\xa3":
            missing = _missing_of_matroska(file, size)
        elif magic[4:8] in (b"ftyp", b"styp", b"moov"):
            missing = _missing_of_mp4(file, size)
        else:
            missing = ""
    if missing:
        raise MediaError("truncated", f"{path.name}: {missing}; it is cut short, fetch it again")


def _missing_of_ogg(file: BinaryIO, size: int) -> str:
    file.seek(max(0, size - _OGG_TAIL))
    tail = file.read()
    page = tail[tail.rfind(b"OggS") :] if b"OggS" in tail else b""
    segments = page[26] if len(page) > 26 else 0
    if len(page) < 27 + segments or len(page) < 27 + segments + sum(page[27 : 27 + segments]):
        return "its last Ogg page is incomplete"
    return "" if page[5] & 4 else "its last Ogg page is not the end of a stream"


def _missing_of_wav(file: BinaryIO, size: int) -> str:
    at = 12
    for _ in range(_MAX_BOXES):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            break
        length = int.from_bytes(head[4:], "little")
        if head[:4] == b"data":
            is_known = length < 0xFFFFFFFF
            return _beyond("its data chunk", at + 8 + length, size) if is_known else ""
        at += 8 + length + length % 2
    return ""


def _missing_of_matroska(file: BinaryIO, size: int) -> str:
    file.seek(4)
    head = file.read(8)
    header_bytes, header_size = _ebml_size(head)
    at = 4 + header_bytes + header_size
    if at >= size:  # a header that does not tell its size, or tells one that cannot be
        return ""
    file.seek(at)
    head = file.read(12)
    length_bytes, length = _ebml_size(head[4:])
    is_known = length != (1 << (7 * length_bytes)) - 1
    if head[:4] != _SEGMENT or not length_bytes or not is_known:
        return ""
    return _beyond("its segment", at + 4 + length_bytes + length, size)


def _ebml_size(data: bytes) -> tuple[int, int]:
    """(bytes of the number, number); (0, 0) when there is none."""
    length = 9 - data[0].bit_length() if data and data[0] else 0
    if not length or length > len(data):
        return 0, 0
    return length, int.from_bytes(data[:length], "big") & ((1 << (7 * length)) - 1)


def _missing_of_mp4(file: BinaryIO, size: int) -> str:
    at = 0
    for _ in range(_MAX_BOXES):
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            break
        length = int.from_bytes(head[:4], "big")
        if length == 1 and len(head) == 16:
            length = int.from_bytes(head[8:], "big")
        if length < 8:  # 0 reaches to the end; anything else is no box
            break
        at += length
        if at > size:
            kind = head[4:8]
            return _beyond(f"its box {kind.decode()}", at, size) if kind in (b"mdat", b"moof", b"moov") else ""
    return ""


def _beyond(what: str, end: int, size: int) -> str:
    return f"{what} reaches to byte {end}, and the file has {size}" if end > size else ""
