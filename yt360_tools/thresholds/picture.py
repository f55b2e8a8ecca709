"""What the picture of a file is held against."""

from dataclasses import dataclass

from yt360_tools.thresholds.threshold import threshold


@dataclass(frozen=True)
class PictureThresholds:
    """The section ``[picture]``; each field tells its unit, its range and its origin."""

    least_side_px: int = threshold(
        16, 1, 4096, unit="px",
        says="a picture with a shorter side is rejected",
        origin="such a sphere has fewer than 8 pixels across a view of 90 degrees",
    )  # fmt: skip
    small_side_px: int = threshold(
        64, 1, 4096, unit="px",
        says="a picture with a shorter side is doubtful",
        origin="such a sphere has fewer than 32 pixels across a view of 90 degrees",
    )  # fmt: skip
    seam_meets_from: float = threshold(
        0.6, -5, 5, unit="odds",
        says="above it the left and the right edge meet",
        origin="5 of 100 spheres and 97 of 100 flat films lie below 0.9 (five kinds of drawn scenes, even seeds)",
    )  # fmt: skip
    seam_parts_below: float = threshold(
        -1.0, -5, 5, unit="odds",
        says="below it the left and the right edge do not meet; in between little is said",
        origin="four of five flat films lie below, no sphere of the scenes above, fog and night among them",
    )  # fmt: skip
    seam_eac_from: float = threshold(
        -0.3, -5, 5, unit="odds",
        says="above it the edges of EAC's faces meet",
        origin="95 of 100 EAC frames lie above 0.4, 95 of 100 others below -0.9 (the same scenes)",
    )  # fmt: skip
    seam_cubemap_from: float = threshold(
        1.3, -5, 5, unit="odds",
        says="above it the edges of a cubemap's faces meet, in the best of eight arrangements",
        origin="95 of 100 cubemaps lie above 2.2, 95 of 100 others below 0.4 (the same scenes)",
    )  # fmt: skip
    halves_alike_from: float = threshold(
        0.75, 0, 1, unit="",
        says="above it two halves of a frame are two eyes: the correlation of their details",
        origin="95 of 100 pairs of eyes lie above 0.9, 95 of 100 single spheres below 0.65 (the same scenes)",
    )  # fmt: skip
    pole_uneven_from: float = threshold(
        0.35, 0, 10, unit="",
        says="above it neither the first nor the last row is a pole: their deviation over that of rows between",
        origin="95 of 100 spheres lie below 0.4, the median of flat films is 0.5 (the same scenes)",
    )  # fmt: skip
    bars_least_share: float = threshold(
        0.04, 0.01, 0.4, unit="share",
        says="even bars at two opposite edges must be so wide to count",
        origin="a film of 16:9 in a frame of 2:1 has bars of 5.6 %",
    )  # fmt: skip
    layout_certain_from: float = threshold(
        0.97, 0.5, 1, unit="score",
        says="a layout with this score is certain: it overrules a header, or rejects what is no sphere",
        origin="no wrong layout of the scenes above reached it",
    )  # fmt: skip
    layout_clear_from: float = threshold(
        0.8, 0.3, 1, unit="score",
        says="where nothing else tells, a layout with this score is taken without a doubt",
        origin="one of 100 decisions at this score was wrong in the scenes above, at most",
    )  # fmt: skip
    layout_denied_below: float = threshold(
        0.02, 0, 0.5, unit="score",
        says="what a header says is denied where its layout has no greater score",
        origin="twice the odds of a wrong header among files of unknown origin, as a guess",
    )  # fmt: skip
    frozen_least_s: float = threshold(
        1.0, 0.1, 3600, unit="s",
        says="a picture that stands for so long is frozen, or black",
        origin="a training sample of the paper is half a second of video: shorter stops do no harm",
    )  # fmt: skip
    frozen_frame_bytes: float = threshold(
        64.0, 0, 1e6, unit="B",
        says="a predicted frame's packet with no more, and `frozen_block_bytes` a block, is suspicious",
        origin="headers of H.264 and VP9 frames in which nothing changes take 10 to 60 bytes (stills of 384 x 192)",
    )  # fmt: skip
    frozen_block_bytes: float = threshold(
        0.05, 0, 100, unit="B",
        says="what a suspicious packet may have for each block of 16 x 16 pixels",
        origin="a run of skipped blocks takes a few bytes; moving pictures take 0.5 and more",
    )  # fmt: skip
    frozen_intra_change: float = threshold(
        0.0005, 0, 1, unit="share",
        says="of frames coded each on its own: sizes that differ by no more are suspicious",
        origin="the same picture takes the same bytes; a sensor's noise changes them by more than a thousandth",
    )  # fmt: skip
    frozen_most_share: float = threshold(
        0.6, 0, 1, unit="share",
        says="a picture that stands, or is black, for so much of the time is rejected",
        origin="less than half of such a video could be used",
    )  # fmt: skip
    black_most_share: float = threshold(
        0.6, 0, 1, unit="share",
        says="a picture of one colour for so much of the time is rejected",
        origin="as `frozen_most_share`",
    )  # fmt: skip
    black_most_levels: float = threshold(
        8.0, 0, 128, unit="levels",
        says="pixels that differ from a frame's median colour by no more show nothing",
        origin="codecs leave a flat colour within 3 levels; the darkest of the drawn nights reaches 20",
    )  # fmt: skip
    still_most_change: float = threshold(
        7.0, 0, 128, unit="levels",
        says="frames show the same where no block's mean differs by more",
        origin="stills through H.264 and VP9 differ by up to 6.3 at key frames (384 x 192); a dot of 4 px by 20",
    )  # fmt: skip
    still_least_share: float = threshold(
        0.9, 0, 1, unit="share",
        says="one picture that stands for so much of the time makes a still",
        origin="what is left are beginnings and ends",
    )  # fmt: skip
    still_most_stir: float = threshold(
        6.0, 0, 128, unit="levels",
        says="more change of a block of 4 x 4 pixels, late in a group of frames, is something that moves",
        origin="stills through eleven coders, 384 and 1920 wide: at most 5; leaves and dots of 4 to 6 px: 7 to 60",
    )  # fmt: skip
    still_most_flicker: float = threshold(
        0.001, 0, 1, unit="share",
        says="frames of one group that differ by 2 levels and more in no more pixels repeat the same picture",
        origin="stills through H.264 up to 0.0009; a sensor's noise 0.002 and more",
    )  # fmt: skip
    still_most_unlike: float = threshold(
        0.01, 0, 1, unit="share",
        says="key frames that differ by 2 levels and more in no more pixels repeat the same picture",
        origin="stills through eleven coders: 0 to 0.001; a sensor's noise: 0.02 to 0.5",
    )  # fmt: skip
    still_least_noise: float = threshold(
        0.04, 0, 1, unit="share",
        says="where all differ in more pixels, it is a sensor's noise, and no still",
        origin="noise of 1.5 to 2.5 levels leaves 0.04 and more, but for a dark scene through ProRes: 0.02",
    )  # fmt: skip
    still_sure_share: float = threshold(
        0.5, 0, 1, unit="share",
        says="a still is rejected where its frames repeat for so much of the time, else it is a doubt",
        origin="a still's frames repeat all along; what is doubtful are single groups of frames",
    )  # fmt: skip
    slideshow_least_pictures: int = threshold(
        3, 2, 1000, unit="pictures",
        says="so many different pictures that stand make a slideshow",
        origin="two may be a film with a title before or behind it",
    )  # fmt: skip
    slideshow_least_change: float = threshold(
        0.4, 0, 1, unit="share",
        says="pictures are different slides where so much of their area differs",
        origin="what walks through a tripod's view fills less; two photographs differ nearly everywhere",
    )  # fmt: skip
    slideshow_least_share: float = threshold(
        0.5, 0, 1, unit="share",
        says="pictures that stand for so much of the time make a slideshow",
        origin="slides of 2 s with fades of 1 s stand for two thirds of the time",
    )  # fmt: skip
    rate_uneven_share: float = threshold(
        0.05, 0, 1, unit="share",
        says="so many frames at uneven distances make a variable rate",
        origin="a constant rate has none but for a container's rounding",
    )  # fmt: skip
