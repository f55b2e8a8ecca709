"""What a sound really is: its levels and faults, whether it is a sound field, and how its channels count."""

from dataclasses import dataclass
from pathlib import Path

from yt360_tools.examine.findings import Finding, Hypothesis
from yt360_tools.examine.sound_copies import copy_findings, measure_likeness
from yt360_tools.examine.sound_decision import decide_format
from yt360_tools.examine.sound_field import FieldNumbers, field_numbers
from yt360_tools.examine.sound_formats import PLAIN, Format, Judged, candidate_formats, judge_formats
from yt360_tools.examine.sound_levels import Levels, empty_findings, fault_findings, measure_levels
from yt360_tools.examine.sound_reading import Reading
from yt360_tools.media.ambisonic_channels import ambisonic_count
from yt360_tools.media.probe import SoundProbe
from yt360_tools.media.sound_stretches import SoundStretches, read_stretches
from yt360_tools.thresholds.sound import SoundThresholds

Four = tuple[int, int, int, int]
Gains = tuple[float, float, float, float]

FIRST_FOUR: Four = (0, 1, 2, 3)
_MOST_KEPT = 8
_UNPROVEN = ("not_ambisonic", "format_unsure")


@dataclass(frozen=True)
class SoundExamination:
    """What a sound is.

    Attributes:
        findings: in the order in which they were found.
        formats: what its channels may be, the best first; empty where there was nothing to tell it by.
        channel_map: which decoded channels are W, Y, Z, X.
        gains: what these are multiplied by to be SN3D; all 1 for AmbiX.
        levels_dbfs: of each decoded channel, RMS relative to full scale; -120 for nothing.
    """

    findings: tuple[Finding, ...]
    formats: tuple[Hypothesis, ...] = ()
    channel_map: Four = FIRST_FOUR
    gains: Gains = PLAIN
    levels_dbfs: tuple[float, ...] = ()


def examine_sound(
    path: Path, probe: SoundProbe, *, declared_map: tuple[int, ...] | None, thresholds: SoundThresholds
) -> SoundExamination:
    """What the sound of a file really is.

    Args:
        probe: what `media.probe.probe_sound` says of it.
        declared_map: which decoded channels are W, Y, Z, X, where somebody says so.

    Raises:
        MediaError: its sound does not decode: ``unreadable_sound``, ``unexpected_channels``, ``empty_file`` or
            ``no_sound``.
    """
    needed = max(declared_map, default=3) + 1 if declared_map else 4
    if probe.channels < needed or (declared_map is not None and len(declared_map) < 4):
        said = f"its sound has {probe.channels} channels; {max(4, needed)} are needed"
        return SoundExamination((Finding("too_few_channels", "reject", said, {"channels": float(probe.channels)}),))
    if probe.sample_rate_hz < thresholds.useless_rate_hz:
        said = f"its sample rate is {probe.sample_rate_hz} Hz: there is nothing in it to tell directions by"
        return SoundExamination((Finding("low_rate", "reject", said, {"rate_hz": float(probe.sample_rate_hz)}),))
    declared = None if declared_map is None else (declared_map[0], declared_map[1], declared_map[2], declared_map[3])
    ambisonic = ambisonic_count(probe.channels, probe.layout_name)
    kept = needed if declared or ambisonic else min(probe.channels, _MOST_KEPT)
    sound = read_stretches(path, probe, range(kept))
    levels = measure_levels(sound, thresholds)
    told = tuple(float(level) for level in levels.levels_dbfs)
    faults = fault_findings(sound, levels, thresholds)
    if levels.is_silent or not sound.stretches:
        return SoundExamination(faults, (), declared or FIRST_FOUR, PLAIN, told)
    numbers = field_numbers(sound.stretches, sound.sample_rate_hz)
    judged = judge_formats(
        candidate_formats(probe.channels, ambisonic, declared, thresholds), numbers, levels.dead, thresholds
    )
    chosen, said_of_format = decide_format(judged, _clipped_share(faults), thresholds)
    found = _field_findings(sound, levels, numbers, judged, chosen, said_of_format, thresholds)
    if declared is None and ambisonic is not None and ambisonic < probe.channels:
        found += (_extra_channels(ambisonic, probe.channels),)
    if declared is None and ambisonic is None and any(finding.code in _UNPROVEN for finding in found):
        found += (_unexpected(probe),)
    return SoundExamination(faults + found, judged.hypotheses, chosen.places, chosen.gains, told)


def _field_findings(
    sound: SoundStretches,
    levels: Levels,
    numbers: FieldNumbers,
    judged: Judged,
    chosen: Format,
    of_format: tuple[Finding, ...],
    thresholds: SoundThresholds,
) -> tuple[Finding, ...]:
    """What the channels are together; where a channel or two explain it all, formats have no say."""
    empty = empty_findings(sound, levels, chosen.places, thresholds)
    if any(finding.severity == "reject" for finding in empty):
        return empty
    likeness = measure_likeness(numbers, chosen.places, levels.dead, thresholds)
    copies = copy_findings(likeness, judged, numbers.total, thresholds)
    if any(finding.severity == "reject" for finding in copies):
        return empty + copies
    if any(finding.code == "dead_channels" for finding in empty):
        return empty + copies + of_format  # what W has alone may be theirs
    return empty + copies + of_format + _laid_over(judged.readings[chosen.name], chosen, levels, of_format, thresholds)


def _laid_over(
    reading: Reading,
    chosen: Format,
    levels: Levels,
    of_format: tuple[Finding, ...],
    thresholds: SoundThresholds,
) -> tuple[Finding, ...]:
    """Much of W that no other channel hears, in some bands or for some time.

    Where Z is empty, Y and X hear little of a source high above as well; but what they hear of it is W's.
    """
    if not reading.is_told or any(finding.code == "not_ambisonic" for finding in of_format):
        return ()
    is_alone = reading.block_ratios_db < chosen.ratio_db - thresholds.w_alone_db
    if chosen.places[2] in levels.dead:
        is_alone &= reading.directness < thresholds.w_alone_directness
    share = float(is_alone.mean())
    if share < thresholds.laid_over_share:
        return ()
    said = f"in {100 * share:.0f} % of what sounds, W is alone: is music or speech laid over?"
    return (Finding("laid_over", "doubt", said, {"w_alone_share": share}),)


def _unexpected(probe: SoundProbe) -> Finding:
    """Nothing says that so many channels are ambisonics, neither their number nor what they sound like."""
    named = "" if probe.layout_name == f"{probe.channels} channels" else f" ({probe.layout_name})"
    said = (
        f"its sound has {probe.channels} channels{named}, which need not be ambisonics, and do not "
        "sound like it; if they are, set validate.channel_map to the places of W, Y, Z, X, such as '0,1,2,3'"
    )
    return Finding("unexpected_channels", "reject", said, {"channels": float(probe.channels)})


def _clipped_share(faults: tuple[Finding, ...]) -> float:
    return max((one.numbers["clipped_share"] for one in faults if one.code == "clipping"), default=0.0)


def _extra_channels(ambisonic: int, channels: int) -> Finding:
    said = f"behind its {ambisonic} ambisonic channels there are {channels - ambisonic} head-locked ones, left out"
    return Finding("head_locked", "fix", said, {"ambisonic": float(ambisonic), "channels": float(channels)})
