"""What the picture of a file is held against."""

from dataclasses import dataclass

from yt360_tools.thresholds.threshold import threshold


@dataclass(frozen=True)
class PictureThresholds:
    """The section ``[picture]``; each field tells its unit, its range and its origin."""

    least_side_px: int = threshold(
        64, 1, 4096, unit="px",
        says="a picture with a shorter side shows nothing",
        origin="below it a 90 degree view of an equirectangular picture has fewer than 32 source pixels across",
    )  # fmt: skip
