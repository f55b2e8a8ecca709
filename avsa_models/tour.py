"""Train on the panoramas of `yt360 tour`, and measure what came of it: the second half of `make demo`."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avsa_models.benchmarks import BENCHMARK_NAMES
from avsa_models.benchmarks.measure import dependencies, measure
from avsa_models.checkpoint import Checkpoint
from avsa_models.config import DRAWN_VIEWS, Config
from avsa_models.pretrain import pretrain
from yt360_tools.errors import TransientError, UsageError


@dataclass(frozen=True)
class Tour:
    """What there is now.

    Attributes:
        shards: what was learned from.
        run: the training's folder.
        outcomes: of the benchmarks, as ``run/bench/*.json`` has them.
    """

    shards: Path
    run: Path
    outcomes: tuple[dict[str, Any], ...]


def run_tour(folder: Path, config: Config, *, say: Callable[[str], None]) -> Tour:
    """Train in ``folder/run`` on ``folder/panorama`` and ask both benchmarks' questions; what is done is not repeated.

    Raises:
        UsageError: there are no panoramas, or the run was told otherwise before.
        Interrupted: it was asked to stop, and what is done is kept.
    """
    shards, run = folder / "panorama", folder / "run"
    if not shards.exists():
        raise UsageError(f"{shards} does not exist; 'yt360 tour {folder}' makes it")
    say(f"training on {shards}")
    checkpoint = pretrain(config, [shards], run)
    return Tour(shards, run, tuple(_outcome(name, checkpoint, run, shards, say) for name in BENCHMARK_NAMES))


def _outcome(name: str, checkpoint: Checkpoint, run: Path, shards: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """A benchmark's outcome, from its file when nothing that it depends on has changed."""
    path = run / "bench" / f"{name}.json"
    wanted = dependencies(checkpoint, checkpoint.content_hash, views=DRAWN_VIEWS)  # the training's shards are measured
    known = _read(path)
    if known.get("benchmark") == name and all(known.get(key) == value for key, value in wanted.items()):
        return known
    say(f"measuring {name}")
    outcome = measure(name, run, [shards], views=DRAWN_VIEWS).to_dict()
    _write(path, outcome)
    return outcome


def _read(path: Path) -> dict[str, Any]:
    """A result; an empty one when there is none, or it is damaged."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _write(path: Path, values: dict[str, Any]) -> None:
    """The file appears whole or not at all."""
    temporary = path.with_name(f"{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
        os.replace(temporary, path)
    except OSError as error:
        raise TransientError.of_disk(error, path) from error
