"""A video's files examined: picture, sound, and how they go together."""

import dataclasses
from pathlib import Path

from yt360_tools.config import Config
from yt360_tools.errors import MediaError
from yt360_tools.examine.declared import Declared
from yt360_tools.examine.examination import Examination
from yt360_tools.examine.findings import Finding
from yt360_tools.examine.picture import examine_picture
from yt360_tools.examine.sound import examine_sound
from yt360_tools.examine.timing import timing_findings
from yt360_tools.examine.tolerance import judged
from yt360_tools.media.completeness import check_complete
from yt360_tools.media.probe import check_decodes, probe_sound
from yt360_tools.media.probe_details import sound_details
from yt360_tools.media.sa3d import header_channel_map


def examine_files(
    picture: Path,
    sound: Path,
    config: Config,
    declared: Declared | None = None,
    channels: tuple[int, ...] | None = None,
) -> Examination:
    """What the picture in one file and the sound in another (or in the same) really are.

    Whatever is wrong with the files becomes a finding. What does not decode to its end is not looked at further.

    Args:
        declared: what somebody says of the picture; without it, its header and its content count.
        channels: which decoded channels are W, Y, Z, X, where somebody says so.

    Raises:
        EnvironmentMissing: ffmpeg is missing.
    """
    seen = examine_picture(picture, config, declared or Declared())
    heard = _examine_sound(sound, config, channels)
    findings = (*seen.findings, *heard.findings)
    if seen.picture and heard.sound:
        findings += timing_findings(seen.picture, heard.sound, config.timing)
    once = {(finding.code, finding.text): finding for finding in findings}  # one file for both is empty once
    rules = config.validate
    return dataclasses.replace(
        seen,
        findings=judged(once.values(), tolerate=rules.tolerate, refuse=rules.refuse),
        sound=heard.sound,
        formats=heard.formats,
        channel_map=heard.channel_map,
        channel_gains=heard.channel_gains,
        levels_dbfs=heard.levels_dbfs,
        sound_details=heard.sound_details,
    )


def _examine_sound(path: Path, config: Config, channels: tuple[int, ...] | None) -> Examination:
    """What its sound is; the picture's part stays empty."""
    found = Examination(())
    try:
        check_complete(path)
        probe = probe_sound(path)
        found = Examination((), sound=probe)
        check_decodes(path, "a", probe.end_s - probe.start_s, timeout_s=config.validate.decode_timeout_s)
        said = header_channel_map(path, probe.track, probe.channels)
        sound = examine_sound(path, probe, declared_map=channels or said, thresholds=config.sound)
    except MediaError as error:
        return dataclasses.replace(found, findings=(Finding(error.reason, "reject", str(error)),))
    return Examination(
        sound.findings,
        sound=probe,
        formats=sound.formats,
        channel_map=sound.channel_map,
        channel_gains=sound.gains,
        levels_dbfs=sound.levels_dbfs,
        sound_details=sound_details(path),
    )
