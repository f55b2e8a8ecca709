"""What a manifest's header and rows must be: the rules alone, whatever file they come from."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from yt360_tools.config import layout_hint
from yt360_tools.errors import UsageError, nearest
from yt360_tools.projection import parse_faces
from yt360_tools.records import PROJECTIONS, STEREO_LAYOUTS, ClipRow, check_id, clip_id_for

COLUMNS = ("clip_id", "video_id", "start_s", "end_s", "split")
DEFAULT_SPLIT = "all"
LAYOUT_COLUMNS = ("projection", "stereo", "faces")
CHECKSUM_COLUMNS = ("sha256", "video_sha256", "audio_sha256")
DECLARED_COLUMNS = (*LAYOUT_COLUMNS, *CHECKSUM_COLUMNS)
"""What a row says of its whole video: all rows of a video that say it must say the same."""

CHECKSUM_PATTERN = "[0-9A-Fa-f]{64}"
_MISNAMED = {
    "start_s": re.compile("(?i)(start|begin)(_?(s|sec|seconds|time))?"),
    "end_s": re.compile("(?i)(end|stop)(_?(s|sec|seconds|time))?"),
}
_LAYOUT_WORDS = {"projection": PROJECTIONS, "stereo": STEREO_LAYOUTS}


@dataclass(frozen=True)
class Fault:
    """A row that cannot be used: its line (from 1, the header's), one word, and what is wrong with it.

    Parquet has no lines: there it is the row, the first one being 1.
    """

    line: int
    reason: str
    message: str


class BadRow(Exception):
    """Why a row cannot be used.

    Attributes:
        reason: one word, such as ``bad_times``.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def check_header(path: Path, header: Sequence[str]) -> None:
    """Refuse a header that a manifest cannot have.

    Raises:
        UsageError: no ``video_id``, times under another name and no others, or a column twice.
    """
    if "video_id" not in header:
        near = [f"{name!r} in place of 'video_id'?" for name in header if nearest(name, ["video_id"])]
        raise UsageError(
            f"manifest {path} has no column 'video_id'; its header is {','.join(header)[:200]!r}, "
            f"expected {','.join(COLUMNS)!r}" + (f" ({near[0]})" if near else "")
        )
    misnamed = [(name, known) for known in ("start_s", "end_s") for name in header if _MISNAMED[known].fullmatch(name)]
    if misnamed and not {"start_s", "end_s"} & set(header):
        raise UsageError(
            f"manifest {path} has a column {misnamed[0][0]!r} and no {misnamed[0][1]!r}: its rows would "
            f"be whole videos; rename it, expected {','.join(COLUMNS)!r}"
        )
    doubled = sorted({name for name in header if header.count(name) > 1})
    if doubled:
        raise UsageError(f"manifest {path} has the column {doubled[0]!r} twice")


def row_of(header: Sequence[str], cells: Sequence[str], line: int) -> ClipRow:
    """The row that cells hold, each without the space around it, looked at alone.

    Raises:
        BadRow: it breaks a rule by itself.
    """
    if len(cells) != len(header):
        raise BadRow("bad_row", f"has {len(cells)} cells; the header has {len(header)}")
    values = dict(zip(header, (cell.strip() for cell in cells), strict=True))
    video_id = values.get("video_id", "")
    split = values.get("split", "") or DEFAULT_SPLIT
    start_s, end_s = _seconds(values, "start_s"), _seconds(values, "end_s")
    try:
        check_id(video_id, "video_id")
        check_id(split, "split")
        if (start_s is None) != (end_s is None):
            raise BadRow("bad_times", "gives one of start_s and end_s; give both, or none for a whole video")
        if start_s is not None and end_s is not None and not 0 <= start_s < end_s:
            raise BadRow("bad_times", f"start_s {start_s:g} and end_s {end_s:g}: needs 0 <= start_s < end_s")
        derived = video_id if start_s is None else clip_id_for(video_id, start_s)
        clip_id = check_id(values.get("clip_id", "") or derived, "clip_id")
    except UsageError as error:
        raise BadRow("bad_id", str(error)) from error
    extra = {name: value for name, value in values.items() if name not in COLUMNS}
    check_layout(extra)
    check_checksums(extra)
    return ClipRow(clip_id, video_id, start_s, end_s, split, extra, line)


class Acquaintance:
    """The rows met so far, in a file's order; each new one must go with them.

    `unit` is how messages call a place in the file: ``line``, or ``row``.
    """

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._clips: dict[str, ClipRow] = {}
        self._wholes: dict[str, int] = {}
        self._declared: dict[str, dict[str, str]] = {}

    def meet(self, row: ClipRow) -> None:
        """Take a row in.

        Raises:
            BadRow: an earlier row has its id, is the same whole video, or says that the video lies otherwise.
        """
        if row.clip_id in self._clips:
            raise BadRow("duplicate", duplicate_message(row, self._clips[row.clip_id], self._unit))
        declared = {column: row.extra[column] for column in DECLARED_COLUMNS if row.extra.get(column)}
        for column, word in declared.items():
            before = self._declared.get(row.video_id, {}).get(column, word)
            if meaning_of(column, before) != meaning_of(column, word):
                reason = "bad_layout" if column in LAYOUT_COLUMNS else "bad_checksum"
                raise BadRow(reason, f"{column} of {row.video_id!r} is {word!r} here and {before!r} above")
        if row.is_whole_video:
            if row.video_id in self._wholes:
                place = f"{self._unit} {self._wholes[row.video_id]}"
                raise BadRow("duplicate", f"the whole of {row.video_id!r} stands in {place} already")
            self._wholes[row.video_id] = row.line
        self._clips[row.clip_id] = row
        if declared:
            self._declared.setdefault(row.video_id, {}).update(declared)


def duplicate_message(row: ClipRow, first: ClipRow, unit: str) -> str:
    """What is wrong with a row whose clip id an earlier one has: whether it is the same clip, or another."""
    already = f"clip {row.clip_id!r} stands in {unit} {first.line} already"
    if (row.video_id, row.start_s, row.end_s, row.split) == (first.video_id, first.start_s, first.end_s, first.split):
        return already
    return f"{already} as another clip: {_described(first)} there, {_described(row)} here"


def _described(row: ClipRow) -> str:
    part = "the whole" if row.is_whole_video else f"{row.start_s:g} to {row.end_s:g} s"
    return f"{part} of {row.video_id!r} in {row.split!r}"


def declared_layout(extra: dict[str, str]) -> dict[str, str]:
    """The columns that say how the sphere lies in a row's video, where they say something."""
    return {column: extra[column] for column in LAYOUT_COLUMNS if extra.get(column)}


def check_layout(extra: dict[str, str]) -> None:
    """Refuse words that name no layout.

    Raises:
        BadRow: a projection, stereo layout or faces that are unknown, or do not go together.
    """
    for column, allowed in _LAYOUT_WORDS.items():
        word = extra.get(column)
        if word and word not in allowed:
            raise BadRow(
                "bad_layout",
                f"{column} {word!r} is unknown; allowed: {', '.join(allowed)}, or empty{layout_hint(word, ())}",
            )
    faces, projection = extra.get("faces"), extra.get("projection")
    if not faces:
        return
    if projection and projection != "cubemap":
        raise BadRow("bad_layout", f"faces {faces!r} are a cubemap's, and projection is {projection!r}")
    try:
        parse_faces(faces)
    except UsageError as error:
        raise BadRow("bad_layout", str(error)) from error


def check_checksums(extra: dict[str, str]) -> None:
    """Refuse what cannot be a sha256.

    Raises:
        BadRow: ``bad_checksum``.
    """
    for column in CHECKSUM_COLUMNS:
        text = extra.get(column, "")
        if text and not re.fullmatch(CHECKSUM_PATTERN, text):
            raise BadRow("bad_checksum", f"{column} {text[:80]!r} is no sha256, which is 64 hexadecimal digits")


def meaning_of(column: str, word: str) -> str:
    """What two words of a column have in common that say the same: hexadecimal digits are large or small."""
    return word.lower() if column in CHECKSUM_COLUMNS else word


def _seconds(values: dict[str, str], column: str) -> float | None:
    text = values.get(column, "")
    if not text:
        return None
    try:
        seconds = float(text) + 0.0  # there is no negative zero
    except ValueError:
        raise BadRow("bad_times", f"{column} {text!r} is not a number of seconds") from None
    if not math.isfinite(seconds):
        raise BadRow("bad_times", f"{column} {text!r} is not a finite number of seconds")
    return seconds
