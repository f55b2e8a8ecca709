"""A workspace on disk: where things lie, and that one run at a time works in it."""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from yt360_tools.errors import EnvironmentMissing, UsageError
from yt360_tools.pipeline.parts import divisions, pattern_of
from yt360_tools.pipeline.salt import SALT_FILE

PARTIAL, FETCHED = ".part", ".fetched"
"""How the hidden folders end in which a video's media are before they are all there, and before they are checked."""


@dataclass(frozen=True)
class Workspace:
    """The paths of a workspace; `root` is absolute."""

    root: Path

    @property
    def raw(self) -> Path:
        """The folder of media, a folder a video, as fetched."""
        return self.root / "raw"

    @property
    def ledger(self) -> Path:
        """The SQLite file that says how every item fared; a folder without it is no workspace."""
        return self.root / "ledger.sqlite"

    @property
    def salt(self) -> Path:
        """The file of random bytes that no one else is to have; there only where a secret was configured."""
        return self.root / SALT_FILE

    @property
    def clips(self) -> Path:
        """The CSV file of all clips that were cut, a row a clip."""
        return self.root / "clips.csv"

    @property
    def rule(self) -> Path:
        """The TOML file beside it: by which rule and options these clips were found."""
        return self.root / "clips.toml"

    @property
    def shards(self) -> Path:
        """The folder of HDF5 shards, with their index."""
        return self.root / "shards"

    def raw_folder(self, video_id: str) -> Path:
        """Where a video's media lie; the id was checked when it was read."""
        return self.raw / video_id

    def partial_folder(self, video_id: str) -> Path:
        """Where what has come of a video's media lies, until it is all there."""
        return self.raw / f".{video_id}{PARTIAL}"

    def fetched_folder(self, video_id: str) -> Path:
        """Where a video's media are that are all there, and not checked yet."""
        return self.raw / f".{video_id}{FETCHED}"

    def free_bytes(self) -> int:
        """Free space where the workspace is, or will be."""
        return shutil.disk_usage(self._nearest_existing()).free

    def device(self) -> int:
        """The number of the file system where the workspace is, or will be."""
        return self._nearest_existing().stat().st_dev

    def _nearest_existing(self) -> Path:
        return next(path for path in (self.root, *self.root.parents) if path.exists())

    @contextmanager
    def opened(self) -> Iterator[None]:
        """The workspace made ready for writing, and locked against a second run.

        Raises:
            EnvironmentMissing: it cannot be written.
            UsageError: another run works in it, or the path is no folder.
        """
        try:
            for folder in (self.raw, self.shards):
                folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        except (FileExistsError, NotADirectoryError) as error:
            raise UsageError(f"workspace {self.root} is not a folder; name another with --workspace") from error
        except OSError as error:
            raise EnvironmentMissing(
                f"workspace {self.root} cannot be written ({error.strerror}); "
                "name another with --workspace, or mend its permissions"
            ) from error
        try:
            self._take(lock)
            self._sweep()
            yield
        finally:
            os.close(lock)

    def parts(self) -> dict[int, list[Path]]:
        """The roots of the workspaces of single jobs below this one, by the number of jobs (`divisions`)."""
        return divisions(path.parent for path in self.root.glob("part-*-of-*/ledger.sqlite"))

    def missing(self, named: Path) -> UsageError:
        """The error for a path, as somebody wrote it, where no workspace is; parts of one below it are named."""
        parts = self.parts()
        if not parts:
            return UsageError(f"{named} is no workspace (it has no ledger.sqlite); 'yt360 rebuild' makes one")
        held = " and ".join(f"{len(of)} part{'s' * (len(of) > 1)} of {count}" for count, of in parts.items())
        pattern = pattern_of(parts)
        example = next(path.name for of in parts.values() for path in of if path.match(pattern))
        return UsageError(
            f"{named} is no workspace yet: it holds {held}, such as {example}; "
            f"name one of them, or join them: 'yt360 ledger merge {named} {named}/{pattern}'"
        )

    @contextmanager
    def read(self) -> Iterator[None]:
        """The workspace as it is, while no run works in it; nothing is written.

        Raises:
            UsageError: a run works in it, or it is none.
        """
        if not self.ledger.exists():
            raise self.missing(self.root)
        try:
            lock = os.open(self.root / ".lock", os.O_RDONLY)
        except OSError:  # without a lock nobody works in it
            yield
            return
        try:
            self._take(lock, fcntl.LOCK_SH)
            yield
        finally:
            os.close(lock)

    def _take(self, lock: int, kind: int = fcntl.LOCK_EX) -> None:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                return  # a file system without locks: better unlocked than unusable
            holder = os.pread(lock, 32, 0).decode(errors="replace").strip()
            raise UsageError(
                f"another run (process {holder or 'unknown'}) works in {self.root}; "
                "wait for it, or use another workspace"
            ) from error
        with suppress(OSError):  # the number is for people; the lock holds without it
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)

    def _sweep(self) -> None:
        """Remove what a killed run left half-made; only the lock's holder may.

        Downloads go on from what they have left: that stays, as long as the video is not there.
        """
        for path in self.root.glob(f".{self.clips.name}.*"):
            path.unlink(missing_ok=True)
        for folder in (self.raw, self.shards):
            for path in folder.iterdir():
                if path.name.startswith(".") and path.is_dir():
                    is_download = path.suffix in (PARTIAL, FETCHED)
                    if not is_download or self.raw_folder(path.stem.removeprefix(".")).is_dir():
                        shutil.rmtree(path, ignore_errors=True)
                elif path.name.startswith("."):
                    path.unlink(missing_ok=True)
