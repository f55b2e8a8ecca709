"""How a threshold is written: a dataclass's field that knows its range, its unit and its origin."""

import dataclasses
from typing import Any


def threshold(default: float, low: float, high: float, *, unit: str, says: str, origin: str) -> Any:
    """A field of a thresholds' dataclass.

    Args:
        default: a float, or an int for what is counted.
        low, high: the least and the greatest value, both allowed.
        unit: such as ``s``, ``dB``, ``share`` or ``frames``.
        says: what it decides, as half a sentence.
        origin: where the default comes from: a measurement and its world, a specification, a definition.
    """
    metadata = {"range": (low, high), "unit": unit, "says": says, "origin": origin}
    return dataclasses.field(default=default, metadata=metadata)
