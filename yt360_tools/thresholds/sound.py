"""What the sound of a file is held against."""

from dataclasses import dataclass

from yt360_tools.thresholds.threshold import threshold


@dataclass(frozen=True)
class SoundThresholds:
    """The section ``[sound]``; each field tells its unit, its range and its origin."""

    least_rate_hz: int = threshold(
        16000, 1, 768_000, unit="Hz",
        says="a lower sample rate is a doubt",
        origin="the paper's spectrograms reach to 12 kHz; at 16 kHz voices and directions are still whole",
    )  # fmt: skip
