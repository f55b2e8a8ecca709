"""Files that appear complete or not at all, and what a disk's failure means."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from yt360_tools.errors import EnvironmentMissing, TransientError

_MACHINE_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}
_TAIL = 40
"""How much of a name is kept in its temporary one: a disk has room for 255 bytes, and a letter takes up to 4."""


@contextmanager
def complete_file(path: Path) -> Iterator[Path]:
    """An empty file beside `path` to write to; it becomes `path` when the block ends well, and else nothing stays.

    It is called ``.partial-0-`` and the name's end, and is held by a lock as long as its writer lives. Who writes the
    same file at the same time gets ``.partial-1-``, and so on; the last to end well is what stays. What a killed
    writer has left is removed by the next one of that name, so it never piles up.

    Raises:
        OSError: there is no such folder, no room, or no permission.
    """
    partial, held = _new_file_beside(path)
    try:
        try:
            yield partial
            partial.replace(path)
        except BaseException:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            raise
    finally:
        os.close(held)  # not before: unlocked, it would be a killed writer's


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, and the folders above it.

    Raises:
        EnvironmentMissing: `path` cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with complete_file(path) as partial:
            partial.write_bytes(data)
    except OSError as error:
        raise EnvironmentMissing(f"{path} cannot be written: {error.strerror or error}") from error


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what the disk fails in below `path` into ours: EnvironmentMissing for the machine, else TransientError."""
    try:
        yield
    except OSError as error:
        what = f"cannot write {error.filename or path}: {error.strerror or error}"
        if error.errno in _MACHINE_ERRNOS:
            raise EnvironmentMissing(f"{what}; make room or choose another folder, then run again") from error
        raise TransientError("disk", what) from error


def _new_file_beside(path: Path) -> tuple[Path, int]:
    """The first temporary name that nobody alive holds, as a new file, and the descriptor that holds its lock.

    A killed writer's file is never written to again: an ffmpeg that it had started may not have ended yet.
    """
    for number in count():
        partial = path.with_name(f".partial-{number}-{path.name[-_TAIL:]}")
        if not _is_free(partial):
            continue
        try:
            held = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:  # another was faster
            continue
        if _lock(held) is not False and _is_called(partial, held):
            return partial, held
        os.close(held)  # another took it for a killed writer's before it was locked
    raise AssertionError("there is no last number")


def _is_free(partial: Path) -> bool:
    """Whether nothing has the name, any more: what a killed writer left under it is removed."""
    try:
        found = os.open(partial, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return True
    except OSError:  # another user's, or no file
        return False
    try:
        if not (_lock(found) and _is_called(partial, found)):
            return False
        partial.unlink()
        return True
    except OSError:
        return False
    finally:
        os.close(found)


def _lock(held: int) -> bool | None:
    """Whether the file is locked for us now; None on a file system that has no locks."""
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _is_called(path: Path, held: int) -> bool:
    """Whether the open file still has this name."""
    try:
        return os.path.samestat(os.stat(path, follow_symlinks=False), os.fstat(held))
    except FileNotFoundError:
        return False
