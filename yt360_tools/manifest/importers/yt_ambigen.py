"""YT-Ambigen: a CSV a split, with a header ``file_path`` and ``ID_start.npy`` a line, in whole seconds."""

from yt360_tools.manifest.importers.findings import Findings, Imported, clip_row
from yt360_tools.manifest.importers.lists import Line, Lists, bad_line, check_youtube_id, read_lines, start_of

_CLIP_S = 5.0
_HEADER = "file_path"
_ENDING = ".npy"


def import_yt_ambigen(lists: Lists) -> Imported:
    """The rows of YT-Ambigen."""
    findings = Findings()
    for file in lists.of_splits():
        name = file.file_name
        lines = _behind_the_header(name, read_lines(lists, file, findings), findings)
        findings.entries[name] = len(lines)
        for line in lines:
            text = line.text.strip('"')
            video_id, sign, start = text.removesuffix(_ENDING).rpartition("_")
            if not sign or not text.endswith(_ENDING):
                bad_line(f"{text[:60]!r} is not 'ID_start{_ENDING}'", name, line, findings)
            elif check_youtube_id(video_id, name, line, findings):
                start_s = start_of(start, name, line, findings)
                if start_s is not None:
                    findings.add(
                        clip_row(video_id, start_s, lists.clip_length_s or _CLIP_S, file.split), name, line.number
                    )
    return findings.imported()


def _behind_the_header(name: str, lines: tuple[Line, ...], findings: Findings) -> tuple[Line, ...]:
    if lines and lines[0].text.strip('"') == _HEADER:
        return lines[1:]
    if lines:
        message = f"has no header {_HEADER!r}; its first line is {lines[0].text[:60]!r}"
        findings.fault(name, lines[0].number, "no_header", message, is_kept=lines[0].text.strip('"').endswith(_ENDING))
    return tuple(line for line in lines if line.text.strip('"').endswith(_ENDING) or line is not lines[0])
