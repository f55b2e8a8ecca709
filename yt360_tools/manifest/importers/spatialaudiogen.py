"""YT-All, YT-Clean, YT-Music and REC-Street: whole videos, a list of ids a split, and what their sound holds.

``audio_layouts.txt`` has ``ID WXYZ|WXY``; WXY means that Z is empty. ``spatialaudiogen_db.lst`` has all ids.
"""

import re

from yt360_tools.manifest.importers.findings import Findings, Imported, whole_video_row
from yt360_tools.manifest.importers.lists import Lists, PublishedList, bad_line, check_youtube_id, read_lines
from yt360_tools.manifest.importers.splits import read_ids, read_splits

LAYOUT = "audio_layout"
LAYOUTS = ("WXYZ", "WXY")
NUMBERED = re.compile(r"[A-Z]{2}[0-9]{7}")
"""What 63 entries of the published layouts are called; they are recordings that no split names."""

_LAYOUTS_FILE = "audio_layouts.txt"
_ALL_FILE = "spatialaudiogen_db.lst"


def import_spatialaudiogen(lists: Lists) -> Imported:
    """A row a video, with the column `LAYOUT`: empty where the lists do not say."""
    findings = Findings()
    split_of = read_splits(lists, findings)
    by_name = {file.file_name: file for file in lists.files}
    layout_of = _read_layouts(lists, by_name[_LAYOUTS_FILE], findings) if _LAYOUTS_FILE in by_name else {}
    if _ALL_FILE in by_name:
        _check_all_are_known(lists, by_name[_ALL_FILE], split_of, findings)
    for video_id, (split, _) in split_of.items():
        findings.rows.append(whole_video_row(video_id, split, {LAYOUT: layout_of.get(video_id, "")}))
    without = sorted(video_id for video_id in split_of if video_id not in layout_of)
    if without:
        findings.remark(f"{len(without)} videos have no layout in {_LAYOUTS_FILE}, such as {without[0]}")
    return findings.imported()


def _read_layouts(lists: Lists, file: PublishedList, findings: Findings) -> dict[str, str]:
    name = file.file_name
    lines = read_lines(lists, file, findings)
    findings.entries[name] = len(lines)
    found: dict[str, tuple[str, int]] = {}
    others: list[str] = []
    twice: set[str] = set()
    for line in lines:
        words = line.text.split()
        if len(words) != 2:
            bad_line(f"{line.text[:60]!r} is not 'ID {'|'.join(LAYOUTS)}'", name, line, findings)
            continue
        video_id, layout = words
        if NUMBERED.fullmatch(video_id):
            others.append(video_id)
        elif not check_youtube_id(video_id, name, line, findings):
            continue
        if layout not in LAYOUTS:
            bad_line(f"layout {layout[:20]!r} is unknown; allowed: {', '.join(LAYOUTS)}", name, line, findings)
            continue
        first, number = found.setdefault(video_id, (layout, line.number))
        if number != line.number:
            twice.add(video_id)
        if first != layout:
            message = f"{video_id!r} is {layout} here and {first} in line {number}; {first} stands"
            findings.fault(name, line.number, "different_layouts", message)
    if others:
        findings.remark(f"{name}: {len(others)} entries are no YouTube ids and in no split, such as {others[0]}")
    if twice:
        findings.remark(f"{name}: {len(twice)} ids stand there twice, such as {min(twice)}")
    return {video_id: layout for video_id, (layout, _) in found.items()}


def _check_all_are_known(
    lists: Lists, file: PublishedList, split_of: dict[str, tuple[str, str]], findings: Findings
) -> None:
    name = file.file_name
    lines = read_lines(lists, file, findings)
    findings.entries[name] = len(lines)
    known = read_ids(name, lines, findings)
    unknown = sorted(video_id for video_id in split_of if video_id not in known)
    if unknown and known:
        findings.remark(f"{len(unknown)} videos of the splits are not in {name}, such as {unknown[0]}")
