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
        0.0, -5, 5, unit="log-odds",
        says="above it the left and the right edge meet",
        origin="all spheres lie above 0.2, 95 of 100 flat films and half spheres below -0.4 (260 sets of frames with "
        "even seeds: demo worlds and photographs on spheres, raw, and through H.264 at crf 22 and 30 and VP9, 240 to "
        "2160 lines)",
    )  # fmt: skip
    seam_alike_from: float = threshold(
        0.5, -1, 1, unit="correlation",
        says="above it what crosses the edges goes on beyond a stitch that moved or brightened it",
        origin="97 of 100 spheres lie above 0.53, 95 of 100 others below 0.51 (the same frames)",
    )  # fmt: skip
    seam_eac_from: float = threshold(
        0.3, -5, 5, unit="log-odds",
        says="above it the edges of EAC's faces meet; 0.4 are added where no other arrangement's meet better",
        origin="EAC frames lie above 1.2 and pairs of eyes in EAC above 0.5, with what is added; 97 of 100 others "
        "below -0.4 (the same frames)",
    )  # fmt: skip
    seam_cubemap_from: float = threshold(
        0.6, -5, 5, unit="log-odds",
        says="above it the edges of a cubemap's faces meet; 0.4 are added where the best arrangement is in use",
        origin="all cubemaps lie above 0.8, with what is added; 97 of 100 spheres below 0.5, flat films below -0.5 "
        "(the same frames)",
    )  # fmt: skip
    halves_alike_from: float = threshold(
        0.9, 0, 1, unit="correlation",
        says="above it two halves of a frame are two eyes: the correlation of their details",
        origin="all pairs of eyes lie above 0.92, all single spheres below 0.5, halls whose sides repeat at 0.7 to "
        "0.94 (the same frames)",
    )  # fmt: skip
    pole_even_below: float = threshold(
        -0.8, -5, 1, unit="",
        says="below it the first or the last row is a pole: the logarithm of its roughness over that of rows near it",
        origin="all spheres lie below it, their median at -2; the median of flat films is -0.1 (the same frames)",
    )  # fmt: skip
    bars_end_from: float = threshold(
        0.4, 0, 1, unit="share",
        says="bars end sharply where the picture begins within a sixty-fourth of the frame on more of their length",
        origin="films with bars: 0.8 and more; skies by night: below 0.01 (the same frames)",
    )  # fmt: skip
    bars_least_share: float = threshold(
        0.04, 0.01, 0.4, unit="share",
        says="even bars at two opposite edges must be so wide to count",
        origin="a film of 16:9 in a frame of 2:1 has bars of 5.6 %",
    )  # fmt: skip
    shape_most_off: float = threshold(
        0.03, 0, 1, unit="share",
        says="an equirectangular picture whose width over height differs by more from a whole sphere's is told of",
        origin="codecs' sizes are rounded to 16 pixels, 1.7 % of 960; 16:9 is 11 % off",
    )  # fmt: skip
    layout_certain_from: float = threshold(
        0.97, 0.5, 1, unit="score",
        says="a layout with this score is certain: it overrules a header, or rejects what is no sphere",
        origin="no wrong layout of the scenes above reached it, nor of 123 spheres that are easily mistaken",
    )  # fmt: skip
    layout_clear_from: float = threshold(
        0.8, 0.3, 1, unit="score",
        says="where nothing else tells, a layout with this score is taken without a doubt",
        origin="no decision at this score was wrong in the scenes above; 8 of 123 spheres were that are "
        "easily mistaken: a bad stitch and covered poles, noisy darkness, stripes all alike",
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
    unusable_least_s: float = threshold(
        2.0, 0, 3600, unit="s",
        says="a frozen or black span of so long, or longer, is left out of the clips of whole videos",
        origin="the default of ffmpeg's freezedetect and blackdetect; shorter stops leave enough of a clip",
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
