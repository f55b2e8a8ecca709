"""The contact sheet: its map lies where the sound comes from, it chooses clips fairly, it writes whole files."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from yt360_tools.ambisonics import encode
from yt360_tools.cli import yt360
from yt360_tools.errors import EnvironmentMissing, UsageError
from yt360_tools.geometry import Direction, angle_between
from yt360_tools.projection import panorama, viewport
from yt360_tools.records import ClipWindow, View
from yt360_tools.report import sheet_drawing
from yt360_tools.report.contact_sheet import choose_clips, draw_contact_sheet
from yt360_tools.shards import ClipContent, ShardHeader, ShardWriter, ViewContent, open_shards
from yt360_tools.shards.codecs import encode_frames, writing_codec
from yt360_tools.shards.sound_codecs import encode_sound

RATE_HZ, FPS, SECONDS = 16000, 4, 2
BLUE = (30, 60, 160)
VIEWS = (viewport(Direction(70.0, 20.0), 80.0, 24, 24), viewport(Direction(-170.0, -35.0), 80.0, 24, 24))

Foa = NDArray[np.float32]
MakeShards = Callable[..., Path]


def sound_from(direction: Direction) -> Foa:
    noise = 0.1 * np.random.default_rng(0).standard_normal(RATE_HZ * SECONDS)
    return encode(noise, direction.ray).astype(np.float32)


def silence() -> Foa:
    return np.zeros((4, RATE_HZ * SECONDS), np.float32)


@pytest.fixture
def make_shards(tmp_path: Path) -> MakeShards:
    """Writes a folder with one shard of plain blue clips, all with the same sound."""

    def make(
        name: str, foa: Foa, views: Sequence[View] = (panorama(64),), clip_ids: Sequence[str] = ("-abc-0",)
    ) -> Path:
        content = []
        for view in views:
            blue = np.full((FPS * SECONDS, view.height, view.width, 3), BLUE, np.uint8)
            frames = encode_frames(writing_codec("raw"), blue, FPS)
            content.append(ViewContent(view, frames, encode_sound(foa[:1], "float32", RATE_HZ)))
        sound = encode_sound(foa, "float32", RATE_HZ)
        with ShardWriter(tmp_path / name / "train-00000.h5", ShardHeader("train", {})) as writer:
            for clip_id in clip_ids:
                window = ClipWindow(clip_id, clip_id.rpartition("-")[0], 0.0, float(SECONDS), "train")
                source = {"projection": "er", "decided_by": "metadata", "video_codec": "h264", "audio_codec": "opus"}
                writer.add(ClipContent(window, FPS, RATE_HZ, sound, tuple(content), source))
            writer.publish()
        return tmp_path / name

    return make


def read_rgb(path: Path) -> NDArray[np.int16]:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture[..., ::-1].astype(np.int16)


def first_sphere(sheet: NDArray[np.int16]) -> NDArray[np.int16]:
    """The pixels of the first moment's panorama on a sheet."""
    width, height = sheet_drawing.SPHERE
    left = sheet_drawing.MARGIN + sheet_drawing.TICKS
    top = sheet_drawing.HEADER + sheet_drawing.TITLE
    return sheet[top : top + height, left : left + width]


class TestWhichClips:
    def test_each_video_comes_before_a_second_clip_of_one(self, make_shards: MakeShards) -> None:
        ids = [f"a-{start}" for start in range(5)] + ["b-0", "c-0"]
        with open_shards(make_shards("many", silence(), clip_ids=ids)) as shards:
            assert choose_clips(shards, None, 3) == ["a-2", "b-0", "c-0"]
            assert choose_clips(shards, None, 4) == ["a-1", "a-3", "b-0", "c-0"]
            assert choose_clips(shards, None, 99) == ids

    def test_only_clips_of_both_sets_are_chosen(self, make_shards: MakeShards) -> None:
        panoramas = make_shards("panoramas", silence(), clip_ids=["a-0", "b-0"])
        views = make_shards("views", silence(), VIEWS, clip_ids=["b-0", "c-0"])
        with open_shards(panoramas) as shards, open_shards(views) as crops:
            assert choose_clips(shards, crops, 4) == ["b-0"]

    def test_sets_without_a_common_clip_are_refused(self, make_shards: MakeShards, tmp_path: Path) -> None:
        panoramas = make_shards("panoramas", silence(), clip_ids=["a-0"])
        views = make_shards("views", silence(), VIEWS, clip_ids=["c-0"])
        with open_shards(panoramas) as shards, open_shards(views) as crops, pytest.raises(UsageError, match="both"):
            draw_contact_sheet(shards, tmp_path / "sheet.png", crops=crops)

    def test_an_unknown_clip_is_refused(self, make_shards: MakeShards, tmp_path: Path) -> None:
        with (
            open_shards(make_shards("one", silence())) as shards,
            pytest.raises(UsageError, match="did you mean '-abc-0'"),
        ):
            draw_contact_sheet(shards, tmp_path / "sheet.png", clip_ids=["-abc-1"])


class TestWhatIsShown:
    @pytest.mark.parametrize("views", [(panorama(64),), VIEWS, VIEWS[:1], VIEWS * 3], ids=["er", "2", "1", "6"])
    def test_either_kind_of_shard_does_alone(
        self, make_shards: MakeShards, tmp_path: Path, views: Sequence[View]
    ) -> None:
        with open_shards(make_shards("one", sound_from(Direction(70.0, 20.0)), views)) as shards:
            assert draw_contact_sheet(shards, tmp_path / "sheet.png") == 1
        height, width, _ = read_rgb(tmp_path / "sheet.png").shape
        assert width == sheet_drawing.WIDTH
        assert 300 < height < 600

    @pytest.mark.parametrize(("yaw_deg", "pitch_deg"), [(71, 23), (-128, -41)])
    def test_the_map_on_the_sheet_lies_where_the_sound_comes_from(
        self, make_shards: MakeShards, tmp_path: Path, yaw_deg: float, pitch_deg: float
    ) -> None:
        for name, foa in (("loud", sound_from(Direction(yaw_deg, pitch_deg))), ("still", silence())):
            with open_shards(make_shards(name, foa)) as shards:
                draw_contact_sheet(shards, tmp_path / f"{name}.png")
        loud, still = (first_sphere(read_rgb(tmp_path / f"{name}.png")) for name in ("loud", "still"))
        # Red grows under the map alone: the crop's outline is blue and white, and thin.
        glow = cv2.GaussianBlur((loud - still)[..., 0].clip(0).astype(np.float32), (0, 0), 4)
        row, column = np.unravel_index(int(np.argmax(glow)), glow.shape)
        height, width = glow.shape
        seen = Direction((0.5 - (column + 0.5) / width) * 360, (0.5 - (row + 0.5) / height) * 180)
        assert np.degrees(angle_between(seen.ray, Direction(yaw_deg, pitch_deg).ray)) < 6

    def test_panoramas_and_views_of_one_clip_stand_together(self, make_shards: MakeShards, tmp_path: Path) -> None:
        foa = sound_from(Direction(70.0, 20.0))
        panoramas, views = make_shards("panoramas", foa), make_shards("views", foa, VIEWS)
        out = tmp_path / "sheet.png"
        done = CliRunner().invoke(
            yt360, ["shard", "sheet", str(panoramas), "--crops", str(views), "--out", str(out), "--clip=-abc-0"]
        )
        assert done.output == f"1 clips on {out}\n"
        assert (np.abs(first_sphere(read_rgb(out)) - BLUE).max(axis=-1) < 4).mean() > 0.5

    def test_views_named_as_panoramas_are_refused(self, make_shards: MakeShards, tmp_path: Path) -> None:
        panoramas, views = make_shards("panoramas", silence()), make_shards("views", silence(), VIEWS)
        for first, second, complaint in ((views, panoramas, "no panorama"), (panoramas, panoramas, "only a panorama")):
            with open_shards(first) as shards, open_shards(second) as crops, pytest.raises(UsageError, match=complaint):
                draw_contact_sheet(shards, tmp_path / "sheet.png", crops=crops)


class TestTheFile:
    def test_the_same_shards_give_the_same_bytes(self, make_shards: MakeShards, tmp_path: Path) -> None:
        with open_shards(make_shards("one", sound_from(Direction(70.0, 20.0)))) as shards:
            for name in ("a.png", "b.png"):
                draw_contact_sheet(shards, tmp_path / name)
        assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()

    def test_folders_are_made_and_nothing_else_is_left(self, make_shards: MakeShards, tmp_path: Path) -> None:
        with open_shards(make_shards("one", silence())) as shards:
            draw_contact_sheet(shards, tmp_path / "new" / "sheet.png")
        assert [path.name for path in (tmp_path / "new").iterdir()] == ["sheet.png"]

    def test_a_place_that_cannot_be_written_is_told(self, make_shards: MakeShards, tmp_path: Path) -> None:
        (tmp_path / "taken.png").mkdir()
        with (
            open_shards(make_shards("one", silence())) as shards,
            pytest.raises(EnvironmentMissing, match=r"taken\.png cannot be written"),
        ):
            draw_contact_sheet(shards, tmp_path / "taken.png")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "taken.png"]

    def test_another_kind_of_picture_is_refused(self, make_shards: MakeShards, tmp_path: Path) -> None:
        with open_shards(make_shards("one", silence())) as shards, pytest.raises(UsageError, match=r"sheet\.jpg"):
            draw_contact_sheet(shards, tmp_path / "sheet.jpg")
