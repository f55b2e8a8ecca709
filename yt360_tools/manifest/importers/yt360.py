"""YT-360: a list of ids a split, and ``segments.txt`` with ``ID start,start,...`` in whole seconds."""

from yt360_tools.manifest.importers.findings import NO_SPLIT, Findings, Imported, clip_row
from yt360_tools.manifest.importers.lists import (
    Line,
    Lists,
    bad_line,
    check_youtube_id,
    read_lines,
    start_of,
)
from yt360_tools.manifest.importers.splits import read_splits

_CLIP_S = 10.0


def import_yt360(lists: Lists) -> Imported:
    """The rows of YT-360. Videos with segments that are in neither split are kept, with the split `NO_SPLIT`."""
    findings = Findings()
    split_of = read_splits(lists, findings)
    for file in lists.files:
        if not file.split:
            lines = read_lines(lists, file, findings)
            findings.entries[file.file_name] = len(lines)
            seen = _read_segments(file.file_name, lines, split_of, lists.clip_length_s or _CLIP_S, findings)
            _remark_on_unsegmented(split_of, seen, file.file_name, findings)
    return findings.imported()


def _read_segments(
    name: str, lines: tuple[Line, ...], split_of: dict[str, tuple[str, str]], clip_s: float, findings: Findings
) -> set[str]:
    first: dict[str, tuple[int, list[str]]] = {}
    for line in lines:
        video_id, _, text = line.text.partition(" " if " " in line.text else "\t")
        starts = [start.strip() for start in text.split(",")]
        if not check_youtube_id(video_id, name, line, findings):
            continue
        if not text.strip():
            bad_line(f"{video_id!r} has no starts; 'ID start,start,...' is expected", name, line, findings)
            continue
        if video_id in first:
            number, before = first[video_id]
            same = starts == before
            message = f"{video_id!r} stands in line {number} already" + (
                "" if same else f", with other segments; those of line {number} stand, and not {text.strip()[:200]!r}"
            )
            findings.fault(name, line.number, "duplicate" if same else "different_segments", message)
            continue
        first[video_id] = (line.number, starts)
        split = split_of.get(video_id, (NO_SPLIT, ""))[0]
        for start in starts:
            start_s = start_of(start, name, line, findings)
            if start_s is not None:
                findings.add(clip_row(video_id, start_s, clip_s, split), name, line.number)
    return set(first)


def _remark_on_unsegmented(
    split_of: dict[str, tuple[str, str]], segmented: set[str], name: str, findings: Findings
) -> None:
    missing = sorted(set(split_of) - segmented)
    if missing:
        findings.remark(f"{len(missing)} ids of the splits have no segments in {name}, such as {missing[0]}")
