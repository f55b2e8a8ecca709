"""The seam to h5py: what it raises over a damaged file, or one that the system does not hand out, becomes ours."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from yt360_tools.errors import ShardError

DAMAGE = (OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError, ArithmeticError, MemoryError)
"""What h5py, and making sense of what it gives, raise over a damaged file: a link that leads nowhere, a group
that is a dataset, a number that is none, a size beyond all memory.
"""

_SYSTEM = {
    errno.EMFILE: "this process has too many files open; raise its limit ('ulimit -n') or close some",
    errno.ENFILE: "this machine has too many files open; close some, then try again",
    errno.EACCES: "no permission to read it",
    errno.EPERM: "no permission to read it",
    errno.EIO: "its disk failed (input/output error); try again, or copy the shard from elsewhere",
    errno.ENOENT: "it is not there (any more)",
    errno.ESTALE: "its network disk has lost it; try again",
    errno.EISDIR: "it is a folder",
    errno.EAGAIN: "another program holds it open for writing; try again when that has ended",
}
"""What the system, not the file, is to blame for."""


def system_fault(error: BaseException) -> str:
    """Why the system does not hand a file out; empty when it does, and the file itself is at fault."""
    return _SYSTEM.get(error.errno or 0, "") if isinstance(error, OSError) else ""


@contextmanager
def naming_damage(
    path: Path, clip_id: str = "", hint: str = "; 'yt360 shard verify' lists all damage"
) -> Iterator[None]:
    """Within it every access to a shard's HDF5 file fails with a `ShardError` that names the file and the clip.

    Errors that are a `ShardError` already pass as they are.
    """
    try:
        yield
    except DAMAGE as error:
        what = f"{path}: clip {clip_id!r}" if clip_id else str(path)
        fault = system_fault(error)
        if fault:
            raise ShardError(f"{path}: {fault}") from error
        raise ShardError(f"{what} cannot be read ({_said(error)}){hint}") from error


def _said(error: BaseException) -> str:
    """The error's words on one line; a KeyError would put quotation marks around them."""
    words = error.args[0] if isinstance(error, KeyError) and error.args else error
    return " ".join(str(words).split()) or type(error).__name__
