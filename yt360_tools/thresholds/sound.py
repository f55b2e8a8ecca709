"""What the sound of a file is held against."""

from dataclasses import dataclass

from yt360_tools.thresholds.sound_formats import SoundFormatThresholds
from yt360_tools.thresholds.threshold import threshold


@dataclass(frozen=True)
class SoundThresholds(SoundFormatThresholds):
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
    useless_rate_hz: int = threshold(
        1000, 800, 768_000, unit="Hz",
        says="a lower sample rate is rejected",
        origin="the bands that a sound field is judged by begin at 200 Hz",
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
    most_bad: float = threshold(
        0.9, 0, 1, unit="share",
        says="sound of whose seconds so many hold a value that is no finite number is rejected",
        origin="no clip could be made of it: one such value spoils a clip",
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
    stuck_share: float = threshold(
        0.0002, 0, 1, unit="share",
        says="with so many of its samples in runs at exactly its greatest value a channel is clipped",
        origin="58 unclipped sounds as 16 bits, saturated ones among them: 0; 1 in 100 clipped: 0.003 and more",
    )  # fmt: skip
    finest_step: float = threshold(
        0.001, 0, 1, unit="of the peak",
        says="a PCM whose values are further apart does not show by equal values that it is clipped",
        origin="a sine of 16 bits at -30 dBFS: a quarter of what is within 1% of its top has the top's value",
    )  # fmt: skip
    long_top: float = threshold(
        2.0, 1, 100, unit="times",
        says="a top is flat where a wave stays so much longer within 7% of it than it took to come there from half",
        origin="a sine stays 1.1 times as long; one clipped at five sixths of its peak 3 times",
    )  # fmt: skip
    least_tops: float = threshold(
        10.0, 1, 10_000, unit="tops",
        says="with fewer flat tops a channel is not clipped",
        origin="a choice: the median of ten rises is off by a tenth",
    )  # fmt: skip
    clipped_share: float = threshold(
        0.004, 0, 1, unit="share",
        says="so many of a channel's samples lie on flat tops where it was clipped before a lossy codec",
        origin="5 samples in 100 clipped, then Opus, AAC or Vorbis: 0.015 and more for 9 of 10",
    )  # fmt: skip
    much_clipped: float = threshold(
        0.08, 0, 1, unit="share",
        says="so many where the ceiling is so low that a codec's overshoot hides it",
        origin="30 in 100 clipped: 0.082 and more; unclipped sounds of which the rest is alike: at most 0.03",
    )  # fmt: skip
    straight_rise: float = threshold(
        0.97, 0, 10, unit="times",
        says="and their waves take no longer from three quarters of them to the top than from half to three quarters",
        origin="30 in 100 clipped: 0.5 to 0.97 for two of three; unclipped sounds with the rest alike: 1.03 and more",
    )  # fmt: skip
    ceiling_spread: float = threshold(
        0.06, 0, 1, unit="of the ceiling",
        says="and their heights differ by no more",
        origin="30 in 100 clipped, then a lossy codec at 80 kb/s a channel: up to 0.055 for 9 of 10",
    )  # fmt: skip
    ceiling_heap: float = threshold(
        1.15, 0, 100, unit="times",
        says="and more samples lie around the ceiling than as far as 16% below it",
        origin="unclipped with the rest alike: at most 0.91; 30 in 100 clipped: 1.16 to 7 for 9 of 10",
    )  # fmt: skip
    above_ceiling: float = threshold(
        0.3, 0, 1, unit="share",
        says="and hardly any as far above it",
        origin="5 and 30 in 100 clipped: up to 0.28 for 9 of 10, through lossy codecs",
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
        0.008, 0, 1, unit="correlation",
        says="two channels that are alike but for so little are copies",
        origin="copies through AAC at 80 kb/s a channel: 0.9947 alike and more; through Opus and Vorbis: 1",
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
    w_alone_directness: float = threshold(
        0.4, 0, 1, unit="directness",
        says="where Z is empty, only moments with less are W's alone: a source high above is heard in Y and X, too",
        origin="with music laid over, half of such moments are below; of demo scenes without Z, a tenth",
    )  # fmt: skip
    w_gone_dbfs: float = threshold(
        -72.0, -120, 0, unit="dBFS",
        says="W is missed for a time where another channel is louder",
        origin="20 dB above what counts as an empty channel",
    )  # fmt: skip
    two_sources_score: float = threshold(
        0.5, 0, 1, unit="score",
        says="a format with more says whether two plane waves make such channels",
        origin="a choice: more likely than not",
    )  # fmt: skip
