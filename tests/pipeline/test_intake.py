"""How large a source's frames are decoded: as large as the views need, in each direction on its own."""

import pytest

from yt360_tools.config import BuildConfig
from yt360_tools.geometry import Direction
from yt360_tools.pipeline.render import plan_intake
from yt360_tools.projection import panorama, viewport
from yt360_tools.records import SourceLayout, VideoRecord, View

USUAL = viewport(Direction(0), 90, 224, 224)  # asks for 1056 pixels a turn


def video(width: int, height: int, projection: str = "er", stereo: str = "mono") -> VideoRecord:
    return VideoRecord(
        video_id="a",
        video_path="a.mp4",
        audio_path="a.mp4",
        width=width,
        height=height,
        fps=30.0,
        start_s=0.0,
        end_s=10.0,
        sample_rate_hz=48_000,
        channels=4,
        channel_map=(0, 1, 2, 3),
        layout=SourceLayout(projection, stereo),
        video_codec="h264",
        audio_codec="aac",
    )


def size(source: VideoRecord, *views: View) -> tuple[int, int]:
    intake = plan_intake(source, views or (USUAL,), BuildConfig())
    return intake.width, intake.height


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (video(3840, 1920), (1056, 528)),
        (video(3840, 2160), (1056, 528)),
        (video(3840, 2160, stereo="top-bottom"), (1056, 528)),  # each eye 3840 x 1080, squashed
        (video(3840, 3840, stereo="top-bottom"), (1056, 528)),
        (video(3840, 2160, stereo="left-right"), (1056, 528)),  # each eye 1920 x 2160, squashed
        (video(3840, 2160, "eac"), (792, 528)),
        (video(3840, 2560, "eac"), (792, 528)),
    ],
)
def test_both_directions_get_what_the_view_needs(source: VideoRecord, wanted: tuple[int, int]) -> None:
    assert size(source) == wanted


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (video(640, 320), (640, 320)),
        (video(1920, 800, stereo="top-bottom"), (1056, 400)),
        (video(1280, 1280, stereo="left-right"), (640, 528)),
        (video(720, 480, "eac"), (720, 480)),
        (video(1280, 480, "eac"), (792, 480)),
    ],
)
def test_neither_direction_is_scaled_up(source: VideoRecord, wanted: tuple[int, int]) -> None:
    assert size(source) == wanted


def test_the_view_that_asks_for_most_decides() -> None:
    tall = viewport(Direction(90), 40, 100, 400)
    wide = viewport(Direction(90), 120, 224, 224)
    assert size(video(7680, 3840), wide) == (816, 408)
    assert size(video(7680, 3840), tall) == (1536, 768)
    assert size(video(7680, 3840), wide, tall, USUAL) == (1536, 768)


def test_a_border_is_scaled_with_its_direction() -> None:
    intake = plan_intake(video(3168, 1056, "eac"), (USUAL,), BuildConfig(eac_border_px=4))
    assert (intake.width, intake.height) == (792, 528)
    assert intake.border_px == pytest.approx((1, 2))


@pytest.mark.parametrize(
    ("stereo", "crop"),
    [("mono", None), ("top-bottom", (0, 0, 3840, 1080)), ("left-right", (0, 0, 1920, 2160))],
)
def test_of_two_eyes_the_left_one_is_cut_out(stereo: str, crop: tuple[int, int, int, int] | None) -> None:
    assert plan_intake(video(3840, 2160, stereo=stereo), (USUAL,), BuildConfig()).crop == crop


def test_panoramas_of_a_panorama_are_scaled_at_once() -> None:
    assert size(video(3840, 1920), panorama(448)) == (448, 224)
