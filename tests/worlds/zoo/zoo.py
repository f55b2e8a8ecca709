"""All specimens, made and examined by two processes."""

import hashlib
import json
import multiprocessing
import os
import shutil
import traceback
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

from worlds.zoo import file_kinds, picture_kinds, sound_files, sound_kinds, time_kinds
from worlds.zoo.specimen import Files, Kind, Making, Specimen, scene_seed

KINDS: tuple[Kind, ...] = (
    *picture_kinds.KINDS, *sound_kinds.KINDS, *time_kinds.KINDS, *file_kinds.KINDS, *sound_files.KINDS,
)  # fmt: skip
TRAINING, JUDGED = 2, 71
"""The seeds of the half on which thresholds may be set, and of the half that says whether they are right."""

SPECIMENS = tuple(Specimen(kind, seed) for seed in (TRAINING, JUDGED) for kind in KINDS)


@dataclass(frozen=True)
class Seen:
    """What an examination said of a specimen; `trouble` is a traceback where it ended with an exception.

    Attributes:
        reasons: the codes of findings, by severity.
        made_s, examined_s: of processors.
    """

    specimen: str
    verdict: str
    reasons: dict[str, tuple[str, ...]]
    texts: tuple[str, ...] = ()
    layout: tuple[str, str] | None = None
    channel_map: tuple[int, ...] = ()
    gains: tuple[float, ...] = ()
    made_s: float = 0.0
    examined_s: float = 0.0
    trouble: str = ""


def faults(specimen: Specimen, seen: Seen) -> list[str]:
    """What is wrong with a verdict; empty where nothing is."""
    kind = specimen.kind
    if seen.trouble:
        return [f"it ended with {seen.trouble.splitlines()[-1]}"]
    if seen.verdict not in kind.verdicts:
        return [f"{seen.verdict} ({', '.join(seen.reasons.get(_severity(seen.verdict), ())) or 'no reason'})"]
    found = []
    if kind.codes and not set(kind.codes) & set(seen.reasons.get(_severity(seen.verdict), ())):
        found.append(f"the right verdict for {seen.reasons}")
    if seen.verdict in ("accept", "fix"):
        truth = kind.truth
        if truth.layout and seen.layout != truth.layout:
            found.append(f"taken for {seen.layout}, is {truth.layout}")
        if truth.channel_map and seen.channel_map != truth.channel_map:
            found.append(f"channels {seen.channel_map}, are {truth.channel_map}")
        if truth.gains and not _alike(seen.gains, truth.gains):
            found.append(f"gains {seen.gains}, are {truth.gains}")
    return found


def _severity(verdict: str) -> str:
    return "note" if verdict == "accept" else verdict


def _alike(some: Sequence[float], others: Sequence[float]) -> bool:
    return len(some) == len(others) and all(abs(one - other) < 0.01 for one, other in zip(some, others, strict=True))


def make(specimen: Specimen, folder: Path) -> Files:
    """A specimen's files in the zoo's folder; made anew where they are not there, or of other sources."""
    own, shared = folder / specimen.name.replace("%", ""), folder / f"shared-{_version()}"
    done = own / f"{_version()}.json"
    if done.exists():
        return Files(*map(Path, json.loads(done.read_text())))
    for each in (own, shared):
        each.mkdir(parents=True, exist_ok=True)
    files = specimen.kind.make(Making(own, shared, specimen.seed, specimen.kind.name))
    done.write_text(json.dumps([str(files.picture), str(files.sound)]))
    return files


@lru_cache
def _version() -> str:
    """Of all that draws the zoo."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]


def examine(name: str, files: Files) -> Seen:
    """What `examine_files` says of a specimen."""
    from yt360_tools.config import Config
    from yt360_tools.examine.files import examine_files

    try:
        found = examine_files(files.picture, files.sound, Config())
    except Exception:
        return Seen(name, "", {}, trouble=traceback.format_exc())
    reasons: dict[str, tuple[str, ...]] = {}
    for finding in found.findings:
        reasons[finding.severity] = (*reasons.get(finding.severity, ()), finding.code)
    return Seen(
        name,
        found.verdict,
        reasons,
        tuple(f"{one.severity} {one.code}: {one.text}" for one in found.findings),
        (found.layout.projection, found.layout.stereo) if found.layout else None,
        tuple(found.channel_map),
        tuple(found.channel_gains),
    )


def show(name: str, folder: Path, keep: bool = False) -> Seen:
    """A specimen made, examined and, unless it is kept, removed."""
    specimen = BY_NAME[name]
    begun = _cpu_s()
    files = make(specimen, folder)
    made = _cpu_s()
    seen = examine(name, files)
    if not keep:
        shutil.rmtree(folder / specimen.name.replace("%", ""))
    return replace(seen, made_s=made - begun, examined_s=_cpu_s() - made)


def _cpu_s() -> float:
    """Of this process and its children that have ended."""
    return sum(os.times()[:4])


BY_NAME: dict[str, Specimen] = {one.name: one for one in SPECIMENS}


def show_all(
    folder: Path, *, keep: bool = False, names: Iterable[str] = tuple(BY_NAME), processes: int = 2
) -> list[Seen]:
    """All specimens made and examined, in order; those of one scene by one process, which draws it once."""
    names = tuple(names)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_use_one_thread) as pool:
        shown = pool.map(partial(_show_each, folder=folder, keep=keep), _by_scene(names))
        seen = {one.specimen: one for group in shown for one in group}
    return [seen[name] for name in names]


def _by_scene(names: Iterable[str]) -> list[list[str]]:
    scenes: dict[int, list[str]] = {}
    for name in names:
        specimen = BY_NAME[name]
        scenes.setdefault(scene_seed(specimen.seed, specimen.kind.name), []).append(name)
    return sorted(scenes.values(), key=len, reverse=True)


def _show_each(names: Iterable[str], folder: Path, keep: bool) -> list[Seen]:
    return [show(name, folder, keep) for name in names]


def _use_one_thread() -> None:
    import cv2

    cv2.setNumThreads(1)
