"""The second stage: what each video's picture and sound really are, and whether they serve."""

import dataclasses
import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yt360_tools.config import Config, ValidateConfig, as_plain
from yt360_tools.errors import MediaError, TransientError, UsageError
from yt360_tools.examine.declared import Declared
from yt360_tools.examine.limits import examine_within_limits
from yt360_tools.examine.tolerance import check_rules
from yt360_tools.manifest import Manifest
from yt360_tools.pipeline import download
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.probing import declared_channels, probe_media
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.projection import check_er_shape, parse_faces
from yt360_tools.records import Outcome, SourceLayout, VideoRecord

if TYPE_CHECKING:
    from yt360_tools.examine.examination import Examination

STAGE = "validate"

_HEADER_POSE = "header_pose_deg"
"""Beside a record in the ledger: the pose that its file states, whatever was made of it."""

EXAMINATION = "examination"
"""Beside a record in the ledger, and without one where a video was rejected: what was found, with the evidence."""

_SPANS = "unusable_spans"

_RULES = "rules"
"""Beside a record: what it was judged by, see `rules_of`."""

_NO_RULES = (
    "projection", "stereo", "faces", "pose", "pose_signs",
    "decode_timeout_s", "examine_timeout_s", "examine_memory_mib",
)  # fmt: skip
"""Of the section ``[validate]``: what is put over a record without looking again, and limits."""

_CURED_BY_DECLARING = (
    "unsupported_projection", "unknown_faces", "not_equirectangular", "flat", "flat_in_sphere", "half_sphere",
)  # fmt: skip


@dataclass(frozen=True)
class ValidateTask:
    """Examine one video."""

    video_id: str
    workspace: Workspace
    config: Config
    declared: Declared

    @property
    def size(self) -> int:
        return 1

    def run(self) -> list[Outcome]:
        try:
            picture, sound = self._files()
            found = self._examined(picture, sound) if self.config.validate.examine else self._probed(picture, sound)
            return [dataclasses.replace(found, data={**found.data, _RULES: rules_of(self.config)})]
        except MediaError as error:
            return [Outcome(self.video_id, STAGE, "rejected", error.reason, str(error))]
        except TransientError as error:
            return self.failed(error.reason, str(error))

    def _probed(self, picture: Path, sound: Path) -> Outcome:
        """By what the files say of themselves."""
        rules, root = self.config.validate, self.workspace.root
        record, header = probe_media(self.video_id, picture, sound, root, rules, self.declared)
        data = dataclasses.asdict(record)
        if header is not None:
            data[_HEADER_POSE] = header.pose_deg
        said = f"its header says {' and '.join(header.doubts)}; taken as absent" if header and header.doubts else ""
        return Outcome(self.video_id, STAGE, "done", detail=_doubts(record, said), data=data)

    def _examined(self, picture: Path, sound: Path) -> Outcome:
        """By what their content is."""
        channels = declared_channels(self.config.validate)
        found = examine_within_limits(picture, sound, self.config, self.declared, channels)
        data: dict[str, Any] = {
            EXAMINATION: found.as_plain(),
            _SPANS: [list(span) for span in found.unusable_spans(self.config.picture.unusable_least_s)],
            _HEADER_POSE: found.header_pose_deg,
        }
        if found.verdict == "reject":
            said = _said(found, "reject")
            return Outcome(self.video_id, STAGE, "rejected", found.findings[0].code, said, data)
        record = _record(self.video_id, picture, sound, found, self.workspace.root)
        said = _said(found, "doubt", "fix")
        doubts = f"{record.video_path}: {said}" if said else ""
        return Outcome(self.video_id, STAGE, "done", detail=doubts, data={**dataclasses.asdict(record), **data})

    def _files(self) -> tuple[Path, Path]:
        """The files that carry the picture and the sound."""
        from yt360_tools.media.probe import find_tracks

        folder = self.workspace.raw_folder(self.video_id)
        if not folder.is_dir():
            raise TransientError("missing_media", f"{folder} is gone; 'yt360 download' fetches it again")
        return find_tracks(folder, self.video_id)

    def progress(self) -> int:
        return 0

    def failed(self, reason: str, detail: str) -> list[Outcome]:
        return [Outcome(self.video_id, STAGE, "failed", reason, detail)]

    def after_death(self) -> tuple[list[Outcome], None]:
        return self.failed("worker_died", f"{self.video_id}: the worker died while examining it"), None


def rules_of(config: Config) -> str:
    """A digest of what videos are judged by: whether and with what thresholds, and what is tolerated or refused."""
    sections = {name: as_plain(getattr(config, name)) for name in ("validate", "picture", "sound", "timing")}
    sections["validate"] = {key: value for key, value in sections["validate"].items() if key not in _NO_RULES}
    return hashlib.sha256(json.dumps(sections, sort_keys=True).encode()).hexdigest()[:16]


def judged_otherwise(ledger: Ledger, config: Config, video_ids: Collection[str]) -> list[str]:
    """The videos that were judged by other rules than the configuration's; not those of which no rules are known."""
    now = rules_of(config)
    return [
        video_id
        for video_id, entry in ledger.entries_of(STAGE, video_ids).items()
        if entry.is_final and entry.data.get(_RULES, now) != now
    ]


def check_validate_options(config: ValidateConfig) -> None:
    """Refuse what is no channel map, no arrangement of faces and no finding.

    Raises:
        UsageError: it is none.
    """
    declared_channels(config)
    if config.faces != "auto":
        parse_faces(config.faces)
    check_rules(config.tolerate, config.refuse)


def plan_validation(manifest: Manifest, ledger: Ledger, workspace: Workspace, config: Config) -> list[ValidateTask]:
    """The videos that are fetched and not examined yet.

    Raises:
        UsageError: the configuration's channel map or faces are none.
    """
    check_validate_options(config.validate)
    known, fetched = ledger.entries(STAGE), ledger.entries(download.STAGE)
    declared = _declared(manifest, config.validate)
    return [
        ValidateTask(video_id, workspace, config, declared[video_id])
        for video_id in manifest.video_ids
        if (entry := fetched.get(video_id)) is not None
        and entry.state == "done"
        and (video_id not in known or not known[video_id].is_final)
    ]


def take_up_redeclared(manifest: Manifest, ledger: Ledger, config: ValidateConfig, built: set[str], root: Path) -> None:
    """Examine again the videos whose projection or stereo layout is declared otherwise than it was decided.

    Args:
        built: the videos that stand in shards.

    Raises:
        UsageError: one of them stands in a shard already.
    """
    declared = _declared(manifest, config)
    for video_id, entry in ledger.entries(STAGE).items():
        if entry.reason in _CURED_BY_DECLARING and declared.get(video_id, Declared()) != Declared():
            ledger.forget(STAGE, [video_id])
        if entry.state != "done":
            continue
        decided = video_record(entry.data).layout
        wanted = _redecided(decided, declared.get(video_id, Declared()), entry.data.get(_HEADER_POSE), config)
        if wanted == decided:
            continue
        if video_id in built:
            raise UsageError(
                f"video {video_id!r} stands in the shards of {root} as {_words(decided)} "
                f"(by {decided.decided_by}), and is declared {_words(wanted)} now: use a new workspace"
            )
        ledger.forget(STAGE, [video_id])


def _redecided(
    decided: SourceLayout, declared: Declared, header_pose_deg: list[float] | None, config: ValidateConfig
) -> SourceLayout:
    """A layout with what is declared now put over it; the pose of an old ledger, which does not tell, stays."""
    from yt360_tools.media.layout import turned_pose

    faces = declared.faces if (declared.projection or decided.projection) == "cubemap" else None
    pose_deg = decided.pose_deg
    if header_pose_deg is not None:
        yaw, pitch, roll = header_pose_deg
        pose_deg = turned_pose((yaw, pitch, roll), config.pose, config.pose_signs)
    return dataclasses.replace(
        decided,
        projection=declared.projection or decided.projection,
        stereo=declared.stereo or decided.stereo,
        faces=faces or decided.faces,
        pose_deg=pose_deg,
    )


def _words(layout: SourceLayout) -> str:
    pose = "posed at {:g}, {:g}, {:g} degrees".format(*layout.pose_deg) if any(layout.pose_deg) else ""
    return " ".join(word for word in (layout.projection, layout.stereo, layout.faces, pose) if word)


def _declared(manifest: Manifest, config: ValidateConfig) -> dict[str, Declared]:
    """How each video lies as its rows declare it, or the configuration for all."""
    for_all = {name: getattr(config, name) for name in ("projection", "stereo", "faces")}
    declared: dict[str, Declared] = {}
    for row in manifest.rows:
        before = declared.get(row.video_id, Declared())
        said = {name: row.extra.get(name) or getattr(before, name) for name in for_all}
        declared[row.video_id] = Declared(
            **{name: said[name] if word == "auto" else word for name, word in for_all.items()}
        )
    return declared


def _record(video_id: str, picture: Path, sound: Path, examination: "Examination", root: Path) -> VideoRecord:
    """What the next stages need of a video that serves."""
    seen, heard, layout = examination.picture, examination.sound, examination.layout
    assert seen is not None
    assert heard is not None
    assert layout is not None
    return VideoRecord(
        video_id=video_id,
        video_path=str(picture.relative_to(root)),
        audio_path=str(sound.relative_to(root)),
        width=seen.width,
        height=seen.height,
        fps=seen.fps,
        start_s=max(seen.start_s, heard.start_s),
        end_s=min(seen.end_s, heard.end_s),
        sample_rate_hz=heard.sample_rate_hz,
        channels=heard.channels,
        channel_map=examination.channel_map,
        layout=layout,
        video_codec=seen.codec,
        audio_codec=heard.codec,
        channel_gains=examination.channel_gains,
    )


def video_record(data: dict[str, Any]) -> VideoRecord:
    """The record that `ValidateTask` laid down as plain values; JSON has made lists of its tuples."""
    layout: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in data["layout"].items()
    }
    known = {item.name for item in dataclasses.fields(VideoRecord)}
    plain: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in data.items() if key in known
    }
    return VideoRecord(**{**plain, "layout": SourceLayout(**layout)})


def _said(examination: "Examination", *severities: str) -> str:
    said = dict.fromkeys(finding.text for finding in examination.findings if finding.severity in severities)
    return "; ".join(said)


def _doubts(record: VideoRecord, said: str) -> str:
    """What makes it doubtful that a video is as it was decided, and what is mended; empty where there is nothing."""
    doubts = [said] if said else []
    if _is_a_guess_of_an_odd_shape(record):
        doubts.append(
            f"its picture of {record.width} x {record.height} is taken as equirectangular by its look alone, and is "
            "not twice as wide as high: a smooth flat film looks the same. Leave such a film out; if it is a sphere, "
            "declare how it lies: --projection, or the manifest's column projection"
        )
    return f"{record.video_path}: {'; '.join(doubts)}" if doubts else ""


def _is_a_guess_of_an_odd_shape(record: VideoRecord) -> bool:
    """Whether the look alone made a picture ER that has not the shape of a whole one."""
    layout = record.layout
    if (layout.projection, layout.stereo, layout.decided_by) != ("er", "mono", "content"):
        return False
    try:
        check_er_shape(record.width, record.height)
    except UsageError:
        return True
    return False


def layout_doubts(ledger: Ledger) -> list[str]:
    """Why it is doubtful how the spheres of videos that serve lie: a sentence or two a video."""
    return [entry.detail for entry in ledger.entries(STAGE).values() if entry.state == "done" and entry.detail]


def validated_videos(ledger: Ledger) -> dict[str, VideoRecord]:
    """The records of all videos that serve, by id."""
    return {
        video_id: video_record(entry.data) for video_id, entry in ledger.entries(STAGE).items() if entry.state == "done"
    }
