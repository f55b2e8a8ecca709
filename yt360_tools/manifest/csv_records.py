"""A CSV as records with their lines: what stands where, whatever its line ends, comments and broken places."""

import codecs
import csv
import io
import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from yt360_tools.errors import UsageError
from yt360_tools.manifest.formats import BrokenFile, content
from yt360_tools.manifest.rules import BadRow
from yt360_tools.records import check_id

Record = tuple[int, list[str] | BadRow]
"""A record's last line (from 1), and its cells, or why it has none."""


MOST_CELL_LETTERS = 1 << 17
"""A cell that is longer is no text that anyone wrote: the file is something else. As in Python's csv."""


def check_lengths(path: Path, line: int, cells: Iterable[str]) -> None:
    """Refuse a file with an endless cell.

    Raises:
        UsageError: a cell has more than `MOST_CELL_LETTERS`.
    """
    longest = max(map(len, cells), default=0)
    if longest > MOST_CELL_LETTERS:
        raise UsageError(
            f"manifest {path} is not a CSV file in UTF-8: line {line} has a cell of {longest} characters, "
            f"at most {MOST_CELL_LETTERS} are allowed"
        )


class _NeverClosed(Exception):
    """The line opens a quote that ends with no cell."""


class CsvRecords:
    """The records of a CSV in UTF-8, without blank ones and comments (lines that begin with ``#``).

    A quote that is never closed spoils its own line alone. One that a later line closes has a cell of several lines
    only if none of those could be a row, and if nothing but a comma or a line's end is behind its end: else it is the
    next row's quote that closes it, and it was never closed either. A header is one line. After the last record:

    Attributes:
        lines: how many lines were read.
        comments: how many of them were comments.
        is_ended: whether the last line has an end.
        broken: why the file could not be read to its end, or None.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._header: list[str] = []
        self.lines = self.comments = 0
        self.is_ended = True
        self.broken: BrokenFile | None = None

    def __iter__(self) -> Iterator[Record]:
        """Each record.

        Raises:
            UsageError: the file cannot be read, or is not in UTF-8.
        """
        try:
            records = self._records()
            for line, cells in itertools.islice(records, 1):
                self._header = [] if isinstance(cells, BadRow) else [name.strip() for name in cells]
                yield line, cells
            yield from records
        except OSError as error:
            raise UsageError(f"manifest {self._path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise UsageError(f"manifest {self._path} is not a CSV file in UTF-8: {error}") from error

    def _records(self) -> Iterator[Record]:
        source = self._lines()
        again: deque[str] = deque()  # lines to be read once more, behind a quote that is never closed
        while True:
            line = again.popleft() if again else next(source, "")
            if not line:
                return
            self.lines += 1
            if line.startswith("#"):
                self.comments += 1
            elif '"' not in line:
                cells = line.rstrip("\r\n").split(",")
                if len(line) > MOST_CELL_LETTERS:
                    check_lengths(self._path, self.lines, cells)
                if any(map(str.strip, cells)):
                    yield self.lines, cells
            else:
                yield from self._quoted(line, again, source)

    def _quoted(self, line: str, again: deque[str], source: Iterator[str]) -> Iterator[Record]:
        """The record that begins with a line that has a quote; it may go on in the next ones."""
        taken: list[str] = []

        def following() -> Iterator[str]:
            for more in itertools.chain(iter(lambda: again.popleft() if again else "", ""), source):
                taken.append(more)
                if not self._header or self._could_be_row(more):
                    raise _NeverClosed
                yield more
            raise _NeverClosed  # nothing asks for a line beyond the last one but an open quote

        try:
            cells = next(csv.reader(itertools.chain([line], following())))
            if taken and not self._is_to_the_letter([line, *taken]):
                raise _NeverClosed
        except (csv.Error, _NeverClosed):  # csv's is a cell beyond its limit
            again.extendleft(reversed(taken))
            yield self.lines, BadRow("bad_row", "opens a quote that is never closed")
            return
        self.lines += len(taken)
        if any(map(str.strip, cells)):
            yield self.lines, cells

    def _could_be_row(self, line: str) -> bool:
        """Whether a line has as many cells as the header, and an id for its video: then it is no part of a cell."""
        try:
            cells = next(csv.reader([line]))
            if len(cells) != len(self._header) or "video_id" not in self._header:
                return False
            check_id(cells[self._header.index("video_id")].strip())
        except (csv.Error, UsageError):
            return False
        return True

    def _is_to_the_letter(self, lines: list[str]) -> bool:
        """Whether lines are one record by the strict rules, with as many cells as the header."""
        try:
            return len(next(csv.reader(lines, strict=True))) == len(self._header)
        except csv.Error:
            return False

    def _lines(self) -> Iterator[str]:
        """Lines with their ends; ``\\n``, ``\\r`` and ``\\r\\n`` end one."""
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        rest = ""
        pieces = content(self._path)
        while True:
            try:
                piece = next(pieces, None)
            except BrokenFile as broken:
                self.broken = broken
                break
            if piece is None:
                break
            rest += decoder.decode(piece)
            if rest:
                *whole, rest = [*io.StringIO(rest, newline=""), *([""] if rest.endswith("\n") else [])]
                yield from whole
        if decoder.getstate()[0]:
            self.broken = self.broken or BrokenFile("cut_off", "the file ends within a character")
        if rest:
            self.is_ended = rest.endswith("\r")
            yield rest
