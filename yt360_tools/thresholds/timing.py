"""What the timing of a file is held against."""

from dataclasses import dataclass

from yt360_tools.thresholds.threshold import threshold


@dataclass(frozen=True)
class TimingThresholds:
    """The section ``[timing]``; each field tells its unit, its range and its origin."""

    most_offset_s: float = threshold(
        0.5, 0, 3600, unit="s",
        says="picture and sound may begin so far apart without a doubt",
        origin="half a second is the length of a training sample's video in the paper (arXiv 2011.01819)",
    )  # fmt: skip
    most_end_apart_s: float = threshold(
        5.0, 0, 3600, unit="s",
        says="picture and sound may end so far apart without a doubt",
        origin="cameras and editors stop their tracks within seconds of each other",
    )  # fmt: skip
    least_both_s: float = threshold(
        1.0, 0, 3600, unit="s",
        says="picture and sound must go together for so long",
        origin="one second of sound is a training sample in the paper (arXiv 2011.01819)",
    )  # fmt: skip
    most_back_s: float = threshold(
        0.1, 0, 3600, unit="s",
        says="timestamps may run backwards by so much",
        origin="decoding times never run backwards in a whole file; a tenth of a second is below two frames at 16 fps",
    )  # fmt: skip
    most_gap_s: float = threshold(
        10.0, 0, 36000, unit="s",
        says="the picture may have no frame for so long",
        origin="a clip of the paper lasts 10 s: with a longer gap one may hold a single frame",
    )  # fmt: skip
