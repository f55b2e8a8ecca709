"""The third stage: the clips of each video, given by the manifest or found where it sounds."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from yt360_tools.config import SegmentConfig
from yt360_tools.errors import MediaError, TransientError, UsageError
from yt360_tools.manifest import Manifest, write_manifest
from yt360_tools.media.scene_cuts import check_scene_detector
from yt360_tools.pipeline import download, validate
from yt360_tools.pipeline.ledger import Entry, Ledger
from yt360_tools.pipeline.materials import Spans, read_material, spans_by_video
from yt360_tools.pipeline.saved_rule import write_rule
from yt360_tools.pipeline.validate import validated_videos
from yt360_tools.pipeline.windows import Material, candidates_of, chosen_starts, why_none
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.records import ClipRow, ClipWindow, Outcome, VideoRecord, clip_id_for

STAGE = "segment"
VIDEO_REJECTED = "video_rejected"

_EDGE_S = 0.1
"""By so much may a clip reach over a video's ends: containers round."""


@dataclass(frozen=True)
class SegmentTask:
    """Find the windows of a video's rows.

    Attributes:
        taken: clip ids that the manifest gives, which are not found again.
        marked: spans that validation has marked: no window is found there.
    """

    video: VideoRecord
    rows: tuple[ClipRow, ...]
    taken: frozenset[str]
    workspace: Workspace
    config: SegmentConfig
    marked: Spans = ()

    @property
    def size(self) -> int:
        return len(self.rows)

    def run(self) -> list[Outcome]:
        return [self._outcome(row) for row in self.rows]

    def _outcome(self, row: ClipRow) -> Outcome:
        try:
            windows = self._found(row) if row.is_whole_video else (given_window(row, self.video),)
        except MediaError as error:
            return Outcome(row.clip_id, STAGE, "rejected", error.reason, str(error))
        except TransientError as error:
            return Outcome(row.clip_id, STAGE, "failed", error.reason, str(error))
        return Outcome(row.clip_id, STAGE, "done", data={"windows": [dataclasses.asdict(window) for window in windows]})

    def _found(self, row: ClipRow) -> tuple[ClipWindow, ...]:
        material = read_material(self.video, self.marked, self.workspace.root, self.config)
        found = windows_of(material, row.split, self.config)
        return tuple(window for window in found if window.clip_id not in self.taken)

    def progress(self) -> int:
        return 0

    def failed(self, reason: str, detail: str) -> list[Outcome]:
        return [Outcome(row.clip_id, STAGE, "failed", reason, detail) for row in self.rows]

    def after_death(self) -> tuple[list[Outcome], None]:
        return self.failed("worker_died", f"{self.video.video_id}: the worker died while segmenting"), None


def given_window(row: ClipRow, video: VideoRecord) -> ClipWindow:
    """The window that a row gives, if the video has it.

    Raises:
        MediaError: it reaches over the video's ends.
    """
    assert row.start_s is not None
    assert row.end_s is not None
    if row.start_s < video.start_s - _EDGE_S or row.end_s > video.end_s + _EDGE_S:
        raise MediaError(
            "window_outside_video",
            f"{row.clip_id}: asks for {row.start_s:g} to {row.end_s:g} s, "
            f"and picture and sound reach from {video.start_s:g} to {video.end_s:g} s",
        )
    return ClipWindow(row.clip_id, row.video_id, row.start_s, row.end_s, row.split)


def windows_of(material: Material, split: str, config: SegmentConfig) -> tuple[ClipWindow, ...]:
    """The windows that the rule takes of a whole video.

    Raises:
        MediaError: the video is shorter than a clip, or not one window serves.
    """
    candidates = candidates_of(material, config)
    starts_s = [float(start_s) for start_s in chosen_starts(candidates, config)]
    if not starts_s:
        raise why_none(candidates, config)
    video_id = material.video_id
    return tuple(
        ClipWindow(clip_id_for(video_id, start_s), video_id, start_s, start_s + config.clip_s, split)
        for start_s in starts_s
    )


def plan_segments(
    manifest: Manifest, ledger: Ledger, workspace: Workspace, config: SegmentConfig, *, whole: Manifest | None = None
) -> list[SegmentTask]:
    """The rows whose video serves and whose windows are not known yet, a task a video.

    Args:
        whole: what `manifest` is a selection of: clips that it gives are not found again.

    Raises:
        UsageError: a clip that the workspace knows has other times in the manifest now.
        EnvironmentMissing: cuts are asked for, and what finds them is not installed.
    """
    known, videos = ledger.entries(STAGE), validated_videos(ledger)
    found = {plain["clip_id"]: _window(plain) for entry in known.values() for plain in entry.data.get("windows", [])}
    waiting: dict[str, list[ClipRow]] = {}
    for row in manifest.rows:
        _refuse_other_times(row, known.get(row.clip_id), found, workspace)
        if row.video_id in videos and (row.clip_id not in known or not known[row.clip_id].is_final):
            waiting.setdefault(row.video_id, []).append(row)
    given = frozenset(row.clip_id for row in (whole or manifest).rows if not row.is_whole_video)
    if config.scene_cuts and any(row.is_whole_video for rows in waiting.values() for row in rows):
        check_scene_detector()
    marked = spans_by_video(ledger)
    return [
        SegmentTask(
            videos[video_id],
            tuple(rows),
            given if any(row.is_whole_video for row in rows) else frozenset(),
            workspace,
            config,
            marked.get(video_id, ()),
        )
        for video_id, rows in waiting.items()
    ]


def forget_lost_rows(ledger: Ledger) -> None:
    """Take up again the rows that were rejected for a video which is not rejected any more."""
    rejected = {
        video_id
        for stage in (download.STAGE, validate.STAGE)
        for video_id, entry in ledger.entries(stage).items()
        if entry.state == "rejected"
    }
    ledger.forget(
        STAGE,
        [
            item
            for item, entry in ledger.entries(STAGE).items()
            if entry.reason == VIDEO_REJECTED and entry.data.get("video_id") not in rejected
        ],
    )


def rows_without_video(manifest: Manifest, ledger: Ledger) -> list[Outcome]:
    """Rejections of the rows that wait for a video which was rejected."""
    known = ledger.entries(STAGE)
    lost = {
        video_id: entry.reason
        for stage in (download.STAGE, validate.STAGE)
        for video_id, entry in ledger.entries(stage).items()
        if entry.state == "rejected"
    }
    return [
        Outcome(
            row.clip_id,
            STAGE,
            "rejected",
            VIDEO_REJECTED,
            f"video {row.video_id}: {lost[row.video_id]}",
            {"video_id": row.video_id},
        )
        for row in manifest.rows
        if row.video_id in lost and (row.clip_id not in known or not known[row.clip_id].is_final)
    ]


def _refuse_other_times(row: ClipRow, entry: Entry | None, found: dict[str, ClipWindow], workspace: Workspace) -> None:
    """Hold a row against the windows that the workspace knows, by row and by clip id: they are fixed."""
    windows = [_window(plain) for plain in entry.data.get("windows", [])] if entry else []
    is_own = [one.clip_id for one in windows] == [row.clip_id]
    advice = "give the row another id, or use a new workspace"
    if row.is_whole_video:
        if is_own and row.clip_id != clip_id_for(row.video_id, windows[0].start_s):
            raise UsageError(
                f"row {row.clip_id!r} was {windows[0].start_s:g} to {windows[0].end_s:g} s in {workspace.root}, and "
                f"is a whole video in the manifest: {advice}"
            )
        if windows and windows[0].split != row.split:
            raise UsageError(
                f"the clips of {row.video_id!r} are of split {windows[0].split!r} in {workspace.root}, and of "
                f"{row.split!r} in the manifest: use a new workspace"
            )
        return
    if entry and entry.state == "done" and not is_own:
        cut = f"{len(windows)} clip{'s' * (len(windows) != 1)}"
        raise UsageError(
            f"row {row.clip_id!r} was a whole video in {workspace.root}, cut into {cut}, and is "
            f"{row.start_s:g} to {row.end_s:g} s in the manifest: {advice}"
        )
    window = found.get(row.clip_id)
    if window and (window.start_s, window.end_s, window.split) != (row.start_s, row.end_s, row.split):
        raise UsageError(
            f"clip {row.clip_id!r} is {window.start_s:g} to {window.end_s:g} s of split {window.split!r} in "
            f"{workspace.root}, and {row.start_s:g} to {row.end_s:g} s of {row.split!r} in the manifest: "
            "give the clip another id, or use a new workspace"
        )


def planned_windows(manifest: Manifest, ledger: Ledger) -> tuple[ClipWindow, ...]:
    """All windows known for the manifest's rows, in its order, no clip id twice."""
    return tuple(window for window, _ in _windows_with_rows(manifest, ledger))


def _windows_with_rows(manifest: Manifest, ledger: Ledger) -> list[tuple[ClipWindow, ClipRow]]:
    known = ledger.entries(STAGE)
    windows: dict[str, tuple[ClipWindow, ClipRow]] = {}
    for row in manifest.rows:
        entry = known.get(row.clip_id)
        for plain in entry.data.get("windows", []) if entry and entry.state == "done" else []:
            window = _window(plain)
            windows.setdefault(window.clip_id, (window, row))
    return list(windows.values())


def _window(plain: dict[str, Any]) -> ClipWindow:
    return ClipWindow(**plain)


def write_windows(manifest: Manifest, ledger: Ledger, workspace: Workspace) -> None:
    """Lay the windows down as ``clips.csv``, itself a manifest, and beside it by which rule they were found."""
    rows = [
        ClipRow(window.clip_id, window.video_id, window.start_s, window.end_s, window.split, row.extra)
        for window, row in _windows_with_rows(manifest, ledger)
    ]
    write_manifest(workspace.clips, rows, keep_order=True)
    write_rule(ledger, workspace)
