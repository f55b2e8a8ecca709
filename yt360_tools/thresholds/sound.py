"""What the sound of a file is held against."""

from dataclasses import dataclass

from yt360_tools.thresholds.threshold import threshold


@dataclass(frozen=True)
class SoundThresholds:
    """The section ``[sound]``; each field tells its unit, its range and its origin.

    "Drawn fields" are those of tests/examine: lone and several voices, notes, rain from all around, rooms of image
    sources, as PCM and through Opus, Vorbis, AAC and FLAC. "The real recordings" are two concerts in B-format (choir
    and orchestra of JSAmbisonics), as they are and turned about.
    """

    least_rate_hz: int = threshold(
        16000, 1, 768_000, unit="Hz",
        says="a lower sample rate is a doubt",
        origin="the paper's spectrograms reach to 12 kHz; at 16 kHz voices and directions are still whole",
    )  # fmt: skip
    silent_dbfs: float = threshold(
        -80.0, -120, 0, unit="dBFS",
        says="a tenth of a second in which no channel is louder is silent",
        origin="20 dB above the rounding noise of 16 bits (-101 dBFS); quiet drawn fields are at -60 dBFS",
    )  # fmt: skip
    least_silence_s: float = threshold(
        1.0, 0.1, 3600, unit="s",
        says="a shorter silence is none",
        origin="one second of sound is a training sample in the paper (arXiv 2011.01819)",
    )  # fmt: skip
    most_silence: float = threshold(
        0.5, 0, 1, unit="share",
        says="a track of which more is silent is a doubt",
        origin="a choice: from there on most of it is nothing to hear",
    )  # fmt: skip
    dead_below_db: float = threshold(
        50.0, 10, 120, unit="dB",
        says="a channel so far below the loudest one is empty",
        origin="a source 0.2 degrees above the horizon is 50 dB weaker in Z; Opus leaves an empty channel below -90 dB",
    )  # fmt: skip
    dead_dbfs: float = threshold(
        -92.0, -120, 0, unit="dBFS",
        says="a channel below this level is empty",
        origin="dither of 16 bits has -96 dBFS",
    )  # fmt: skip
    faint_db: float = threshold(
        30.0, 6, 120, unit="dB",
        says="a channel so far below the loudest one has no part in what the others are told by",
        origin="a recorder without heights leaves its own noise in Z; a source 2 degrees above the horizon",
    )  # fmt: skip
    flat_tops: float = threshold(
        0.05, 0, 1, unit="share",
        says="so many of a channel's highest tops are flat where it was clipped",
        origin="clipped to half, then Opus: 0.08 to 0.98; unclipped 0.01 to 0.1, but then few samples lie on them",
    )  # fmt: skip
    clipped_share: float = threshold(
        0.004, 0, 1, unit="share",
        says="and so many of its samples lie on them",
        origin="the real recordings 0.0002, drawn voices up to 0.0022; clipped to half, then Opus: 0.007 and more",
    )  # fmt: skip
    stuck_share: float = threshold(
        0.0005, 0, 1, unit="share",
        says="with so many of its samples at its greatest value a sound is clipped",
        origin="smooth waves: none stand out; clipped to 7 tenths of the peak, the choir has 0.002",
    )  # fmt: skip
    least_offset: float = threshold(
        0.005, 0, 1, unit="of full scale",
        says="a constant offset is worth a note from here on",
        origin="-46 dBFS: below it no level is moved that anything here decides by",
    )  # fmt: skip
    most_offset: float = threshold(
        0.05, 0, 1, unit="of full scale",
        says="a greater constant offset is a doubt",
        origin="converters stay below a hundredth; at a twentieth something is broken",
    )  # fmt: skip
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
    one_signal_rest: float = threshold(
        0.02, 0, 1, unit="share",
        says="with less left, one signal explains all channels",
        origin="mono copied into four through lossy codecs leaves at most 0.0005; two voices leave 0.3",
    )  # fmt: skip
    two_signals_rest: float = threshold(
        0.01, 0, 1, unit="share",
        says="with less left, two signals explain all channels",
        origin="stereo copied into four through lossy codecs leaves at most 0.0014; the real recordings 0.25",
    )  # fmt: skip
    same_gain_db: float = threshold(
        0.5, 0, 6, unit="dB",
        says="copies no further apart are equally loud",
        origin="lossy codecs move a channel's level by a tenth of it",
    )  # fmt: skip
    copy_rest: float = threshold(
        0.005, 0, 1, unit="correlation",
        says="two channels that are alike but for so little are copies",
        origin="copies through AAC: 0.997 alike; through Opus and Vorbis: 1",
    )  # fmt: skip
    lone_source_db: float = threshold(
        0.7, 0, 6, unit="dB",
        says="a lone source's ratio of Y, Z, X to W is no further from that of a format",
        origin="drawn lone sources through lossy codecs: 0.1 dB",
    )  # fmt: skip
    empty_z_db: float = threshold(
        1.8, 0, 20, unit="dB",
        says="where Z is empty, the ratio of Y and X to W may be so much lower",
        origin="a diffuse field without its Z: two thirds; a source 36 degrees above the horizon",
    )  # fmt: skip
    no_source_db: float = threshold(
        3.0, 0, 20, unit="dB",
        says="further away, no direction has the gains of such copies",
        origin="half of all; microphones are off by 3 dB at most (the orchestra)",
    )  # fmt: skip
    w_alone_db: float = threshold(
        9.0, 0, 40, unit="dB",
        says="a moment in which Y, Z and X are so far below what they should be is W's alone",
        origin="the real recordings: never; drawn fields in rooms: 0.9% of the moments",
    )  # fmt: skip
    laid_over_share: float = threshold(
        0.04, 0, 1, unit="share",
        says="with so many such moments something is laid over W",
        origin="drawn fields at most 0.009; with notes half as loud as the field laid over 0.05, with speech 0.5",
    )  # fmt: skip
