"""Reading published lists: text with an entry a line, whatever editors and networks did to it."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from yt360_tools.errors import nearest
from yt360_tools.manifest.importers.findings import Findings

YOUTUBE_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_WHOLE = re.compile(r"[0-9]+")
_FRACTION = re.compile(r"[0-9]*\.[0-9]+|[0-9]+\.")
_NEGATIVE = re.compile(r"-[0-9]*\.?[0-9]+")
_LONGEST_S = 1_000_000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class PublishedList:
    """A list as it was published.

    Attributes:
        name: its path below the address of its dataset, with ``/``.
        sha256: of its bytes, in lower-case hexadecimal.
        entries: how many it holds, a header apart; None where nobody counted.
        split: whose videos or clips it names; empty where it is no split's.
    """

    name: str
    sha256: str
    entries: int | None = None
    split: str = ""

    @property
    def file_name(self) -> str:
        """The last part of its name."""
        return PurePosixPath(self.name).name


@dataclass(frozen=True)
class Lists:
    """Where an importer reads.

    Attributes:
        folder: of the lists, or of the media.
        files: the lists that the dataset's descriptor names.
        clip_length_s: how long each clip is, in seconds; None for whole videos.
        own_folder: the sub-folder of `folder` in which the lists may lie as well.
        splits_are_folders: of a folder of media: its sub-folders are its splits.
        unchanged: the file names of lists that are the published ones byte for byte.
    """

    folder: Path
    files: tuple[PublishedList, ...] = ()
    clip_length_s: float | None = None
    own_folder: str = ""
    splits_are_folders: bool = False
    unchanged: frozenset[str] = frozenset()

    def of_splits(self) -> tuple[PublishedList, ...]:
        """The lists that name what is in a split."""
        return tuple(file for file in self.files if file.split)

    def path(self, file: PublishedList) -> Path | None:
        """Where a list lies: under its published path, its file name alone, or in the dataset's own folder."""
        places = [file.name, file.file_name, f"{self.own_folder}/{file.name}", f"{self.own_folder}/{file.file_name}"]
        return next((path for place in places if (path := self.folder / place).is_file()), None)


@dataclass(frozen=True)
class Line:
    """A line of a list that says something; the last one may lack its end."""

    number: int
    text: str
    has_end: bool = True


def read_lines(lists: Lists, file: PublishedList, findings: Findings) -> tuple[Line, ...]:
    """The lines of a list that say something; what is odd about the file is noted."""
    name = file.file_name
    path = lists.path(file)
    if path is None:
        near = [entry.name for entry in lists.folder.iterdir()] if lists.folder.is_dir() else []
        findings.fault(name, 0, "missing", f"is not in {lists.folder}{nearest(name, near)}")
        return ()
    try:
        content = path.read_bytes()
    except OSError as error:
        findings.fault(name, 0, "unreadable", f"cannot be read: {error.strerror or error}")
        return ()
    lines, form = _lines_of(name, content, findings)
    if name not in lists.unchanged:
        for remark in form:
            findings.remark(f"{name}: {remark}")
    if not lines and not any(fault.file == name for fault in findings.faults):
        findings.fault(name, 0, "empty", "holds nothing")
    return lines


def _lines_of(name: str, content: bytes, findings: Findings) -> tuple[tuple[Line, ...], list[str]]:
    """The lines, and what is odd about their form and does no harm."""
    form: list[str] = []
    wrong = _what_else_it_is(content)
    if wrong:
        findings.fault(name, 0, "not_a_list", wrong)
        return (), form
    if content.startswith(_BYTE_ORDER_MARK):
        content = content[len(_BYTE_ORDER_MARK) :]
        form.append("begins with a byte-order mark")
    pieces = content.splitlines(keepends=True)
    lines: list[Line] = []
    blank: list[int] = []
    commented: list[int] = []
    for number, piece in enumerate(pieces, 1):
        try:
            text = piece.decode("utf-8")
        except UnicodeDecodeError:
            findings.fault(name, number, "not_text", f"{piece[:60]!r} is not text in UTF-8")
            continue
        kept, sign, _ = text.partition("#")
        if sign:
            commented.append(number)
        if kept.strip():
            lines.append(Line(number, kept.strip(), text.endswith(("\n", "\r"))))
        elif not sign:
            blank.append(number)
    windows = sum(piece.endswith(b"\r\n") for piece in pieces)
    if windows:
        form.append(f"{windows} of {len(pieces)} lines end as on Windows")
    if blank:
        form.append(_numbers("blank", blank))
    if commented:
        form.append(_numbers("commented", commented))
    return tuple(lines), form


def _what_else_it_is(content: bytes) -> str:
    start = content[:300].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return "is a web page, not a list: was it behind a login, or is the address another one?"
    if content.startswith(_UTF_16) or b"\0" in content[:1000]:
        return "is no text in UTF-8 (UTF-16, or no text at all): save it as UTF-8"
    if start.startswith(b"version https://git-lfs"):
        return "is a Git LFS pointer, not the list: run 'git lfs pull' where it comes from"
    return ""


def _numbers(what: str, numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:10])) + (", ..." if len(numbers) > 10 else "")
    return f"{what} lines, passed over: {shown}" if len(numbers) > 1 else f"a {what} line, passed over: {shown}"


def check_youtube_id(text: str, name: str, line: Line, findings: Findings) -> bool:
    """Whether a text is a YouTube id; where it is not, that is noted."""
    if YOUTUBE_ID.fullmatch(text):
        return True
    seen = f"{text[:60]!r} is no YouTube id: "
    if re.fullmatch(r"[A-Za-z0-9_-]*", text):
        seen += f"it has {len(text)} characters and not 11"
    else:
        seen += "it is 11 letters, digits, '_' and '-'"
    findings.fault(name, line.number, *_bad_or_cut("bad_id", seen, line))
    return False


def start_of(text: str, name: str, line: Line, findings: Findings) -> float | None:
    """A start in seconds, or None where the text is none; what is odd about it is noted.

    Published lists have whole seconds. A fraction is noted, and kept.
    """
    if _WHOLE.fullmatch(text) and int(text[:12]) <= _LONGEST_S:
        return float(text)
    if _FRACTION.fullmatch(text) and float(text) <= _LONGEST_S:
        message = f"start {text!r} is no whole second; the clip is kept as it is"
        findings.fault(name, line.number, "fractional_start", message, is_kept=True)
        return float(text)
    if _NEGATIVE.fullmatch(text):
        findings.fault(name, line.number, "negative_start", f"start {text!r} is before the video's beginning")
    elif _WHOLE.fullmatch(text) or _FRACTION.fullmatch(text):
        findings.fault(name, line.number, "bad_start", f"start {text[:20]!r} is longer than any video, in seconds")
    else:
        seen = f"start {text[:60]!r} is no number of seconds" if text else "a start is missing"
        findings.fault(name, line.number, *_bad_or_cut("bad_start", seen, line))
    return None


def bad_line(message: str, name: str, line: Line, findings: Findings) -> None:
    """Note a line that is not of its list's form."""
    findings.fault(name, line.number, *_bad_or_cut("bad_line", message, line))


def _bad_or_cut(reason: str, message: str, line: Line) -> tuple[str, str]:
    if line.has_end:
        return reason, message
    return "cut_off", f"{message}; it is the last line and has no end: the list seems to be cut off here"
