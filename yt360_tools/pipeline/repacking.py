"""Shards repacked by worker processes: each planned shard is a task, and its content does not depend on who does it."""

from collections.abc import Callable
from concurrent.futures import as_completed
from pathlib import Path

from yt360_tools.errors import Yt360Error
from yt360_tools.pipeline.executors import process_pool, stop_workers
from yt360_tools.shards import ShardSet
from yt360_tools.shards.repack import PlannedShard, Repacking, plan_repacking, write_planned


def repack(
    shards: ShardSet,
    how: Repacking,
    folder: Path,
    *,
    workers: int = 1,
    on_shard: Callable[[PlannedShard], object] = lambda _: None,
) -> tuple[int, int]:
    """Write shards anew into a folder; returns how many were written, and how many were there already.

    Killed, it is gone on with by the same call: shards that are whole are not written again.

    Raises:
        UsageError: as `plan_repacking`.
        ShardError: a shard is damaged; the other new shards stay.
        OSError: the disk fails.
    """
    planned = plan_repacking(shards, how)
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    shards.close()
    pool = process_pool(min(workers, len(planned)))
    try:
        tasks = {pool.submit(_write, shards, one, how, folder): one for one in planned}
        for task in as_completed(tasks):
            written += task.result()
            on_shard(tasks[task])
    except (Yt360Error, OSError, KeyboardInterrupt):
        stop_workers()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return written, len(planned) - written


def _write(shards: ShardSet, planned: PlannedShard, how: Repacking, folder: Path) -> bool:
    with shards:
        return write_planned(shards, planned, how, folder)
