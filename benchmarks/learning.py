"""What a training sample and a training step cost: ``python benchmarks/learning.py``, or ``make bench``.

A sample at the published size: 4 viewpoints of 8 x 112 x 112 pictures out of a 448 x 224 panorama, each with 1 s of
sound turned to it as 7 x 100 x 128 features. Its yardstick is reading and decoding what it is made of, without
cutting or turning anything. A step of the preset `tiny`: 16 samples of 4 viewpoints, forth, back and update, in one
thread; its yardstick is the way forth alone. CPU time of this process. Nothing is asserted: a person reads the table.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import cv2
import torch

from avsa_models.config import Config, load_config
from avsa_models.dataset import PanoramaClips, open_panoramas
from avsa_models.features import FeatureConfig
from avsa_models.loader import Batch, StageBatches
from avsa_models.nets.alignment import AlignmentModel
from avsa_models.pretrain import contrast_of, update
from avsa_models.views import ViewConfig

WORLD = ("--videos", "4", "--seconds", "24", "--seed", "1", "--width", "480", "--fps", "16")
PUBLISHED = Config(
    features=FeatureConfig(kind="logmel+iv", n_fft=512, hop=240, mels=128),
    views=ViewConfig(size=112, hfov_deg=(25.0, 90.0)),
)
SAMPLES, STEPS = 40, 5


@dataclass(frozen=True)
class Row:
    """A line of the table: medians in CPU milliseconds, and what is measured beside them."""

    name: str
    ours_ms: float
    baseline: str
    baseline_ms: float

    @property
    def ratio(self) -> float:
        return self.ours_ms / self.baseline_ms


def make_panoramas(folder: Path) -> Path:
    """A small demo world's panoramas, made once."""
    command = str(Path(sys.executable).with_name("yt360"))
    manifest, media, workspace = folder / "world" / "manifest.csv", folder / "world" / "media", folder / "panorama"
    for arguments in (
        ["demo", str(folder / "world"), *WORLD],
        ["rebuild", str(manifest), "--media", str(media), "--workspace", str(workspace), "--layout", "panorama"],
    ):
        subprocess.run([command, *arguments], check=True, stdout=sys.stderr)
    return workspace


def cpu_ms(work: Callable[[int], object], count: int) -> float:
    """The median CPU time of `work` called with 1, 2, ...; called once before, as a warm-up."""
    work(0)
    took = []
    for number in range(1, count + 1):
        began = time.process_time()
        work(number)
        took.append(time.process_time() - began)
    return 1000 * median(took)


def run_loader(clips: PanoramaClips) -> Row:
    batches = StageBatches(clips, PUBLISHED, "avsa")

    def read_alone(number: int) -> None:
        clips.frames(number % len(clips), 1.0)
        clips.sound(number % len(clips), 1.0)

    ours = cpu_ms(lambda number: batches.sample(number // len(clips), number % len(clips)), SAMPLES)
    return Row("loader, a sample", ours, "reading and decoding alone", cpu_ms(read_alone, SAMPLES))


def run_step(clips: PanoramaClips, config: Config) -> Row:
    model = AlignmentModel(config.net, config.features.channels).train()
    optimizer = torch.optim.AdamW(model.parameters())
    batches = StageBatches(clips, config, "avsa")
    made: list[Batch] = [batches[number] for number in range(STEPS + 1)]

    def forth(number: int) -> torch.Tensor:
        return contrast_of(model, made[number], "avsa", config.avsa).loss

    ours = cpu_ms(lambda number: update(optimizer, forth(number), 1e-3), STEPS)
    return Row("training step, tiny", ours, "the way forth alone", cpu_ms(forth, STEPS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--world", type=Path, default=Path("build/bench-world"), help="where the panoramas are kept")
    parser.add_argument("--json", action="store_true", help="print as JSON")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    workspace = make_panoramas(options.world.resolve())
    tiny = load_config("tiny")
    rows = [
        run_loader(open_panoramas([workspace], "train", PUBLISHED.moment)),
        run_step(open_panoramas([workspace], "train", tiny.moment), tiny),
    ]
    if options.json:
        print(json.dumps([asdict(row) | {"ratio": row.ratio} for row in rows], indent=2))
        return
    print(f"one thread, torch {torch.__version__}; medians of {SAMPLES} samples and {STEPS} steps")
    print(f"{'':<22}{'ours, CPU ms':>13}{'baseline, CPU ms':>18}{'ratio':>8}")
    for row in rows:
        print(f"{row.name:<22}{row.ours_ms:>13.1f}{row.baseline_ms:>18.1f}{row.ratio:>7.2f}x  {row.baseline}")


if __name__ == "__main__":
    main()
