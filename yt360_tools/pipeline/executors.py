"""Pools of workers. Everything runs on a plain `concurrent.futures.Executor`: another kind may take its place."""

import multiprocessing
import os
import signal
import threading
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.connection import wait

from yt360_tools.media.ffmpeg import stop_ffmpeg


def process_pool(workers: int) -> Executor:
    """Worker processes, started afresh: one that crashes on a hostile file takes nothing else with it."""
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_prepare_worker)


def thread_pool(workers: int) -> Executor:
    """Worker threads, for stages that wait for a network."""
    return ThreadPoolExecutor(workers, thread_name_prefix="yt360")


def default_workers() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def stop_workers() -> None:
    """End this process's workers and decoders at once; what they were writing is still under its temporary name."""
    stop_ffmpeg()
    for child in multiprocessing.active_children():
        child.terminate()


def _prepare_worker() -> None:
    """Leave Ctrl-C to the coordinator, use one thread, and end with the coordinator, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    import cv2

    cv2.setNumThreads(1)


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
