"""A world's videos on several processes."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from pathlib import Path

from yt360_tools.demo.options import DemoOptions
from yt360_tools.demo.video import render_video
from yt360_tools.errors import TransientError
from yt360_tools.records import Outcome


def _use_one_thread() -> None:
    """A process a video: threads within it would only wait for each other."""
    import cv2

    cv2.setNumThreads(1)


def render_videos(options: DemoOptions, media: Path, workers: int) -> Iterator[Outcome]:
    """How each of a world's videos went, as they end; with one worker they are rendered in this process.

    Raises:
        TransientError: a worker process was ended from outside.
    """
    if workers == 1:
        yield from (render_video(options, index, media) for index in range(options.videos))
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_use_one_thread) as pool:
        # No more are handed over than run: what waits in the pool's own queue could not be interrupted.
        todo = iter(range(options.videos))
        running = {pool.submit(render_video, options, index, media) for index in islice(todo, workers)}
        try:
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
                running |= {pool.submit(render_video, options, i, media) for i in islice(todo, len(done))}
        except BrokenProcessPool as error:
            message = "a worker process was ended from outside (out of memory?); give fewer --workers"
            raise TransientError("worker_lost", message) from error
