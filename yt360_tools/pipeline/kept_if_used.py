"""A workspace that a refused command has made, and in which nothing was done, goes again."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from yt360_tools.errors import EnvironmentMissing, UsageError
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.status import MANIFEST_STAGE
from yt360_tools.pipeline.workspace import Workspace


@contextmanager
def opened_and_kept_if_used(workspace: Workspace) -> Iterator[None]:
    """The workspace, opened; where the command is refused, all that only the opening made is removed.

    Raises:
        UsageError, EnvironmentMissing: as `Workspace.opened`.
    """
    is_new = not workspace.ledger.exists()
    made = [path for path in (workspace.root, *workspace.root.parents) if not path.exists()]
    with workspace.opened():
        try:
            yield
        except (UsageError, EnvironmentMissing):
            if is_new and _is_unused(workspace):
                _remove(workspace, made)
            raise


def _is_unused(workspace: Workspace) -> bool:
    """Whether nothing was fetched or built, and nothing recorded but what is to do."""
    if any(any(folder.iterdir()) for folder in (workspace.raw, workspace.shards)):
        return False
    if not workspace.ledger.exists():
        return True
    ledger = Ledger(workspace.ledger)
    try:
        rows = ledger.rows()
    finally:
        ledger.close()
    return all(stage == MANIFEST_STAGE or row[2] == "to_do" for (stage, _), row in rows.items())


def _remove(workspace: Workspace, made: Sequence[Path]) -> None:
    """Never more than empty folders and our own files."""
    name = workspace.ledger.name
    ledgers = [workspace.root / f"{name}{end}" for end in ("", "-wal", "-shm")]
    for path in (*ledgers, workspace.root / ".lock", workspace.salt):
        path.unlink(missing_ok=True)
    with suppress(OSError):
        for folder in (workspace.raw, workspace.shards, *made):
            folder.rmdir()
