"""The ledger: how every item fared in every stage, which clip belongs to which shard, and the options."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote

from yt360_tools import __version__
from yt360_tools.errors import EnvironmentMissing, TransientError
from yt360_tools.pipeline.salt import SALT_FILE, Salt
from yt360_tools.records import Outcome

_SCHEMA = """
CREATE TABLE IF NOT EXISTS outcomes (
    stage TEXT NOT NULL, item TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
    data TEXT NOT NULL, attempts INTEGER NOT NULL, version TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (stage, item)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS shard_plan (clip_id TEXT PRIMARY KEY, shard TEXT NOT NULL, place INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS options (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

Row = tuple[Any, ...]
"""A row of the table of outcomes, in its columns' order."""

_NETWORK_FILE_SYSTEMS = ("nfs", "cifs", "smb", "lustre", "gpfs", "beegfs", "ceph", "glusterfs", "fuse.sshfs", "9p")


@dataclass(frozen=True)
class Entry:
    """An item's latest outcome in a stage; `data` holds the plain values that the next stages need.

    Attributes:
        at: when it was recorded, in UTC, as ISO 8601; empty while nothing is.
    """

    state: str
    reason: str
    detail: str
    data: dict[str, Any]
    attempts: int = 1
    at: str = ""

    @property
    def is_final(self) -> bool:
        """Whether the item is not taken up again by itself: it is done, or rejected."""
        return self.state in ("done", "rejected")


class Ledger:
    """One writer, the coordinator; readers may look at any time.

    Attributes:
        path: the file; its folder is the workspace.
        salt: the workspace's, with which what is remembered of secrets is mixed.
    """

    def __init__(self, path: Path, *, read_only: bool = False, opened: "Ledger | None" = None) -> None:
        """Open a ledger, and make it where there is none.

        Args:
            opened: the same one, to be used through this object too; it is closed by itself.

        Raises:
            EnvironmentMissing, TransientError: it cannot be used.
        """
        self.path = path
        self.salt = Salt(path.with_name(SALT_FILE), may_make=not read_only)
        self._db: sqlite3.Connection
        if opened is not None:
            self._db = opened._db
            return
        try:
            if read_only:
                self._db = _opened_for_reading(path)
                return
            self._db = sqlite3.connect(path, timeout=30)
            journal = "DELETE" if _is_on_network(path) else "WAL"
            self._db.execute(f"PRAGMA journal_mode={journal}")
            self._db.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise _translated(error, path) from error

    def close(self) -> None:
        """Let go of the file; what was recorded is there."""
        self._db.close()

    def record(self, outcomes: Iterable[Outcome]) -> None:
        """Remember outcomes, all or none of them; an item's attempts are counted."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        rows = [(o.stage, o.item, o.state, o.reason, o.detail, json.dumps(o.data), __version__, now) for o in outcomes]
        self._write(
            "INSERT INTO outcomes VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?) ON CONFLICT (stage, item) DO UPDATE SET "
            "state = excluded.state, reason = excluded.reason, detail = excluded.detail, data = excluded.data, "
            "attempts = attempts + 1, version = excluded.version, at = excluded.at",
            rows,
        )

    def expect(self, stage: str, items: Iterable[str]) -> None:
        """Note items as still to do, unless they are known."""
        rows = [(stage, item, __version__) for item in items]
        self._write("INSERT OR IGNORE INTO outcomes VALUES (?, ?, 'to_do', '', '', '{}', 0, ?, '')", rows)

    def entries(self, stage: str) -> dict[str, Entry]:
        """Every item's latest outcome in a stage."""
        return self._entries("stage = ?", (stage,))

    def entries_of(self, stage: str, items: Iterable[str]) -> dict[str, Entry]:
        """The latest outcomes of some items in a stage."""
        return self._entries("stage = ? AND item IN (SELECT value FROM json_each(?))", (stage, json.dumps([*items])))

    def telling(self, stage: str, name: str) -> dict[str, Entry]:
        """The latest outcomes in a stage whose data tell something by name, of all that the ledger knows."""
        return self._entries("stage = ? AND json_type(data, '$.' || ?) IS NOT NULL", (stage, name))

    def _entries(self, condition: str, values: tuple[str, ...]) -> dict[str, Entry]:
        columns = "item, state, reason, detail, data, attempts, at"
        found = self._read(f"SELECT {columns} FROM outcomes WHERE {condition}", values)
        return {
            item: Entry(state, reason, detail, json.loads(data), attempts, at)
            for item, state, reason, detail, data, attempts, at in found
        }

    def forget(self, stage: str, items: Iterable[str]) -> None:
        """Forget outcomes, so that the items are taken up again."""
        self._write("DELETE FROM outcomes WHERE stage = ? AND item = ?", [(stage, item) for item in items])

    def rows(self) -> dict[tuple[str, str], Row]:
        """Every outcome as it stands, by stage and item."""
        found = self._read("SELECT stage, item, state, reason, detail, data, attempts, version, at FROM outcomes", ())
        return {(row[0], row[1]): tuple(row) for row in found}

    def take_in(self, rows: Iterable[Row]) -> None:
        """Put outcomes of another ledger here, in place of what is known of the items, all or none of them."""
        self._write("INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", list(rows))

    def problems(self) -> list[Outcome]:
        """Every outcome that is neither done nor still to do, stage by stage."""
        found = self._read(
            "SELECT item, stage, state, reason, detail FROM outcomes "
            "WHERE state IN ('rejected', 'failed') ORDER BY stage, state, item",
            (),
        )
        return [Outcome(*row) for row in found]

    def counts(self, stage: str) -> dict[str, Counter[str]]:
        """By state, how many items ended there for each reason."""
        states: dict[str, Counter[str]] = {}
        for state, reason, number in self._read(
            "SELECT state, reason, count(*) FROM outcomes WHERE stage = ? GROUP BY state, reason", (stage,)
        ):
            states.setdefault(state, Counter())[reason] = number
        return states

    def shard_plan(self) -> dict[str, str]:
        """The shard that each clip is planned for, in the plan's order."""
        return dict(self._read("SELECT clip_id, shard FROM shard_plan ORDER BY place", ()))

    def plan_shards(self, planned: Iterable[tuple[str, str]]) -> None:
        """Fix (clip_id, shard) pairs; a clip that was planned before moves."""
        ((last,),) = self._read("SELECT coalesce(max(place), -1) FROM shard_plan", ())
        rows = [(clip, shard, last + 1 + place) for place, (clip, shard) in enumerate(planned)]
        self._write("INSERT OR REPLACE INTO shard_plan VALUES (?, ?, ?)", rows)

    def options(self) -> dict[str, Any]:
        """The options that the workspace was begun with, by name."""
        return {name: json.loads(value) for name, value in self._read("SELECT name, value FROM options", ())}

    def remember_options(self, options: dict[str, Any]) -> None:
        """Fix options; a workspace keeps them for life."""
        rows = [(name, json.dumps(value)) for name, value in options.items()]
        self._write("INSERT OR REPLACE INTO options VALUES (?, ?)", rows)

    def _read(self, query: str, values: tuple[Any, ...]) -> list[Any]:
        try:
            return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise _translated(error, self.path) from error

    def _write(self, query: str, rows: list[tuple[Any, ...]]) -> None:
        try:
            with self._db:
                self._db.executemany(query, rows)
        except sqlite3.Error as error:
            raise _translated(error, self.path) from error


def _opened_for_reading(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing, on a disk that cannot be written too."""
    address = f"file:{quote(str(path.resolve()))}"
    database = sqlite3.connect(f"{address}?mode=rw", uri=True, timeout=30)
    try:
        database.execute("PRAGMA query_only=ON")
        database.execute("SELECT count(*) FROM options").fetchone()
    except sqlite3.OperationalError:
        # A WAL wants files of its own beside the ledger: where none can be made, nobody writes either.
        database.close()
        database = sqlite3.connect(f"{address}?mode=ro&immutable=1", uri=True)
    return database


def _translated(error: sqlite3.Error, path: Path) -> TransientError | EnvironmentMissing:
    if "full" in str(error):
        return TransientError("disk_full", f"the ledger {path} cannot grow: {error}; free space and run again")
    return EnvironmentMissing(
        f"the ledger {path} cannot be used: {error}; mend its permissions, or name another workspace"
    )


def _is_on_network(path: Path) -> bool:
    """Whether the file lies on a network's file system, where SQLite's WAL is not safe (Linux tells)."""
    try:
        mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return False
    above = {str(parent) for parent in (path.resolve(), *path.resolve().parents)}
    holding = max((mount for mount in mounts if mount[0] in above), key=lambda mount: len(mount[0]), default=None)
    return holding is not None and holding[1].startswith(_NETWORK_FILE_SYSTEMS)
