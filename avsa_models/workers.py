"""Processes that prepare batches while the nets compute."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from multiprocessing import connection, resource_tracker
from multiprocessing.process import BaseProcess
from typing import Any, Protocol, TypeVar

import torch
from torch.utils.data import DataLoader, Dataset

from avsa_models.stopping import STOPS
from yt360_tools.errors import TransientError, Yt360Error

T_co = TypeVar("T_co", covariant=True)

_READY_BATCHES = 2
"""How many batches each worker prepares ahead."""


class Batches(Protocol[T_co]):
    """Numbered batches, each a function of its number alone; pickled when workers prepare them."""

    def __getitem__(self, number: int, /) -> T_co: ...


def prepared(batches: Batches[T_co], numbers: range, *, workers: int) -> Generator[T_co, None, None]:
    """The batches of `numbers` in their order, prepared by `workers` processes, or in between by none.

    No file that `batches` holds may be open: close what can be opened again. Closing the generator ends the workers.

    Raises:
        TransientError: a worker was killed.
        Yt360Error: an error of ours as it was raised, in a worker or not.
    """
    loader: DataLoader[Any] = DataLoader(
        _ErrorsAsValues(batches),
        batch_size=None,  # an item is a batch already
        sampler=numbers,
        num_workers=workers,
        prefetch_factor=_READY_BATCHES if workers else None,
        multiprocessing_context=_fork_server() if workers else None,
        worker_init_fn=_prepare_worker,
        collate_fn=_as_it_is,
        generator=torch.Generator(),  # else it draws from the one that dropout uses, once more each time it starts
    )
    others = set(multiprocessing.active_children())
    with _children_deaf_to_stops():
        found = iter(loader)
    started = set(multiprocessing.active_children()) - others
    try:
        for _ in numbers:
            batch = _next(found)
            if isinstance(batch, Yt360Error):
                raise batch
            yield batch
    finally:
        _end(found, started)


def _next(found: Iterator[Any]) -> Any:
    try:
        return next(found)
    except RuntimeError as error:
        if not str(error).startswith("DataLoader worker (pid"):
            raise
        reason = str(error).splitlines()[0].rstrip(". ")
        raise TransientError(
            "worker_lost",
            f"a process that prepares samples was killed (out of memory, or out of room in /dev/shm?): {reason}; "
            "run the same command again to go on, perhaps with --workers 0",
        ) from error


def _end(found: Iterator[Any], workers: set[BaseProcess]) -> None:
    """Let the workers end, here and now; those who hang are killed, for they are deaf to `terminate`.

    The garbage collector would come late, where an error's traceback holds `found`; and it would close the queues
    before it tells the workers to end, and wait five seconds for them.
    """
    shut_down = getattr(found, "_shutdown_workers", None)  # a loader without workers has none
    if shut_down is not None:
        shut_down()
    for worker in workers:
        worker.kill()
        worker.join()


class _ErrorsAsValues(Dataset[Any]):
    """Batches, but an error of ours is given, not raised: `DataLoader` would make its traceback the message."""

    def __init__(self, batches: Batches[Any]) -> None:
        self._batches = batches

    def __getitem__(self, number: int) -> Any:
        try:
            return self._batches[number]
        except Yt360Error as error:
            return error


def _fork_server() -> Any:
    """Workers are forked from a server that has read no shard and has no thread.

    Forked from this process they would copy HDF5's state, and the locks of torch's, OpenCV's and TensorBoard's
    threads without the threads: that may hang. Spawned, each would import torch anew, for seconds.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "avsa_models.loader"])
    return context


@contextmanager
def _children_deaf_to_stops() -> Iterator[None]:
    """Processes started meanwhile never hear Ctrl-C nor SIGTERM, from their first moment on.

    A terminal, ``timeout`` or a batch system sends them to the whole group; the main process alone handles them. A
    blocked signal stays blocked in children; here it waits, and comes when it is let through again.
    """
    resource_tracker.ensure_running()  # started later, it would let the signals through too early
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _prepare_worker(_: int) -> None:
    """Use one thread, and end when the main process ends, however it ends."""
    import cv2

    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


def _as_it_is(batch: Any) -> Any:
    return batch
