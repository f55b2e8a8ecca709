"""An examination within limits of time and memory: a hostile file ends as a finding, never as a hang or a crash."""

import functools
from pathlib import Path

from yt360_tools.config import Config
from yt360_tools.errors import MediaError
from yt360_tools.examine.declared import Declared
from yt360_tools.examine.examination import Examination
from yt360_tools.examine.findings import Finding
from yt360_tools.media.guarded import Guard


def examine_within_limits(
    picture: Path,
    sound: Path,
    config: Config,
    declared: Declared | None = None,
    channels: tuple[int, ...] | None = None,
) -> Examination:
    """What `examine_files` finds, in a child process that this one keeps; see there.

    ``validate.examine_timeout_s`` and ``validate.examine_memory_mib`` are a video's limits: beyond them the finding is
    ``too_long_to_examine``, and where a decoder crashes ``unreadable_video``.

    Raises:
        EnvironmentMissing: ffmpeg is missing.
    """
    from yt360_tools.examine.files import examine_files

    limits = config.validate
    try:
        return _guard().run(
            examine_files,
            picture,
            sound,
            config,
            declared,
            channels,
            timeout_s=limits.examine_timeout_s,
            memory_mib=limits.examine_memory_mib,
        )
    except MediaError as error:
        return Examination((Finding(error.reason, "reject", str(error)),))


@functools.cache
def _guard() -> Guard:
    """This process's, which starts its child with the first examination."""
    return Guard()
