"""STARSS23: a folder of sound and one of pictures, with a sub-folder for each split and place.

``foa_dev/dev-train-sony/fold3_room21_mix013.wav``, ``video_dev/dev-train-sony/fold3_room21_mix013.mp4``,
``metadata_dev/dev-train-sony/fold3_room21_mix013.csv``, and ``foa_eval/mix001.wav``, ``video_eval/mix001.mp4``.
Pictures are equirectangular; sound is first-order ambisonics as ACN and SN3D, as the dataset's description has it.
"""

import re
from pathlib import Path

from yt360_tools.errors import UsageError
from yt360_tools.manifest.importers.findings import Findings, Imported, whole_video_row
from yt360_tools.manifest.importers.lists import Lists
from yt360_tools.manifest.importers.media_files import PICTURES, SOUNDS, files_in
from yt360_tools.records import check_id

_PART = re.compile(r"dev-(train|test)-(sony|tau)")
_EVALUATION = "eval"


def import_starss23(lists: Lists) -> Imported:
    """A row a recording with picture and sound: columns ``video_media``, ``audio_media``, ``metadata`` and ``site``."""
    findings = Findings()
    folders = [(name, lists.folder / name) for name in ("foa_dev", "foa_eval")]
    if not any(folder.is_dir() for _, folder in folders):
        findings.fault(
            "foa_dev", 0, "missing", f"is not in {lists.folder}, and foa_eval neither; unpack foa_dev.zip there"
        )
        return findings.imported()
    for name, folder in folders:
        if not folder.is_dir():
            continue
        if name == "foa_eval":
            _read_part(lists.folder, "eval", "", _EVALUATION, "", findings)
            continue
        for part in sorted(path.name for path in folder.iterdir() if path.is_dir()):
            known = _PART.fullmatch(part)
            if known:
                _read_part(lists.folder, "dev", part, known[1], known[2], findings)
            else:
                message = "is no part of the dataset; dev-train-sony, dev-train-tau, dev-test-sony and dev-test-tau are"
                findings.fault(f"foa_dev/{part}", 0, "unknown_split", message)
    return findings.imported()


def _read_part(root: Path, kind: str, part: str, split: str, site: str, findings: Findings) -> None:
    def inside(folder: str) -> Path:
        return root / f"{folder}_{kind}" / part

    pictures = {path.stem: path for path in files_in(inside("video"), PICTURES)}
    silent = dict(pictures)
    alone: list[str] = []
    for sound in files_in(inside("foa"), SOUNDS):
        name = sound.relative_to(root).as_posix()
        picture = pictures.get(sound.stem)
        silent.pop(sound.stem, None)
        if picture is None:
            alone.append(name)
            continue
        try:
            check_id(sound.stem, "recording")
        except UsageError as error:
            findings.fault(name, 0, "bad_id", str(error))
            continue
        metadata = inside("metadata") / f"{sound.stem}.csv"
        extra = {
            "site": site,
            "projection": "er",
            "stereo": "mono",
            "video_media": picture.relative_to(root).as_posix(),
            "audio_media": name,
            "metadata": metadata.relative_to(root).as_posix() if metadata.is_file() else "",
        }
        findings.add(whole_video_row(sound.stem, split, extra), name, 0)
    for picture in silent.values():
        findings.fault(picture.relative_to(root).as_posix(), 0, "no_sound", f"has no sound in {inside('foa')}")
    if alone:
        findings.remark(f"{len(alone)} recordings have no picture and are left out, such as {alone[0]}")
