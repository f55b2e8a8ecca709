"""What the tests of the whole line share: an ffmpeg, the installed command, a workspace read back."""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import imageio_ffmpeg
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

# A shell that starts the tests in the background ignores SIGINT, for them and for all that they start. Tests that
# interrupt themselves or their children would then fail, or never end.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class ExtractedClip:
    """The folder that ``yt360 shard extract`` writes for one clip."""

    folder: Path

    @cached_property
    def facts(self) -> dict[str, Any]:
        """``clip.json``."""
        return json.loads((self.folder / "clip.json").read_text(encoding="utf-8"))

    @property
    def views(self) -> list[dict[str, Any]]:
        """The views in the order of their index."""
        return sorted(self.facts["views"], key=lambda view: view["index"])

    def frame_paths(self, view: int) -> list[Path]:
        """The frames of a view in the order of time."""
        return sorted((self.folder / f"view{view}").glob("frame*.png"))

    def picture(self, view: int, frame: int) -> NDArray[np.uint8]:
        """A frame as RGB; -1 is the last one."""
        path = self.frame_paths(view)[frame]
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        assert picture is not None, f"{path} is no picture"
        return picture[..., ::-1]

    def sound(self, name: str) -> NDArray[np.float64]:
        """A WAV of the folder as (channels, samples): ``ambisonics``, ``view0``, ``view0.beam``."""
        samples, rate_hz = soundfile.read(self.folder / f"{name}.wav", always_2d=True)
        assert rate_hz == self.facts["sample_rate_hz"], f"{name}.wav is at {rate_hz} Hz"
        return samples.T


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    """The path of an ffmpeg that has every encoder the scenes need."""
    return imageio_ffmpeg.get_ffmpeg_exe()


@pytest.fixture(scope="session")
def run_yt360() -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs the installed ``yt360`` as a user would: ``run_yt360("shard", "info", path)``.

    It fails the test with both outputs when the command does, unless ``check=False``.
    """
    command = Path(sys.executable).parent / "yt360"
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    no_proxy = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1")

    def run(*arguments: object, check: bool = True, timeout_s: float = 300) -> Any:
        done = subprocess.run(
            [str(command), *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            env=os.environ | one_thread | no_proxy,
        )
        if check and done.returncode:
            shown = " ".join(map(str, arguments))
            pytest.fail(
                f"yt360 {shown}: exit {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}",
                pytrace=False,
            )
        return done

    return run


@pytest.fixture(scope="session")
def write_manifest() -> Callable[..., Path]:
    """Writes a manifest, one row a segment; `declared` names the videos whose projection is told."""

    def write(path: Path, scenes: Iterable[Any], *, declared: Sequence[str] = ()) -> Path:
        columns = ["clip_id", "video_id", "start_s", "end_s", "split"] + ["projection"] * bool(declared)
        with path.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(columns)
            for scene in scenes:
                told = [scene.projection if scene.video_id in declared else ""] * bool(declared)
                for segment in scene.segments:
                    times = [f"{segment.start_s:g}", f"{segment.end_s:g}"]
                    table.writerow([segment.clip_id, scene.video_id, *times, "train", *told])
        return path

    return write


@pytest.fixture(scope="session")
def extract(run_yt360: Callable[..., Any]) -> Callable[..., dict[str, ExtractedClip]]:
    """Takes clips out of a workspace's shards with ``yt360 shard extract``: the folders by clip id."""

    def run(workspace: Path, clip_ids: Sequence[str], folder: Path) -> dict[str, ExtractedClip]:
        chosen = [f"--clip={clip_id}" for clip_id in clip_ids]
        run_yt360("shard", "extract", workspace / "shards", *chosen, "--out", folder)
        alone = len(clip_ids) == 1  # then the clip's files lie in the folder itself
        return {clip_id: ExtractedClip(folder if alone else folder / clip_id) for clip_id in clip_ids}

    return run
