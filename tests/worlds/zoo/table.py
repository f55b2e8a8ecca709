"""The confusion table: what was drawn against what was said of it."""

from collections import Counter
from collections.abc import Sequence

from worlds.zoo.specimen import Specimen
from worlds.zoo.zoo import BY_NAME, JUDGED, TRAINING, Seen, faults

_HALVES = {TRAINING: "training", JUDGED: "judged"}


def confusion_table(seen: Sequence[Seen]) -> str:
    """A line a kind: what is right, and what came for each half; then what is wrong, and counts of verdicts."""
    by_kind: dict[str, dict[int, Seen]] = {}
    for one in seen:
        specimen = BY_NAME[one.specimen]
        by_kind.setdefault(specimen.kind.name, {})[specimen.seed] = one
    lines = [f"{'kind':36} {'drawn by':8} {'right':34} {'training':40} judged"]
    part = ""
    for name, halves in by_kind.items():
        kind = BY_NAME[next(iter(halves.values())).specimen].kind
        if kind.part != part:
            part = kind.part
            lines.append(f"-- {'sound files' if kind.is_sound else f'at fault: {part}'}")
        right = f"{'/'.join(kind.verdicts)} {'/'.join(kind.codes[:1])}"
        came = [_said(halves[half]) if half in halves else "" for half in _HALVES]
        lines.append(f"{name:36} {kind.drawn_by:8} {right:34} {came[0]:40} {came[1]}".rstrip())
    return "\n".join([*lines, "", *counts(seen), "", *wrong_lines(seen)])


def counts(seen: Sequence[Seen]) -> list[str]:
    """Verdicts by half and part, and how long all took."""
    lines = []
    for half, name in _HALVES.items():
        for is_sound, what in ((False, "at fault"), (True, "sound files")):
            chosen = [one for one in seen if _of(one).seed == half and _of(one).kind.is_sound == is_sound]
            verdicts = Counter(one.verdict or "exception" for one in chosen)
            wrong = sum(bool(faults(_of(one), one)) for one in chosen)
            told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
            lines.append(f"{name}, {what}: {len(chosen)} files: {told}; {wrong} wrong")
    drawn, examined = sum(one.made_s for one in seen), sum(one.examined_s for one in seen)
    return [*lines, f"{drawn:.0f} s of a processor to make them, {examined:.0f} s to examine them"]


def wrong_lines(seen: Sequence[Seen]) -> list[str]:
    """What is wrong with each wrong one, and all that was said of it."""
    lines = []
    for one in seen:
        specimen = _of(one)
        found = faults(specimen, one)
        if found:
            right = f"{'/'.join(specimen.kind.verdicts)} {'/'.join(specimen.kind.codes)}".strip()
            lines += [
                f"WRONG {one.specimen}: should be {right}; {'; '.join(found)}",
                *(f"    {text}" for text in one.texts),
            ]
    return lines


def _of(seen: Seen) -> Specimen:
    return BY_NAME[seen.specimen]


def _said(seen: Seen) -> str:
    verdict = seen.verdict or "exception"
    severity = "note" if verdict == "accept" else verdict
    mark = "*" if faults(_of(seen), seen) else ""
    return f"{mark}{verdict} {'/'.join(seen.reasons.get(severity, ()))}".strip()
