"""Lists with a YouTube id a line, one list a split."""

from yt360_tools.manifest.importers.findings import Findings
from yt360_tools.manifest.importers.lists import Line, Lists, bad_line, check_youtube_id, read_lines


def read_ids(name: str, lines: tuple[Line, ...], findings: Findings) -> dict[str, Line]:
    """The ids of a list with the lines that they stand in; an id that stands there twice is noted."""
    found: dict[str, Line] = {}
    for line in lines:
        if len(line.text.split()) > 1:
            bad_line(f"{line.text[:60]!r} is not one id", name, line, findings)
        elif check_youtube_id(line.text, name, line, findings):
            if line.text in found:
                message = f"{line.text!r} stands in line {found[line.text].number} already"
                findings.fault(name, line.number, "duplicate", message)
            else:
                found[line.text] = line
    return found


def read_splits(lists: Lists, findings: Findings) -> dict[str, tuple[str, str]]:
    """By id, its split and the list that says so; of an id in two splits the first one stands, which is noted."""
    split_of: dict[str, tuple[str, str]] = {}
    for file in lists.of_splits():
        name = file.file_name
        lines = read_lines(lists, file, findings)
        findings.entries[name] = len(lines)
        for video_id, line in read_ids(name, lines, findings).items():
            if video_id in split_of:
                split, first = split_of[video_id]
                message = f"{video_id!r} is of split {file.split!r} here and of {split!r} in {first}; {split!r} stands"
                findings.fault(name, line.number, "two_splits", message)
            else:
                split_of[video_id] = (file.split, name)
    return split_of
