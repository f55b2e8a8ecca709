"""Files that appear complete or not at all, and what a disk's failure means."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from yt360_tools.errors import EnvironmentMissing, TransientError

_MACHINE_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}


@contextmanager
def complete_file(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to; `path` appears when the block ends well, and else nothing stays.

    The name is nobody else's, and short: a disk has room for 255 bytes, a letter takes up to 4.
    """
    partial = path.with_name(f".partial-{os.getpid()}-{secrets.token_hex(4)}-{path.name[-40:]}")
    try:
        yield partial
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


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
