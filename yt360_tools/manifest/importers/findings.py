"""What an importer hands back: the rows, and all that is wrong with the lists, by file and line."""

from dataclasses import dataclass, field

from yt360_tools.records import ClipRow, clip_id_for

NO_SPLIT = "none"
"""The split of clips whose video a dataset lists in none of its splits."""


@dataclass(frozen=True)
class ListFault:
    """Something wrong with a list.

    Attributes:
        file: the list's name.
        line: from 1; 0 for the whole file.
        reason: one word that can be counted, such as ``bad_id``.
        message: what was seen, and what is allowed.
        is_kept: whether a row was made of it all the same.
    """

    file: str
    line: int
    reason: str
    message: str
    is_kept: bool = False

    def __str__(self) -> str:
        where = f"{self.file} line {self.line}" if self.line else self.file
        return f"{where}: {self.message}"


@dataclass(frozen=True)
class Imported:
    """What lists hold.

    Attributes:
        rows: of the manifest, sorted by video and start.
        faults: what is wrong with the lists; what is not `ListFault.is_kept` became no row.
        remarks: what is worth knowing and does no harm, such as Windows line ends.
        entries: how many entries each list has, headers, blank lines and comments apart.
    """

    rows: tuple[ClipRow, ...]
    faults: tuple[ListFault, ...] = ()
    remarks: tuple[str, ...] = ()
    entries: dict[str, int] = field(default_factory=dict)


class Findings:
    """Collects what an importer finds."""

    def __init__(self) -> None:
        self.rows: list[ClipRow] = []
        self.faults: list[ListFault] = []
        self.remarks: list[str] = []
        self.entries: dict[str, int] = {}
        self._first: dict[str, tuple[str, int, str]] = {}

    def fault(self, file: str, line: int, reason: str, message: str, *, is_kept: bool = False) -> None:
        """Note what is wrong with a line; line 0 is the whole file."""
        self.faults.append(ListFault(file, line, reason, message, is_kept))

    def remark(self, text: str) -> None:
        """Note what does no harm."""
        self.remarks.append(text)

    def add(self, row: ClipRow, file: str, line: int) -> None:
        """Take a row, unless its clip stands in an earlier line: the first one stays."""
        if row.clip_id not in self._first:
            self._first[row.clip_id] = (file, line, row.split)
            self.rows.append(row)
            return
        first_file, first_line, first_split = self._first[row.clip_id]
        what = f"video {row.video_id!r}" if row.is_whole_video else f"clip {row.clip_id!r}"
        where = " ".join([first_file] * (first_file != file) + [f"line {first_line}"] * bool(first_line)) or first_file
        if first_split != row.split:
            message = f"{what} is of split {row.split!r} here and of {first_split!r} in {where}; the first one stands"
            self.fault(file, line, "two_splits", message)
        else:
            self.fault(file, line, "duplicate", f"{what} stands in {where} already")

    def imported(self) -> Imported:
        """All of it: rows by video and start, faults by list and line."""
        place = {file: number for number, file in enumerate(dict.fromkeys(fault.file for fault in self.faults))}
        faults = sorted(self.faults, key=lambda fault: (place[fault.file], fault.line))
        rows = sorted(self.rows, key=lambda row: (row.video_id, row.start_s or 0.0, row.clip_id))
        return Imported(tuple(rows), tuple(faults), tuple(self.remarks), dict(self.entries))


def clip_row(
    video_id: str, start_s: float, length_s: float, split: str, extra: dict[str, str] | None = None
) -> ClipRow:
    """The row of a clip that starts at `start_s` and lasts `length_s`, in seconds."""
    start_s = round(start_s, 6)
    return ClipRow(clip_id_for(video_id, start_s), video_id, start_s, start_s + length_s, split, extra or {})


def whole_video_row(video_id: str, split: str, extra: dict[str, str] | None = None) -> ClipRow:
    """The row of a whole video."""
    return ClipRow(video_id, video_id, None, None, split, extra or {})
