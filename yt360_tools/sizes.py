"""Sizes of files and disks for a person."""

GB = 1e9
"""Bytes of a gigabyte, as options count them."""


def size_text(count: float, digits: int = 3) -> str:
    """Bytes in the greatest unit of which there is one at least: ``0 B``, ``100 B``, ``1.5 MB``, ``67.2 GB``.

    Args:
        count: 0 or more.
        digits: how many of the number are told.
    """
    if round(count) < 1000:
        return f"{round(count)} B"
    for unit in ("kB", "MB", "GB", "TB"):
        count /= 1000
        rounded = float(f"{count:.{digits}g}")
        if rounded < 1000:
            return f"{rounded:.{digits}g} {unit}"
    return f"{rounded:,.0f} TB"
