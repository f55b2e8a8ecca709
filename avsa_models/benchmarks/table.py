"""Benchmarks' outcomes as a table for people."""

from collections.abc import Mapping, Sequence
from typing import Any

_HEADINGS = ("benchmark", "judged from", "accuracy", "95 % interval", "pairs", "videos")
_FOOTNOTE = "* at chance by construction: each picture and each sound stands in two pairs, one true and one false"


def outcome_table(outcomes: Sequence[Mapping[str, Any]]) -> str:
    """Lines for people of outcomes as `outcome.Outcome.to_dict` gives them; a few rows each."""
    rows = [_HEADINGS]
    for outcome in outcomes:
        controls = outcome["controls"]
        size = (str(outcome["pairs"]), str(outcome["videos"]))
        rows += [
            (outcome["benchmark"], "sound and picture", *_score(outcome), *size),
            ("", "sound alone*", *_score(controls["sound_alone"]), "", ""),
            ("", "picture alone*", *_score(controls["picture_alone"]), "", ""),
            ("", "chance", _percent(outcome["chance"]), "", "", ""),
        ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    return "\n".join([*(_line(row, widths) for row in rows), _FOOTNOTE])


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    words, numbers = list(zip(row, widths, strict=True))[:2], list(zip(row, widths, strict=True))[2:]
    cells = [word.ljust(width) for word, width in words] + [number.rjust(width) for number, width in numbers]
    return "  ".join(cells).rstrip()


def _score(score: Mapping[str, Any]) -> tuple[str, str]:
    low, high = score["interval"]
    return _percent(score["accuracy"]), f"{100 * low:.1f} to {100 * high:.1f} %"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
