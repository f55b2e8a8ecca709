"""The family of errors. Each knows the exit code that the command line ends with."""

import difflib
import errno
from collections.abc import Iterable

EXIT_OK = 0
EXIT_BUG = 1
EXIT_USAGE = 2
EXIT_UNFINISHED = 3
EXIT_ENVIRONMENT = 4
EXIT_INTERRUPTED = 130


class Yt360Error(Exception):
    """What the user should read: what was wrong, what was seen, what is allowed, what to do next."""

    exit_code = EXIT_BUG


class UsageError(Yt360Error):
    """A wrong option, configuration key, manifest or path: the command must be given otherwise."""

    exit_code = EXIT_USAGE


class EnvironmentMissing(Yt360Error):
    """A tool, a permission or space is missing on this machine; `yt360 doctor` says how to get it."""

    exit_code = EXIT_ENVIRONMENT


class ItemError(Yt360Error):
    """What keeps one item from going on.

    Attributes:
        reason: one word for the ledger, such as ``no_sound`` or ``disk_full``.
    """

    exit_code = EXIT_UNFINISHED

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return (type(self), (self.reason, str(self)))


class MediaError(ItemError):
    """A media file is not what it should be: the data's fault, and final."""


class TransientError(ItemError):
    """The network's, the disk's or our fault: the same item may succeed when it is tried again.

    Attributes:
        retry_after_s: seconds that a server asked to be left alone; None where it did not.
        was_answered: whether any server answered, be it with an error; True where nobody was to be asked.
    """

    retry_after_s: float | None = None
    was_answered: bool = True

    def __reduce__(self) -> tuple[type, tuple[str, str], dict[str, float | None]]:  # type: ignore[override]
        kept = {"retry_after_s": self.retry_after_s, "was_answered": self.was_answered}
        return (type(self), (self.reason, str(self)), kept)

    @classmethod
    def of_disk(cls, error: OSError, where: object) -> "TransientError":
        """The disk's failure at a path: ``disk_full``, or ``disk`` for all else."""
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return cls("disk_full", f"{where}: {error.strerror}; free space, then run again")
        return cls("disk", f"{where}: {error.strerror or error}")


class ShardError(Yt360Error):
    """A shard is damaged, cut short, or of an unknown version or codec."""

    exit_code = EXIT_UNFINISHED


class CheckpointError(Yt360Error):
    """A model's checkpoint is damaged, cut short, or not one."""

    exit_code = EXIT_UNFINISHED


class Diverged(Yt360Error):
    """A training's loss or weights are no finite numbers any more."""

    exit_code = EXIT_UNFINISHED


class Interrupted(Yt360Error):
    """The user or the system asked to stop, and what was done is kept."""

    exit_code = EXIT_INTERRUPTED


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint such as ``; did you mean 'fps'?``, or the empty string when nothing is near."""
    found = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {found[0]!r}?" if found else ""
