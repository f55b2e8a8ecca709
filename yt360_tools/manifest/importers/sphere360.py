"""Sphere360: a list a split, with ``ID_start`` a line, in whole seconds. The id itself may hold ``_``."""

import re

from yt360_tools.manifest.importers.findings import Findings, Imported, clip_row
from yt360_tools.manifest.importers.lists import Lists, bad_line, check_youtube_id, read_lines, start_of

_CLIP_S = 10.0
PROBABLE = "probable_video_id"
"""The column that holds the id that a name of 12 characters seems to mean."""

_WITH_AN_L_BEHIND = re.compile(r"([A-Za-z0-9_-]{11})l")


def import_sphere360(lists: Lists) -> Imported:
    """The rows of Sphere360.

    134 of the published ones name an id of 12 characters whose last is an ``l``; 13 of these 14 ids without it stand
    in this or another dataset's list. They are kept as published, with the id they seem to mean in `PROBABLE`.
    """
    findings = Findings()
    odd: set[str] = set()
    for file in lists.of_splits():
        name = file.file_name
        lines = read_lines(lists, file, findings)
        findings.entries[name] = len(lines)
        for line in lines:
            video_id, sign, start = line.text.rpartition("_")
            if not sign:
                bad_line(f"{line.text[:60]!r} is not 'ID_start'", name, line, findings)
                continue
            meant = _WITH_AN_L_BEHIND.fullmatch(video_id)
            if not meant and not check_youtube_id(video_id, name, line, findings):
                continue
            start_s = start_of(start, name, line, findings)
            if start_s is not None:
                extra = {PROBABLE: meant[1] if meant else ""}
                findings.add(
                    clip_row(video_id, start_s, lists.clip_length_s or _CLIP_S, file.split, extra), name, line.number
                )
                odd |= {video_id} if meant else set()
    if odd:
        findings.remark(
            f"{len(odd)} ids have 12 characters, the last an 'l', such as {min(odd)}: kept as published; "
            f"the column {PROBABLE} has what they seem to mean"
        )
    return findings.imported()
