"""The table in docs/conventions.md: its rows, and what their formulas give; they stand on that page alone."""

import functools
import math
import re
from pathlib import Path
from typing import Any

from yt360_tools import ambisonics, geometry, projection, records

PAGE = Path(__file__).parents[2] / "docs" / "conventions.md"

_NAMES: dict[str, Any] = {
    **{name: getattr(math, name) for name in ("atan", "degrees", "pi", "radians", "sqrt", "tan")},
    **{name: getattr(geometry, name) for name in ("Direction", "rotation_y", "rotation_z", "view_from_world")},
    **{name: getattr(projection, name) for name in ("Source", "viewport")},
    **{name: getattr(ambisonics, name) for name in ("convert", "mirror")},
    "SourceLayout": records.SourceLayout,
    "tuple": tuple,
}


@functools.cache
def formulas() -> dict[str, str]:
    """What stands in the right column, by what stands in the left one without its marks."""
    found = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and len(cells) == 3 and cells[0] != "Tool":
            formula = re.fullmatch("`(.*)`", cells[2])
            assert formula, f"the right column must be one formula: {line}"
            name = cells[0].replace("`", "")
            assert name not in found, f"two rows are called {name}"
            found[name] = formula[1]
    return found


def here(row: str, /, **theirs: Any) -> Any:
    """What a row's formula makes of a tool's own numbers."""
    return eval(formulas()[row], {"__builtins__": {}, **_NAMES}, theirs)
