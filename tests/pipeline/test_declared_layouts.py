"""How a video's sphere lies, in the ledger: laid down and read back, and decided anew when it is declared otherwise."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from worlds import boxes, command, dot

from yt360_tools.config import BuildConfig, Config, SegmentConfig, ValidateConfig, as_plain, check_overrides
from yt360_tools.errors import UsageError
from yt360_tools.manifest.table import read_manifest
from yt360_tools.pipeline import validate
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.options import agreed_config
from yt360_tools.pipeline.validate import plan_validation, take_up_redeclared, validated_videos, video_record
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.records import Outcome, SourceLayout, VideoRecord

FULL = SourceLayout("cubemap", "right-left", "metadata", "3x2:RLUDFB:002200", pose_deg=(10.0, -20.5, 30.25))
POSED = SourceLayout("er", "mono", "metadata", bounds=(0.1, 0.0, 0.25, 0.0), pose_deg=(10.0, -20.0, 30.0))


def record(layout: SourceLayout, video_id: str = "v") -> VideoRecord:
    return VideoRecord(
        video_id, "raw/v.mp4", "raw/v.mp4", 64, 32, 30.0, 0.0, 9.0, 48000, 4, (0, 1, 2, 3), layout, "h264", "aac"
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


def lay_down(ledger: Ledger, layout: SourceLayout, header_pose_deg: tuple[float, ...] | None = None) -> None:
    data = dataclasses.asdict(record(layout))
    if header_pose_deg is not None:
        data["header_pose_deg"] = header_pose_deg
    ledger.record([Outcome("v", "validate", "done", data=data)])


def manifest(folder: Path, **columns: str) -> Any:
    path = folder / "manifest.csv"
    path.write_text(",".join(("video_id", *columns)) + "\n" + ",".join(("v", *columns.values())) + "\n")
    found = read_manifest(path)
    assert not found.faults
    return found


class TestRecord:
    @pytest.mark.parametrize("layout", [FULL, POSED, SourceLayout("er")])
    def test_comes_back_as_it_was(self, ledger: Ledger, layout: SourceLayout) -> None:
        lay_down(ledger, layout, (1.0, 2.0, 3.0))
        assert validated_videos(ledger) == {"v": record(layout)}
        hash(validated_videos(ledger)["v"].layout)

    def test_of_an_older_ledger_is_whole_and_upright(self) -> None:
        data = json.loads(json.dumps(dataclasses.asdict(record(SourceLayout("eac")))))
        data["layout"] = {"projection": "eac", "stereo": "mono", "decided_by": "content"}
        assert video_record(data).layout == SourceLayout("eac", "mono", "content")


def is_taken_up(ledger: Ledger, folder: Path, config: ValidateConfig, built: bool = False, **columns: str) -> bool:
    """Whether the video of the ledger is to be examined again."""
    take_up_redeclared(manifest(folder, **columns), ledger, config, {"v"} if built else set(), folder)
    return not ledger.entries("validate")


class TestDeclaredAnew:
    def test_nothing_new(self, ledger: Ledger, tmp_path: Path) -> None:
        lay_down(ledger, FULL, FULL.pose_deg)
        assert not is_taken_up(ledger, tmp_path, ValidateConfig())
        columns = {"projection": "cubemap", "stereo": "right-left", "faces": FULL.faces}
        assert not is_taken_up(ledger, tmp_path, ValidateConfig(), **columns)

    def test_other_faces(self, ledger: Ledger, tmp_path: Path) -> None:
        lay_down(ledger, FULL, FULL.pose_deg)
        with pytest.raises(UsageError, match=r"as cubemap right-left 3x2:RLUDFB:002200 .*declared .*6x1:FRBLUD"):
            is_taken_up(ledger, tmp_path, ValidateConfig(), built=True, faces="6x1:FRBLUD")
        assert is_taken_up(ledger, tmp_path, ValidateConfig(), faces="6x1:FRBLUD")

    def test_faces_for_all_cubemaps_are_none_of_an_er_videos_business(self, ledger: Ledger, tmp_path: Path) -> None:
        lay_down(ledger, POSED, POSED.pose_deg)
        assert not is_taken_up(ledger, tmp_path, ValidateConfig(faces="6x1:FRBLUD"), built=True)

    @pytest.mark.parametrize("config", [ValidateConfig(pose="ignore"), ValidateConfig(pose_signs="-++")])
    def test_a_pose(self, ledger: Ledger, tmp_path: Path, config: ValidateConfig) -> None:
        lay_down(ledger, POSED, POSED.pose_deg)
        with pytest.raises(UsageError, match=r"posed at 10, -20, 30 degrees.*new workspace"):
            is_taken_up(ledger, tmp_path, config, built=True)
        assert is_taken_up(ledger, tmp_path, config)

    def test_a_pose_that_was_ignored(self, ledger: Ledger, tmp_path: Path) -> None:
        lay_down(ledger, dataclasses.replace(POSED, pose_deg=(0.0, 0.0, 0.0)), POSED.pose_deg)
        assert not is_taken_up(ledger, tmp_path, ValidateConfig(pose="ignore"), built=True)
        assert is_taken_up(ledger, tmp_path, ValidateConfig())

    def test_an_older_ledger_keeps_what_it_decided(self, ledger: Ledger, tmp_path: Path) -> None:
        lay_down(ledger, SourceLayout("er", "mono", "metadata"))
        assert not is_taken_up(ledger, tmp_path, ValidateConfig(pose_signs="--+"), built=True)

    @pytest.mark.parametrize("reason", ["unsupported_projection", "unknown_faces", "not_equirectangular"])
    def test_what_was_rejected_for_want_of_a_declaration(self, ledger: Ledger, tmp_path: Path, reason: str) -> None:
        ledger.record([Outcome("v", "validate", "rejected", reason, "why")])
        assert not is_taken_up(ledger, tmp_path, ValidateConfig())
        assert is_taken_up(ledger, tmp_path, ValidateConfig(), faces="6x1:FRBLUD")

    def test_faces_that_are_none_stop_the_run(self, ledger: Ledger, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"faces are ARRANGEMENT:ORDER.*'4x3'"):
            plan_validation(
                manifest(tmp_path), ledger, Workspace(tmp_path), Config(validate=ValidateConfig(faces="4x3"))
            )


class TestOlderWorkspace:
    """One that was begun before there were options such as the eye."""

    REMEMBERED: ClassVar = {
        "build": {
            key: value
            for key, value in as_plain(BuildConfig(width=64)).items()
            if key not in ("eye", "hfov_range", "aspect_range")
        },
        "segment": as_plain(SegmentConfig()),
    }

    def test_goes_on(self, tmp_path: Path) -> None:
        assert agreed_config(self.REMEMBERED, {}, tmp_path).build == BuildConfig(width=64)
        assert agreed_config(self.REMEMBERED, {"build": {"eye": "left"}}, tmp_path).build.eye == "left"

    def test_does_not_change_its_eye(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"begun with build\.eye = 'left', and 'right' is asked"):
            agreed_config(self.REMEMBERED, {"build": {"eye": "right"}}, tmp_path)

    @pytest.mark.parametrize(("key", "value"), [("hfov_range", "25,90"), ("aspect_range", "0.75,1.3333")])
    def test_does_not_begin_to_draw_openings(self, ledger: Ledger, tmp_path: Path, key: str, value: str) -> None:
        """What it was built with drew none, which is the option's default."""
        ledger.remember_options(self.REMEMBERED)
        with pytest.raises(UsageError, match=rf"begun with build\.{key} = '', and '{value}' is asked.*new workspace"):
            agreed_config(ledger.options(), {"build": {key: value}}, tmp_path)
        assert getattr(agreed_config(ledger.options(), {"build": {key: ""}}, tmp_path).build, key) == ""


class TestOptions:
    def test_a_truth_is_one(self) -> None:
        given = check_overrides({"build": {"turn_sound_with_pose": True}}, where="here")
        assert given == {"build": {"turn_sound_with_pose": True}}
        with pytest.raises(UsageError, match="turn_sound_with_pose must be of type bool; got 1"):
            check_overrides({"build": {"turn_sound_with_pose": 1}}, where="here")

    @pytest.mark.parametrize(
        ("section", "key", "value", "says"),
        [
            (
                "validate",
                "projection",
                "fisheye",
                r"auto, er, eac, cubemap; got 'fisheye'; fisheye pictures are out of scope",
            ),
            ("validate", "stereo", "right-lef", r"bottom-top, right-left; got .*mean 'right-left'"),
            ("validate", "pose", "apply", r"metadata, ignore; got 'apply'"),
            ("validate", "pose_signs", "+", r"\+\+\+, .*-\+\+.*; got '\+'"),
            ("build", "eye", "both", r"left, right; got 'both'"),
        ],
    )
    def test_what_is_not_known_is_refused(self, section: str, key: str, value: str, says: str) -> None:
        with pytest.raises(UsageError, match=rf"{section}\.{key} must be one of .*{says}"):
            check_overrides({section: {key: value}}, where="here")


@pytest.mark.parametrize(
    ("size", "layout", "is_doubtful"),
    [
        ((640, 360), SourceLayout("er", "mono", "content"), True),
        ((640, 320), SourceLayout("er", "mono", "content"), False),
        ((1440, 718), SourceLayout("er", "mono", "content"), False),
        ((640, 360), SourceLayout("er", "mono", "metadata"), False),
        ((640, 360), SourceLayout("er", "mono", "manifest"), False),
        ((640, 360), SourceLayout("eac", "mono", "content"), False),
        ((640, 640), SourceLayout("er", "top-bottom", "content"), False),
    ],
)
def test_a_guess_from_the_look_of_a_picture_that_is_not_two_to_one_is_in_doubt(
    size: tuple[int, int], layout: SourceLayout, is_doubtful: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It serves all the same, and the ledger keeps the doubt."""
    found = dataclasses.replace(record(layout), width=size[0], height=size[1])
    monkeypatch.setattr(validate, "probe_media", lambda *_: (found, None))
    monkeypatch.setattr(validate.ValidateTask, "_files", lambda _: (tmp_path, tmp_path))
    (outcome,) = validate.ValidateTask("v", Workspace(tmp_path), Config(), validate.Declared()).run()
    assert outcome.state == "done"
    assert video_record(outcome.data) == found
    assert outcome.detail.startswith(f"raw/v.mp4: its picture of {size[0]} x {size[1]} is taken as") == is_doubtful
    assert bool(outcome.detail) == is_doubtful


def test_headers_and_shapes_on_the_command_line(tmp_path: Path) -> None:
    """A nonsensical header is noted, and that a film looks like a sphere and has not the shape; a flat film is rejected
    with the way out, and the way out works.
    """
    media = tmp_path / "media"
    for name in ("odd", "flat", "smooth"):
        command.write_media(media, name, 3.0)
    waves = 120 + 60 * np.sin(np.arange(96) / 15)[:, None] * np.cos(np.arange(128) * 2 * np.pi / 128)[None, :]
    smooth = np.broadcast_to(waves.astype(np.uint8)[..., None], (96, 128, 3))
    dot.write_video(media / "smooth.video.mp4", [smooth] * 24, (128, 96), 8, "libx264")
    ramp = np.broadcast_to(np.linspace(20, 230, 128, dtype=np.uint8)[None, :, None], (96, 128, 3))
    dot.write_video(media / "flat.video.mp4", [ramp] * 24, (128, 96), 8, "libx264")
    boxes.put_into_mp4(media / "odd.video.mp4", boxes.equi(pose_deg=(500.0, 0, 0)))
    rows = command.write_rows(
        tmp_path / "manifest.csv", "odd,odd,0,2,train", "flat,flat,0,2,train", "smooth,smooth,0,2,train"
    )
    given = ("rebuild", rows, "--media", media, "-w", tmp_path / "work", *command.SMALL)
    ended = command.run(given)
    assert ended.code == 0, ended
    (line,) = (line for line in ended.complaints if "not_equirectangular" in line)
    assert line.startswith("rejected  flat: not_equirectangular: flat.video.mp4: ")
    assert "128 x 96" in line
    assert "--projection er|eac|cubemap" in line
    (note,) = (line for line in ended.stderr.splitlines() if "its header says" in line)
    says = "its header says a pose of 500, 0, 0 degrees (yaw, pitch, roll); taken as absent"
    assert note == f"note: raw/odd/odd.video.mp4: {says}"
    (note,) = (line for line in ended.stderr.splitlines() if "by its look alone" in line)
    assert note.startswith("note: raw/smooth/smooth.video.mp4: its picture of 128 x 96 is taken as equirectangular")
    assert "a smooth flat film looks the same" in note
    command.write_rows(
        rows,
        "odd,odd,0,2,train,",
        "flat,flat,0,2,train,er",
        "smooth,smooth,0,2,train,",
        header="clip_id,video_id,start_s,end_s,split,projection",
    )
    ended = command.run(given)
    assert (ended.code, ended.complaints) == (0, []), ended
