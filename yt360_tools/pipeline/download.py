"""The first stage: each video's media, fetched into ``raw/<video_id>/``, whole or not at all."""

import hashlib
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from yt360_tools.errors import MediaError, TransientError
from yt360_tools.manifest import Manifest
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.records import Outcome
from yt360_tools.sources import Source

STAGE = "download"


@dataclass(frozen=True)
class DownloadTask:
    """Fetch one video."""

    video_id: str
    source: Source
    workspace: Workspace

    @property
    def size(self) -> int:
        return 1

    def run(self) -> list[Outcome]:
        try:
            sizes = self._fetch()
        except MediaError as error:
            return [Outcome(self.video_id, STAGE, "rejected", error.reason, str(error))]
        except TransientError as error:
            return self.failed(error.reason, str(error))
        except OSError as error:
            failure = TransientError.of_disk(error, self.workspace.raw_folder(self.video_id))
            return self.failed(failure.reason, str(failure))
        return [Outcome(self.video_id, STAGE, "done", data={"files": sizes})]

    def _fetch(self) -> dict[str, dict[str, int | str]]:
        """Fetch beside the final folder and rename; a folder that is there already is whole."""
        final = self.workspace.raw_folder(self.video_id)
        if not final.is_dir():
            partial = final.with_name(f".{self.video_id}.part")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            try:
                self.source.fetch(self.video_id, partial)
                os.replace(partial, final)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
        return {path.name: {"bytes": path.stat().st_size, "sha256": _sha256(path)} for path in sorted(final.iterdir())}

    def progress(self) -> int:
        return 0

    def failed(self, reason: str, detail: str) -> list[Outcome]:
        return [Outcome(self.video_id, STAGE, "failed", reason, detail)]

    def after_death(self) -> tuple[list[Outcome], None]:
        return self.failed("worker_died", f"{self.video_id}: the worker died while downloading"), None


def plan_downloads(manifest: Manifest, ledger: Ledger, workspace: Workspace, source: Source) -> list[DownloadTask]:
    """The videos of the manifest that are neither fetched nor known to be beyond fetching."""
    known = ledger.entries(STAGE)
    return [
        DownloadTask(video_id, source, workspace)
        for video_id in manifest.video_ids
        if video_id not in known or not known[video_id].is_final
    ]


def forget_lost_media(ledger: Ledger, workspace: Workspace, needed: Iterable[str]) -> None:
    """Take up again the needed videos whose folder somebody has removed."""
    fetched = ledger.entries(STAGE)
    ledger.forget(
        STAGE,
        [
            video_id
            for video_id in needed
            if video_id in fetched and fetched[video_id].state == "done" and not workspace.raw_folder(video_id).is_dir()
        ],
    )


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
