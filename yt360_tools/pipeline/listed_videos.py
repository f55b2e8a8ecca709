"""The videos of a workspace that a list of windows names, listened to: what the rule is held against the list with."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from yt360_tools.config import Overrides, SegmentConfig, merge, resolve
from yt360_tools.errors import MediaError, UsageError
from yt360_tools.manifest import read_manifest
from yt360_tools.media.scene_cuts import check_scene_detector
from yt360_tools.pipeline.compare_windows import Agreement, agreement_of, found_windows
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.materials import Unread, read_materials, spans_by_video
from yt360_tools.pipeline.options import with_younger_options
from yt360_tools.pipeline.parts import ALL, Selection
from yt360_tools.pipeline.status import ledger_of
from yt360_tools.pipeline.validate import validated_videos
from yt360_tools.pipeline.window_lists import Window, WindowList, read_window_list
from yt360_tools.pipeline.windows import Candidates, Material, candidates_of

TOLERANCE_S = 1.0
"""How far apart two windows may begin, by default, to be the same one."""


@dataclass(frozen=True)
class ListedVideos:
    """The videos that a list names and a workspace has examined, in the manifest's order.

    Attributes:
        config: the options of the rule.
        listed: by video, the list's windows.
        candidates: of the same videos; None of one that is shorter than a clip.
        unread: videos that could not be listened to; they are left out.
        unexamined: ids that the list names and the workspace has not examined, or has rejected.
        unlisted: ids that are examined and not in the list.
    """

    windows: WindowList
    config: SegmentConfig
    listed: dict[str, tuple[Window, ...]]
    candidates: dict[str, Candidates | None]
    unread: tuple[Unread, ...]
    unexamined: tuple[str, ...]
    unlisted: tuple[str, ...]

    def agreements(self, tolerance_s: float) -> dict[str, Agreement]:
        """By video, how the windows that the rule finds agree with the listed ones."""
        return {
            video_id: agreement_of(
                self.listed[video_id], found_windows(one, self.config) if one else (), tolerance_s
            )
            for video_id, one in self.candidates.items()
        }  # fmt: skip


def listen_to_listed(
    manifest_path: Path,
    workspace_path: Path,
    list_path: Path,
    overrides: Overrides,
    *,
    selection: Selection = ALL,
    workers: int = 1,
    on_start: Callable[[int], object] = lambda videos: None,
    on_read: Callable[[], object] = lambda: None,
) -> ListedVideos:
    """What the rule can be held against a list with; each video is decoded once, and nothing is written.

    The rule is asked for whole videos, whatever times the manifest's rows have. `overrides` win over the options that
    the workspace keeps, which stay as they are. A run may be going on in the workspace.

    Raises:
        UsageError: the list, the manifest or an option is wrong, there is no workspace, or it has examined none of the
            list's videos.
        EnvironmentMissing: cuts are asked for, and what finds them is not installed.
    """
    windows = read_window_list(list_path)
    manifest = selection.of(read_manifest(manifest_path))
    root = selection.folder(workspace_path.resolve())
    with ledger_of(root) as ledger:
        config = _config(ledger, overrides)
        videos, spans = validated_videos(ledger), spans_by_video(ledger)
    examined = [video_id for video_id in manifest.video_ids if video_id in videos]
    shared = [video_id for video_id in examined if video_id in windows.windows]
    if not shared:
        raise UsageError(_nothing_shared(windows, manifest_path, frozenset(manifest.video_ids), len(examined)))
    if config.scene_cuts:
        check_scene_detector()
    on_start(len(shared))
    materials, unread = read_materials(
        [videos[video_id] for video_id in shared], spans, root, config, workers=workers, on_read=on_read
    )
    return ListedVideos(
        windows,
        config,
        {material.video_id: windows.windows[material.video_id] for material in materials},
        {material.video_id: _candidates_or_none(material, config) for material in materials},
        unread,
        tuple(video_id for video_id in windows.windows if video_id not in set(shared)),
        tuple(video_id for video_id in examined if video_id not in windows.windows),
    )


def check_tolerance(tolerance_s: float) -> None:
    """Refuse what is no tolerance.

    Raises:
        UsageError: it is not a finite number above 0.
    """
    if not (math.isfinite(tolerance_s) and tolerance_s > 0):
        raise UsageError(f"--tolerance {tolerance_s:g}: must be greater than 0 and finite, in seconds")


def _config(ledger: Ledger, overrides: Overrides) -> SegmentConfig:
    kept = ledger.options().get("segment")
    remembered = {"segment": with_younger_options("segment", kept)} if kept is not None else {}
    return resolve(merge(remembered, overrides)).segment


def _candidates_or_none(material: Material, config: SegmentConfig) -> Candidates | None:
    try:
        return candidates_of(material, config)
    except MediaError:  # too short: whatever the list has of it is missed
        return None


def _nothing_shared(windows: WindowList, manifest_path: Path, in_manifest: frozenset[str], examined: int) -> str:
    in_both = sum(video_id in in_manifest for video_id in windows.windows)
    said = (
        f"list {windows.path} names {len(windows.windows)} videos with windows, such as "
        f"{next(iter(windows.windows))!r}; {in_both} of them are in {manifest_path}"
    )
    if not in_both:
        return f"{said}: there is nothing to compare"
    return f"{said}, and not one of these among the {examined} examined ones: 'yt360 validate' examines what is fetched"
