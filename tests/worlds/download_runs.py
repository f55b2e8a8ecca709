"""Runs of downloads in one workspace, under a clock that only moves when somebody sleeps."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

from yt360_tools.config import DownloadConfig
from yt360_tools.manifest import Manifest
from yt360_tools.pipeline.download import Downloads, plan_downloads, run_downloads
from yt360_tools.pipeline.download_queue import Pace
from yt360_tools.pipeline.ledger import Entry, Ledger
from yt360_tools.pipeline.standing import Standing, standings, waiting_of
from yt360_tools.pipeline.told import told_videos
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.records import ClipRow, Outcome
from yt360_tools.sources import Source, open_source


@dataclass
class StandingClock:
    """A clock that stands still while work is done."""

    seconds: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        assert seconds < 1e6, "nothing will ever come"
        self.slept.append(seconds)
        self.seconds += seconds


@dataclass
class Runs:
    """One workspace, and the command that is given again and again for it; each run opens and closes it."""

    root: Path
    video_ids: Iterable[str]
    extra: dict[str, dict[str, str]] = field(default_factory=dict)
    time: StandingClock = field(default_factory=StandingClock)
    decode_timeout_s: float = 120.0

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.root)

    @property
    def manifest(self) -> Manifest:
        rows = (ClipRow(one, one, None, None, "train", self.extra.get(one, {})) for one in self.video_ids)
        return Manifest(self.root / "manifest.csv", tuple(rows), ())

    def run(self, config: DownloadConfig, source: Source | None = None, retry: Collection[str] = ()) -> Downloads:
        source = source or open_source(config)
        with self.workspace.opened():
            ledger = Ledger(self.workspace.ledger)
            ledger.expect("download", self.video_ids)
            pace = Pace.of(
                config, told=told_videos(self.standings(config, ledger), ledger, retry), clock=self.time.clock
            )
            pace.asks_nevertheless = bool(retry)
            tasks = plan_downloads(
                self.manifest, ledger, self.workspace, source, config=config, pace=pace, now=self.time.now(),
                decode_timeout_s=self.decode_timeout_s,
            )  # fmt: skip
            found = run_downloads(
                tasks, ledger, self.workspace, config, pace=pace,
                clock=self.time.clock, now=self.time.now, sleep=self.time.sleep, draw=lambda: 0.5,
            )  # fmt: skip
            self.waiting = waiting_of(self.standings(config, ledger))
            ledger.close()
        return found

    def standings(self, config: DownloadConfig, ledger: Ledger) -> dict[str, Standing]:
        return standings(self.manifest, ledger, config, decode_timeout_s=self.decode_timeout_s, now=self.time.now())

    def entries(self) -> dict[str, Entry]:
        ledger = Ledger(self.workspace.ledger, read_only=True)
        found = ledger.entries("download")
        ledger.close()
        return found

    def media(self, video_id: str) -> dict[str, bytes]:
        """The files of a video that was fetched; nothing where it was not."""
        folder = self.workspace.raw_folder(video_id)
        return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}

    @property
    def hidden(self) -> list[str]:
        """What lies about that is not whole."""
        return sorted(path.name for path in self.workspace.raw.iterdir() if path.name[0] == ".")


def by_video(found: Iterable[Outcome]) -> dict[str, tuple[str, str]]:
    """State and reason by video."""
    return {outcome.item: (outcome.state, outcome.reason) for outcome in found}
