"""Whatever fsspec opens: s3://, gs://, sftp://, ftp://, file:// and more, each through the package that knows it."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from yt360_tools.config import DownloadConfig
from yt360_tools.errors import EnvironmentMissing, ItemError, MediaError, TransientError, UsageError, nearest
from yt360_tools.sources.parts import FileChanged, PartialFile
from yt360_tools.sources.room import RoomWatch
from yt360_tools.sources.secrets import without_secrets
from yt360_tools.sources.templates import TemplateSource
from yt360_tools.sources.words import one_line

_BLOCK = 1 << 20
_NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ECONNREFUSED)
_WRAPPERS = ("cached", "blockcache", "filecache", "simplecache", "dir", "reference", "generic", "async_wrapper")


class RemoteSource(TemplateSource):
    """Addresses of one of fsspec's file systems. Passwords and keys are its packages' affair: see their documentation.

    Raises:
        UsageError: fsspec knows no such file system.
        EnvironmentMissing: the package that opens it is not installed.
    """

    def __init__(self, config: DownloadConfig) -> None:
        for template in config.source:
            _check_scheme(template, without_secrets(template, config))
        super().__init__(config, copy_address)


def copy_address(address: str, destination: Path, name: str, config: DownloadConfig) -> None:
    """Copy what an address names into one file, going on from what an earlier try has left.

    Raises:
        MediaError: there is nothing at the address: ``gone``.
        TransientError: it is refused, the network or the disk failed, or fewer bytes came than were announced.
    """
    shown = without_secrets(address, config)
    with _translated(shown, config):
        files, path = _opened(address)
        facts = files.info(path)
        if facts.get("type") == "directory":
            raise MediaError("gone", f"{shown} is a folder, not a file")
        extension = PurePosixPath(path).suffix.removeprefix(".") or "unknown_video"
        part = PartialFile(destination / f"{name}.{extension}", address)
        total, mark = facts.get("size"), str(files.ukey(path))
        begins_at = part.resume()
        try:
            part.announced(total, mark, begins_at=begins_at)
        except FileChanged:
            begins_at = 0
            part.announced(total, mark)
        room = RoomWatch(destination, config)
        try:
            room.look()
            with files.open(path, "rb") as source, part.path.open("ab") as file:
                source.seek(begins_at)
                while block := source.read(_BLOCK):
                    file.write(block)
                    file.flush()
                    part.grown()
                    room.grown(part.size, is_announced=total is not None)
            part.finish()
        finally:
            part.settle()


def _opened(address: str) -> tuple[Any, str]:
    import fsspec

    files, path = fsspec.core.url_to_fs(address)
    return files, path


@contextmanager
def _translated(shown: str, config: DownloadConfig) -> Iterator[None]:
    """A file system's errors as ours, in one line and without secrets."""
    try:
        yield
    except ItemError:
        raise
    except FileNotFoundError as error:
        raise MediaError("gone", f"{shown} is not there") from error
    except PermissionError as error:
        raise TransientError("refused", f"{shown}: permission denied; give what its package asks for") from error
    except Exception as error:  # each package has a family of errors of its own
        words = without_secrets(one_line(f"{type(error).__name__}: {error}"), config)
        if isinstance(error, OSError) and error.filename is not None:
            raise TransientError.of_disk(error, shown) from error
        failure = TransientError("network", f"{shown}: {words}")
        failure.was_answered = not _is_unreached(error)
        raise failure from error


def _is_unreached(error: BaseException | None) -> bool:
    """Whether no server was reached at all, by what lies behind an error."""
    while error is not None:
        if isinstance(error, (ConnectionRefusedError, socket.gaierror)) or getattr(error, "errno", None) in _NO_WAY:
            return True
        error = error.__cause__ or error.__context__
    return False


def _check_scheme(template: str, shown: str) -> None:
    import fsspec

    scheme, separator, _ = template.partition("://")
    if not separator:
        raise UsageError(
            f"--source {shown!r} is neither 'youtube' nor a URL template{nearest(scheme, ['youtube'])}; for a folder "
            "of media give --media FOLDER, or a template such as file:///FOLDER/{video_id}.mp4"
        )
    known = sorted(set(fsspec.available_protocols()) - set(_WRAPPERS))
    if scheme not in known:
        raise UsageError(
            f"--source {shown!r} is neither 'youtube' nor an address that begins with http:// or https://, or with "
            f"one of fsspec's schemes{nearest(scheme, known)}; known: {', '.join(known)}"
        )
    try:
        fsspec.get_filesystem_class(scheme)
    except ImportError as error:
        raise EnvironmentMissing(f"--source {shown!r} needs another package: {error} (with pip, into .venv)") from error
