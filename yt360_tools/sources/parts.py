"""A file that is still being fetched: its bytes in ``<name>.part``, and beside them a note of what they are.

Nothing is glued that was not known to belong together. The note (``.<name>.note``) says which address or format the
bytes are of, how many bytes the whole has, the server's mark of this version (an ETag or a time of change), and the
sha256 of the bytes up to a checkpoint. Going on begins at the checkpoint, and only if the bytes before it still have
that sha256: what a crash or a disk did to a ``.part`` is seen before it is taken for media.
"""

import hashlib
import json
import os
import uuid
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from yt360_tools.errors import TransientError

CHECKPOINT_BYTES = 4 << 20
"""What a kill may cost of a file: how many bytes lie between two checkpoints."""

THIS_PROCESS = uuid.uuid4().hex[:12]
"""A word that tells this process from those before it; numbers of processes come again."""

_KEY, _KEY_BYTES = ".key", 32
_BLOCK = 1 << 20


class FileChanged(Exception):
    """What the server has under the address is not the file that was begun."""


@dataclass(frozen=True)
class Note:
    """What is known of a part.

    Attributes:
        what: whose bytes these are: a digest of the address or the format's name, mixed with the folder's key.
        total: bytes of the whole; None when nobody said.
        mark: the server's mark of the version; empty when it gave none.
        bytes: the checkpoint.
        sha256: of the bytes before the checkpoint.
        fetched_by: `THIS_PROCESS` of who is fetching the rest; empty when nobody is. A workspace belongs to one process
            at a time, so another word than ours is that of one that was killed.
    """

    what: str
    total: int | None = None
    mark: str = ""
    bytes: int = 0
    sha256: str = hashlib.sha256().hexdigest()
    fetched_by: str = ""


class PartialFile:
    """A file of which some bytes are there.

    Attributes:
        target: the file's path when it is whole.
        path: where its bytes are meanwhile.
        note: what is known of them.
    """

    def __init__(self, target: Path, what: str) -> None:
        """A part of `target`, of which nothing is looked at yet.

        Args:
            what: whose bytes it has: an address, which may hold passwords, or a format's name.
        """
        self.target = target
        self.path = target.with_name(f"{target.name}.part")
        self.note = Note("")
        self._what = what
        self._note_path = note_path(target)
        self._digest = hashlib.sha256()

    @property
    def size(self) -> int:
        """Bytes that are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def is_complete(self) -> bool:
        return self.note.total is not None and self.note.bytes == self.note.total == self.size

    def resume(self) -> int:
        """Bytes to go on from: the checkpoint, where the note and the bytes before it say so; else nothing is kept."""
        note = _read(self._note_path)
        if note is not None and self.size >= note.bytes > 0 and note.what == self._name():
            digest = _digest_of(self.path, note.bytes)
            if digest.hexdigest() == note.sha256:
                os.truncate(self.path, note.bytes)
                self.note, self._digest = note, digest
                return note.bytes
        self.discard()
        return 0

    def announced(self, total: int | None, mark: str, *, begins_at: int = 0) -> None:
        """Take in what the server says before it sends bytes from `begins_at` on.

        Raises:
            FileChanged: it sends the rest of another file.
        """
        before = self.note
        if begins_at:
            is_longer = total is not None and before.total not in (None, total)
            if is_longer or (mark and before.mark not in ("", mark)):
                raise FileChanged("the server sends the rest of another file")
        else:
            self.discard()
            before = self.note
        announced = replace(before, total=total or before.total, mark=mark or before.mark, fetched_by=THIS_PROCESS)
        self._write(announced)

    def grown(self) -> None:
        """Set a checkpoint when enough bytes have come since the last one."""
        if self.size - self.note.bytes >= CHECKPOINT_BYTES:
            self.checkpoint()

    def checkpoint(self) -> None:
        """Note the bytes that are there."""
        size = self.size
        if size > self.note.bytes:
            self._digest = _digest_of(self.path, size, self._digest, begin=self.note.bytes)
            self._write(replace(self.note, bytes=size, sha256=self._digest.hexdigest()))

    def settle(self) -> None:
        """Note what there is at the end of a try, whether the file is whole or has broken off.

        Raises:
            TransientError: ``incomplete``: it is whole by its name, and not as long as was announced.
        """
        if not self.target.exists():
            self.checkpoint()
            self._let_go()
            return
        size, total = self.target.stat().st_size, self.note.total
        if total is not None and size != total:
            os.replace(self.target, self.path)
            if size < total:
                self.checkpoint()
                self._let_go()
            else:
                self.discard()
            raise TransientError("incomplete", f"{self.target.name}: {total} bytes were announced, and {size} came")
        digest = _digest_of(self.target, size, self._digest, begin=min(size, self.note.bytes))
        self._write(replace(self.note, total=size, bytes=size, sha256=digest.hexdigest(), fetched_by=""))

    def finish(self) -> None:
        """The part becomes the file; the note stays until the download is verified."""
        os.replace(self.path, self.target)

    def forget(self) -> None:
        """Remove the note: the file is what it is."""
        self._note_path.unlink(missing_ok=True)
        _clear_key(self.target.parent)

    def discard(self) -> None:
        """Leave nothing of it."""
        for path in (self.path, self._note_path):
            path.unlink(missing_ok=True)
        _clear_key(self.target.parent)
        self.note, self._digest = Note(""), hashlib.sha256()

    def _name(self) -> str:
        return _name_of(self._what, self.target.parent)

    def _let_go(self) -> None:
        """Note that nobody is fetching the rest."""
        if self.note.fetched_by:
            self._write(replace(self.note, fetched_by=""))

    def _write(self, note: Note) -> None:
        beside = self._note_path.with_name(f"{self._note_path.name}.new")
        note = replace(note, what=self._name())
        beside.write_text(json.dumps(asdict(note)), encoding="utf-8")
        os.replace(beside, self._note_path)
        self.note = note


def note_path(target: Path) -> Path:
    """Where the note of a file lies that is being fetched."""
    return target.with_name(f".{target.name}.note")


def set_back(folder: Path) -> bool:
    """Make parts again of the files that an earlier try has finished; whether there is anything to go on from."""
    for note in folder.glob(".*.note") if folder.is_dir() else ():
        target = folder / note.name[1:].removesuffix(".note")
        if target.exists():
            os.replace(target, target.with_name(f"{target.name}.part"))
    return has_parts(folder)


def has_parts(folder: Path) -> bool:
    """Whether there is anything to go on from: bytes of a file, or a whole one, with its note."""
    notes = folder.glob(".*.note") if folder.is_dir() else ()
    targets = [folder / note.name[1:].removesuffix(".note") for note in notes]
    return any(target.exists() or target.with_name(f"{target.name}.part").exists() for target in targets)


def clear_parts(folder: Path) -> None:
    """Remove all notes with their key, and what was begun and not used in the end, such as another format's bytes.

    Not before all that was asked for is there: without its note a file is fetched again.
    """
    for path in folder.iterdir():
        is_note = path.name.startswith(".") and path.name.endswith((".note", ".note.new"))
        if is_note or path.name == _KEY or path.name.endswith(".part"):
            path.unlink()


def _name_of(what: str, folder: Path) -> str:
    """A name for an address among the parts in a folder; no password in it can be guessed without the folder's key."""
    return hashlib.blake2b(what.encode(), key=_key_of(folder), digest_size=8).hexdigest()


def _key_of(folder: Path) -> bytes:
    """Random bytes that only their owner may read; they go with the parts."""
    path = folder / _KEY
    key = path.read_bytes() if path.exists() else b""
    if len(key) == _KEY_BYTES:
        return key
    path.unlink(missing_ok=True)  # it was cut short
    key = os.urandom(_KEY_BYTES)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key)
    return key


def _clear_key(folder: Path) -> None:
    """Remove the key where no note is left that was made with it."""
    if not any(folder.glob(".*.note")):
        (folder / _KEY).unlink(missing_ok=True)


def _read(path: Path) -> Note | None:
    try:
        note = Note(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return note if isinstance(note.bytes, int) and isinstance(note.what, str) else None


def _digest_of(path: Path, end: int, digest: "hashlib._Hash | None" = None, *, begin: int = 0) -> "hashlib._Hash":
    """sha256 of a file's bytes up to `end`; those before `begin` are in `digest` already."""
    digest = digest or hashlib.sha256()
    with path.open("rb") as file:
        file.seek(begin)
        left = end - begin
        while left and (block := file.read(min(_BLOCK, left))):
            digest.update(block)
            left -= len(block)
    return digest
