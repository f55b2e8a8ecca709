"""What tells how the channels of a sound count."""

from dataclasses import dataclass

from yt360_tools.thresholds.threshold import threshold


@dataclass(frozen=True)
class SoundFormatThresholds:
    """The part of the section ``[sound]`` that formats are told by: a format's score is Bayes' rule on some evidence.

    Evidence is in nats, natural logarithms of odds: 3 is 20 to 1. For the words of origins see `SoundThresholds`.
    """

    exact_ratio_db: float = threshold(
        0.3, 0.01, 3, unit="dB",
        says="how near the ratio of Y, Z, X to W comes to theory where all bands agree",
        origin="drawn fields without a room: at most 0.05 dB off, 0.11 through lossy codecs",
    )  # fmt: skip
    real_ratio_db: float = threshold(
        1.7, 0.1, 10, unit="dB",
        says="how far that ratio is off (standard deviation) where bands disagree, as with real microphones",
        origin="the real recordings: +1.0 and -2.8 dB from theory, bands 1.3 and 0.6 dB apart",
    )  # fmt: skip
    usual_elevation_rad: float = threshold(
        0.44, 0.01, 1.6, unit="rad",
        says="the middle of all sources lies so far from the horizon often enough",
        origin="25 degrees: the orchestra below its microphone is at 32, a choice",
    )  # fmt: skip
    impossible_share: float = threshold(
        0.04, 0.001, 1, unit="share",
        says="where W is 20 dB below Y, Z and X in so much of what sounds, this speaks strongly against a sound field; "
        "with twice as much it proves that there is none",
        origin="the real recordings 0, drawn fields at most 0.003; four unrelated tracks 0.2 to 0.3, quad 0.1",
    )  # fmt: skip
    most_lag: float = threshold(
        0.40, 0, 2, unit="correlation",
        says="by so much two channels may be more alike at another time than at once",
        origin="the real recordings 0.06, drawn rooms up to 0.33; stereo with delayed copies at the back 0.5 to 0.7",
    )  # fmt: skip
    certain_lag: float = threshold(
        0.60, 0, 2, unit="correlation",
        says="with more, the channels are no coincident ones for sure",
        origin="as `most_lag`",
    )  # fmt: skip
    unrelated_prior: float = threshold(
        1.0, 0.001, 100, unit="odds",
        says="how often four channels are no sound field, where AmbiX counts 5",
        origin="a choice: whoever collects 360 degree videos meets few of them",
    )  # fmt: skip
    unrelated_ratio_db: float = threshold(
        5.0, 0.1, 40, unit="dB",
        says="how far (standard deviation) the ratio of three unrelated channels to a fourth is from three to one",
        origin="tracks of a mix differ by some 5 dB in level",
    )  # fmt: skip
    unrelated_likeness: float = threshold(
        0.03, 0, 1, unit="correlation",
        says="channels that are all less alike have nothing to do with each other",
        origin="four independent noises: at most 0.02; rain from 40 directions: 0.27 and more",
    )  # fmt: skip
    unrelated_score: float = threshold(
        0.6, 0, 1, unit="score",
        says="from this score of not_ambisonic on it is said",
        origin="a choice: more likely than not",
    )  # fmt: skip
    fix_score: float = threshold(
        0.8, 0.5, 1, unit="score",
        says="from this score on another format than AmbiX is taken",
        origin="the real recordings score 0.87 and 0.89 as FuMa; turned about as AmbiX at most 0.29",
    )  # fmt: skip
    stay_score: float = threshold(
        0.3, 0, 1, unit="score",
        says="from this score on AmbiX is taken without a doubt, if no other may be",
        origin="the real recordings turned about as AmbiX score 0.70 and more",
    )  # fmt: skip
    ambix_prior: float = threshold(
        5.0, 0.001, 1000, unit="odds",
        says="how often four channels are AmbiX",
        origin="a choice: nearly all published spatial sound is AmbiX",
    )  # fmt: skip
    fuma_prior: float = threshold(
        1.0, 0.001, 1000, unit="odds",
        says="how often they are FuMa",
        origin="a choice: recordings older than 2016, and some of their converted copies",
    )  # fmt: skip
    n3d_prior: float = threshold(
        0.12, 0.0001, 1000, unit="odds",
        says="how often they are N3D",
        origin="a choice: software's own format, seldom published",
    )  # fmt: skip
    packed_prior: float = threshold(
        3.0, 0.001, 1000, unit="odds",
        says="how often six channels are first order packed as 5.1",
        origin="a choice: YouTube does it, and so do old players",
    )  # fmt: skip
    head_locked_prior: float = threshold(
        3.0, 0.001, 1000, unit="odds",
        says="how often channels behind the first four are none of the field",
        origin="a choice, as `packed_prior`",
    )  # fmt: skip
    most_evidence: float = threshold(
        8.0, 0.1, 50, unit="nats",
        says="no single evidence against a format weighs more",
        origin="odds of 3000 to 1: a choice, so that none alone decides for ever",
    )  # fmt: skip
    impossible_db: float = threshold(
        20.0, 1, 60, unit="dB",
        says="a moment in which W is so far below Y, Z and X is no sound's",
        origin="0.003 of the moments in drawn fields, where waves from opposite sides cancel each other",
    )  # fmt: skip
    impossible_evidence: float = threshold(
        4.0, 0, 50, unit="nats",
        says="what a share of `impossible_share` of such moments weighs",
        origin="odds of 50 to 1: a choice",
    )  # fmt: skip
    one_wave: float = threshold(
        0.8, 0, 1, unit="purity",
        says="from it on a moment's channels are one wave (trace of the squared covariance over its squared trace)",
        origin="1 for one signal at any gains, 0.25 for four equal unrelated ones",
    )  # fmt: skip
    in_phase: float = threshold(
        0.1, 0, 1, unit="share",
        says="and in phase, where no more of the covariance's amplitude is imaginary",
        origin="a plane wave has 0; echoes of a note in a room, which may have any gains, 0.3 and more mostly",
    )  # fmt: skip
    panned_db: float = threshold(
        4.0, 0.1, 40, unit="dB",
        says="such a moment is panned if Y, Z and X are so much stronger beside W than in a plane wave",
        origin="microphones are off by 3 dB at most (the orchestra)",
    )  # fmt: skip
    panned_share: float = threshold(
        0.01, 0.0001, 1, unit="share",
        says="so many panned moments (by amplitude) weigh `panned_evidence`; more of them more",
        origin="the demo world as AAC at 32 kb/s a channel up to 0.005; quad 0.004 to 0.16, cinema 0.011 and more",
    )  # fmt: skip
    panned_evidence: float = threshold(
        4.0, 0, 50, unit="nats",
        says="what they weigh",
        origin="odds of 50 to 1: a choice",
    )  # fmt: skip
    lag_evidence: float = threshold(
        20.0, 0, 500, unit="nats",
        says="what a correlation of 1 beyond `most_lag` weighs",
        origin="at `certain_lag` odds of 50 to 1: a choice",
    )  # fmt: skip
    odd_axis_evidence: float = threshold(
        3.0, 0, 50, unit="nats",
        says="what an empty channel that is not Z weighs",
        origin="odds of 20 to 1: recorders leave out heights alone",
    )  # fmt: skip
    packed_evidence: float = threshold(
        2.0, 0, 50, unit="nats",
        says="what the two empty channels of first order packed as 5.1 weigh",
        origin="odds of 7 to 1: 5.1 for cinemas may have an empty channel as well",
    )  # fmt: skip
    unrelated_evidence: float = threshold(
        4.0, 0, 50, unit="nats",
        says="what it weighs that all channels are less alike than `unrelated_likeness`",
        origin="odds of 50 to 1; independent noises have the ratio of N3D in all bands",
    )  # fmt: skip
    related_evidence: float = threshold(
        3.0, 0, 50, unit="nats",
        says="what it weighs that W is never missing, nothing is panned, and moments have a direction",
        origin="odds of 20 to 1, a choice: unrelated tracks, quad and cinema sound have moments without W",
    )  # fmt: skip
    related_directed: float = threshold(
        0.05, 0, 1, unit="share",
        says="so many moments have a direction where channels are related",
        origin="unrelated tracks have 0; the real recordings 0.18 and 0.21",
    )  # fmt: skip
    unrelated_spread_db: float = threshold(
        0.5, 0.01, 20, unit="dB",
        says="bands differ by so much in the ratio of Y, Z, X to W where channels are unrelated, or microphones bad",
        origin="drawn quad, cinema sound and unrelated tracks 0.48 to 16 dB; drawn fields without a room at most 0.27",
    )  # fmt: skip
    least_agreement: float = threshold(
        0.05, 0.001, 1, unit="share",
        says="perfectly equal bands are still that likely for these",
        origin="odds of 20 to 1: a choice",
    )  # fmt: skip
    spread_widening: float = threshold(
        3.3, 0.1, 50, unit="times",
        says="the ratio is off theory by so much of what bands differ by",
        origin="the real recordings: +1.0 and -2.8 dB off, bands 1.3 and 0.6 dB apart; at most `real_ratio_db`",
    )  # fmt: skip
    odd_ratio: float = threshold(
        0.005, 0, 1, unit="share",
        says="how often a true format's ratio is off by twice as much as microphones are",
        origin="a choice, so that one bad number proves nothing",
    )  # fmt: skip
    laid_ratio: float = threshold(
        0.02, 0, 1, unit="share",
        says="how often something in W alone lowers it by up to 20 dB",
        origin="a choice: music laid over is rare",
    )  # fmt: skip
    empty_z_shift_db: float = threshold(
        0.5, 0, 5, unit="dB",
        says="the ratio is so much lower where Z is empty",
        origin="half of the 1 dB that sources 25 degrees above the horizon lose",
    )  # fmt: skip
    empty_z_width_db: float = threshold(
        1.0, 0.01, 10, unit="dB",
        says="and no nearer to theory than so",
        origin="a diffuse field loses 1.8 dB, one source on the horizon nothing",
    )  # fmt: skip
    directed: float = threshold(
        0.75, 0, 1, unit="directness",
        says="from it on a moment counts as one source's",
        origin="1 for a lone plane wave; about 0.2 in a diffuse field",
    )  # fmt: skip
    least_directed: int = threshold(
        60, 1, 100000, unit="moments",
        says="with fewer such moments nothing is said of directions",
        origin="a choice: the mean direction of 60 is known to 5 degrees",
    )  # fmt: skip
    least_band_directed: int = threshold(
        15, 1, 100000, unit="moments",
        says="a third octave with fewer of them has no direction",
        origin="a choice: to 10 degrees",
    )  # fmt: skip
    least_bands: int = threshold(
        5, 2, 20, unit="bands",
        says="with fewer bands that have one nothing is said of up and down",
        origin="a choice: of 13 third octaves",
    )  # fmt: skip
    front_narrow: float = threshold(
        0.2, 0, 1, unit="share",
        says="so often the middle of all sources is within some 15 degrees of the front",
        origin="a choice: a stage or a speaker is in front of who records",
    )  # fmt: skip
    front_broad: float = threshold(
        0.4, 0, 1, unit="share",
        says="and so often within some 50 degrees; else anywhere",
        origin="a choice; the real recordings are at 2 and -13 degrees",
    )  # fmt: skip
    upright_spread: float = threshold(
        0.03, 0, 1, unit="square",
        says="bands whose directions differ by less (variance) tell nothing of up and down",
        origin="the real recordings 0.026 and 0.042; drawn rooms with a voice 0.001, several sources 0.1 and more",
    )  # fmt: skip
    most_clipped: float = threshold(
        0.05, 0, 1, unit="share",
        says="with more of its samples clipped a sound's format is not fixed, but doubted",
        origin="5 in 100 clipped: the ratio is 0.3 to 0.6 dB higher; 40 in 100: 2.3 to 2.6, as if FuMa",
    )  # fmt: skip
    steady_db: float = threshold(
        1.1, 0, 20, unit="dB",
        says="with levels nearer to AmbiX's a sound is another format's for certain only if its ratio wanders less",
        origin="the orchestra (whose levels say AmbiX) 0.8, parts of it 0.6 to 1; notes in drawn rooms 1.1 to 2.7",
    )  # fmt: skip
