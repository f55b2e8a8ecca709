"""What a training tells while it goes: ``log.jsonl`` line by line, TensorBoard's curves, and one line to watch.

``log.jsonl`` holds nothing that differs from run to run, no time above all: a training that was stopped and went on
has the same bytes as one that was not. Times are in the curves and in the line alone.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from torch.utils.tensorboard.writer import SummaryWriter
from tqdm import tqdm

from yt360_tools.errors import CheckpointError, TransientError

LOG_NAME = "log.jsonl"
_LINE_EVERY_S = 10.0
_SMOOTHED_STEPS = 20

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StepRecord:
    """What one step gave: a line of ``log.jsonl``.

    Attributes:
        stage: one of `config.STAGES`.
        epoch: how often the whole split was gone through before.
        step: of the stage, counted from 1.
        loss, accuracy: of the batch; see `losses.Contrast`.
        learning_rate: of the update.
    """

    stage: str
    epoch: int
    step: int
    loss: float
    accuracy: float
    learning_rate: float


@dataclass(frozen=True)
class StepCost:
    """What a step took.

    Attributes:
        samples: in the batch.
        seconds: for all of the step.
        waited_s: of them, until the batch was there.
        chance: the accuracy that guessing would give.
    """

    samples: int
    seconds: float
    waited_s: float
    chance: float


class Journal:
    """A run's journal, from where its checkpoint stands; use it as a context.

    Args:
        run: the run's folder.
        log_bytes: the length of ``log.jsonl`` at the checkpoint; what was written after it is cut off.
        steps_done: in all stages; TensorBoard forgets the curves behind.

    Raises:
        CheckpointError: ``log.jsonl`` is shorter than that.
        TransientError: from all that writes, when the disk failed or is full.
    """

    def __init__(self, run: Path, *, log_bytes: int, steps_done: int) -> None:
        self._path, self._board_path = run / LOG_NAME, run / "tensorboard"
        self._log = _open_log(self._path, log_bytes)
        try:
            with _disk_trouble(self._board_path):
                self._board = SummaryWriter(self._board_path, purge_step=steps_done + 1 if steps_done else None)
        except BaseException:
            self._log.close()
            raise
        self._steps = steps_done

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            # Closing may find the disk full, too: worth telling only where nothing else is to be told.
            with suppress(TransientError) if kind else nullcontext(), _disk_trouble(self._board_path):
                self._board.close()
        finally:
            with suppress(OSError):  # each line was flushed, or its failure was told
                self._log.close()

    def add(self, record: StepRecord, cost: StepCost) -> None:
        """Write a step down."""
        with _disk_trouble(self._path):
            self._log.write((json.dumps(asdict(record)) + "\n").encode())
            self._log.flush()
        self._steps += 1
        curves = {
            "loss": record.loss,
            "accuracy": record.accuracy,
            "learning_rate": record.learning_rate,
            "samples_per_s": cost.samples / cost.seconds,
            "waiting_share": cost.waited_s / cost.seconds,
        }
        with _disk_trouble(self._board_path):
            for name, value in curves.items():
                # One count of steps for all stages: purging goes by it, whatever the curve.
                self._board.add_scalar(f"{record.stage}/{name}", value, self._steps)

    def sync(self) -> int:
        """Bring what was written to the disk; the length of ``log.jsonl``, for a checkpoint."""
        with _disk_trouble(self._path):
            os.fsync(self._log.fileno())
        with _disk_trouble(self._board_path):
            self._board.flush()
        return self._log.tell()


@contextmanager
def _disk_trouble(where: Path) -> Iterator[None]:
    """An `OSError` within the block is told as the disk's failure at a path."""
    try:
        yield
    except OSError as error:
        raise TransientError.of_disk(error, where) from error


def _open_log(path: Path, log_bytes: int) -> BinaryIO:
    with _disk_trouble(path):
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+b")
    length = file.seek(0, os.SEEK_END)
    if length < log_bytes:
        file.close()
        raise CheckpointError(
            f"{path} has {length} bytes, but had {log_bytes} at the checkpoint: it was cut or replaced; "
            "put it back, or train again into another folder"
        )
    try:
        with _disk_trouble(path):
            file.truncate(log_bytes)
    except TransientError:
        file.close()
        raise
    file.seek(log_bytes)
    return file


class Progress:
    """One line that tells how a stage goes: a bar on a terminal, else a message every ten seconds. A context.

    Where the logger tells no news (``avsa -q``), nothing is told.
    """

    def __init__(self, stage: str, *, first_step: int, steps: int) -> None:
        self._stage, self._steps = stage, steps
        is_shown = sys.stderr.isatty() and _logger.isEnabledFor(logging.INFO)
        self._bar = tqdm(total=steps, initial=first_step, desc=stage, unit="step", disable=not is_shown)
        self._said_at = time.monotonic()
        self._count = 0
        self._loss = self._accuracy = self._chance = self._samples = self._seconds = self._waited_s = 0.0

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def add(self, record: StepRecord, cost: StepCost) -> None:
        """Take a step into account, and tell it if it is time."""
        self._count += 1
        # A plain mean at first, later an exponential one over about the last steps.
        weight = 1 / min(self._count, _SMOOTHED_STEPS)
        self._loss += weight * (record.loss - self._loss)
        self._accuracy += weight * (record.accuracy - self._accuracy)
        self._chance += weight * (cost.chance - self._chance)
        self._samples += weight * (cost.samples - self._samples)
        self._seconds += weight * (cost.seconds - self._seconds)
        self._waited_s += weight * (cost.waited_s - self._waited_s)
        if not self._bar.disable:
            self._bar.set_postfix_str(self._told(), refresh=False)
            self._bar.update()
        elif record.step == self._steps or time.monotonic() - self._said_at >= _LINE_EVERY_S:
            self._said_at = time.monotonic()
            left_s = (self._steps - record.step) * self._seconds
            left = tqdm.format_interval(left_s)
            _logger.info("%s %d/%d: %s, %s left", self._stage, record.step, self._steps, self._told(), left)

    def _told(self) -> str:
        return (
            f"loss {self._loss:.3f}, accuracy {self._accuracy:.1%} (chance {self._chance:.1%}), "
            f"{self._samples / self._seconds:.0f} samples/s, waiting {self._waited_s / self._seconds:.0%}"
        )
