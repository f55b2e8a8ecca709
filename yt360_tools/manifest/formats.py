"""The forms a manifest's file may have, told by its name; opening them, and writing them whole or not at all."""

import contextlib
import enum
import gzip
import io
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

from yt360_tools.errors import UsageError, nearest
from yt360_tools.files import complete_file


class Format(enum.Enum):
    """A form of manifest; the value is its extension."""

    CSV = ".csv"
    GZIP = ".csv.gz"
    ZSTD = ".csv.zst"
    PARQUET = ".parquet"


_PIECE_BYTES = 1 << 18


def format_of(path: Path) -> Format:
    """The form that a file's name tells, in capitals or not.

    Raises:
        UsageError: the name ends otherwise.
    """
    name = path.name.lower()
    for form in Format:
        if name.endswith(form.value):
            return form
    allowed = [form.value for form in Format]
    hint = nearest("".join(path.suffixes[-2:]).lower(), allowed)
    raise UsageError(f"manifest {path}: the name's end tells the format, one of {', '.join(allowed)}{hint}")


class BrokenFile(Exception):
    """A compressed file cannot be read to its end; what came before stands.

    Attributes:
        reason: ``cut_off`` where it ends too early, ``damaged`` where its bytes are wrong.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def format_to_read(path: Path) -> Format:
    """The form of a file that is to be read.

    Raises:
        UsageError: it is a folder, or its name ends otherwise.
    """
    if path.is_dir():
        raise UsageError(f"manifest {path} cannot be read: Is a directory")
    return format_of(path)


def content(path: Path) -> Iterator[bytes]:
    """The bytes of a CSV in pieces, decompressed.

    Raises:
        OSError: it cannot be read.
        BrokenFile: behind the last piece that could be decompressed.
    """
    form = format_of(path)
    with path.open("rb") as file:
        pieces = iter(lambda: file.read(_PIECE_BYTES), b"")
        if form is Format.GZIP:
            yield from _unpacked(pieces, lambda: zlib.decompressobj(wbits=31), zlib.error)
        elif form is Format.ZSTD:
            import zstandard

            unpacker = zstandard.ZstdDecompressor()
            yield from _unpacked(pieces, unpacker.decompressobj, zstandard.ZstdError)
        else:
            yield from pieces


def _unpacked(pieces: Iterator[bytes], new_unpacker: Callable[[], Any], error: type[Exception]) -> Iterator[bytes]:
    """What pieces of a file hold, which may be several compressed streams behind each other."""
    unpacker: Any = None
    for piece in pieces:
        while piece:
            unpacker = unpacker or new_unpacker()
            try:
                yield unpacker.decompress(piece)
            except error as failure:
                raise BrokenFile("damaged", f"its compressed bytes are damaged: {failure}") from failure
            piece = unpacker.unused_data
            if unpacker.eof:
                unpacker = None
    if unpacker is not None:
        raise BrokenFile("cut_off", "the compressed file is cut off")


@contextlib.contextmanager
def new_csv(path: Path, form: Format) -> Iterator[TextIO]:
    """A new CSV of that form, as text in UTF-8; the same text gives the same bytes."""
    with contextlib.ExitStack() as stack:
        file: Any = stack.enter_context(path.open("wb"))
        if form is Format.GZIP:
            file = stack.enter_context(gzip.GzipFile("", "wb", 6, file, mtime=0))
        elif form is Format.ZSTD:
            import zstandard

            packer = zstandard.ZstdCompressor(level=9, write_checksum=True)
            file = stack.enter_context(packer.stream_writer(file, closefd=False))
        yield stack.enter_context(io.TextIOWrapper(file, encoding="utf-8", newline=""))


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """An empty file beside `path` to write to; it becomes `path` when the block ends well and the disk has it all.

    Raises:
        OSError: it cannot be written.
    """
    with complete_file(path) as partial:
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not every file system lets a folder be opened
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
