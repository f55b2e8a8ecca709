"""How a source's frames are decoded: which eye, and as large as the views need, in each direction on its own."""

from typing import Any

import pytest

from yt360_tools.config import BuildConfig
from yt360_tools.errors import MediaError
from yt360_tools.geometry import Direction
from yt360_tools.pipeline.render import plan_intake
from yt360_tools.projection import panorama, viewport
from yt360_tools.records import SourceLayout, VideoRecord, View

USUAL = viewport(Direction(0), 90, 224, 224)  # asks for 1056 pixels a turn


def video(width: int, height: int, projection: str = "er", stereo: str = "mono", **layout: Any) -> VideoRecord:
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
        layout=SourceLayout(projection, stereo, **layout),
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
        (video(3840, 1920, bounds=(0.25, 0.25, 0.125, 0.125)), (792, 264)),  # a half as high, three quarters as wide
        (video(3840, 1920, pose_deg=(10.0, 20.0, 30.0)), (1056, 528)),
        # Each eye's picture lies on its side, 1920 x 2880 of an upright one of 2880 x 1920.
        (video(3840, 2880, "eac", "left-right"), (528, 792)),
        # A plain face is coarsest in its middle: 337 pixels over 90 degrees are there as dense as 1056 a turn.
        (video(3840, 2560, "cubemap", faces="3x2:FRBLUD"), (1011, 674)),
        (video(7680, 1280, "cubemap", faces="6x1:FRBLUD"), (2022, 337)),
        (video(3840, 5120, "cubemap", "top-bottom", faces="3x2:FRBLUD"), (1011, 674)),
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
        (video(640, 640, "eac", "left-right"), (320, 640)),
        (video(400, 400, bounds=(0.1, 0.1, 0.3, 0.3)), (400, 400)),
        (video(600, 400, "cubemap", faces="3x2:FRBLUD"), (600, 400)),
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
    assert intake.source is not None
    assert intake.source.border_px == pytest.approx((1, 2))


def test_the_border_of_an_eye_of_eac_lies_on_its_side_too() -> None:
    intake = plan_intake(video(2112, 3168, "eac", "left-right"), (USUAL,), BuildConfig(eac_border_px=4))
    assert (intake.width, intake.height, intake.is_turned) == (528, 792, True)
    assert intake.source is not None
    assert (intake.source.width, intake.source.height, intake.source.layout.stereo) == (792, 528, "mono")
    assert intake.source.border_px == pytest.approx((1, 2))


@pytest.mark.parametrize(("width", "height"), [(601, 401), (602, 403)])
def test_the_faces_of_a_cubemap_are_whole_pixels(width: int, height: int) -> None:
    assert size(video(width, height, "cubemap", faces="3x2:FRBLUD")) == (600, height // 2 * 2)


@pytest.mark.parametrize(
    ("stereo", "left", "right"),
    [
        ("mono", None, None),
        ("top-bottom", (0, 0, 3840, 1080), (0, 1080, 3840, 1080)),
        ("bottom-top", (0, 1080, 3840, 1080), (0, 0, 3840, 1080)),
        ("left-right", (0, 0, 1920, 2160), (1920, 0, 1920, 2160)),
        ("right-left", (1920, 0, 1920, 2160), (0, 0, 1920, 2160)),
    ],
)
@pytest.mark.parametrize("projection", ["er", "cubemap"])
def test_one_of_two_eyes_is_cut_out(
    projection: str, stereo: str, left: tuple[int, int, int, int] | None, right: tuple[int, int, int, int] | None
) -> None:
    source = video(3840, 2160, projection, stereo, faces="3x2:FRBLUD" if projection == "cubemap" else "")
    assert plan_intake(source, (USUAL,), BuildConfig()).crop == left
    assert plan_intake(source, (USUAL,), BuildConfig(eye="right")).crop == right


def test_a_middle_line_that_is_no_pixels_edge_belongs_to_neither_eye() -> None:
    assert plan_intake(video(641, 320, stereo="left-right"), (USUAL,), BuildConfig()).crop == (0, 0, 320, 320)
    right = plan_intake(video(641, 320, stereo="left-right"), (USUAL,), BuildConfig(eye="right"))
    assert right.crop == (321, 0, 320, 320)


def test_panoramas_of_a_panorama_are_scaled_at_once() -> None:
    intake = plan_intake(video(3840, 1920), (panorama(448),), BuildConfig())
    assert (intake.width, intake.height, intake.source) == (448, 224, None)


@pytest.mark.parametrize("layout", [{"bounds": (0.1, 0.0, 0.0, 0.0)}, {"pose_deg": (0.0, 0.0, 1.0)}])
def test_panoramas_of_a_cropped_or_turned_one_are_not(layout: dict[str, Any]) -> None:
    intake = plan_intake(video(3840, 1920, **layout), (panorama(448),), BuildConfig())
    assert intake.source is not None
    assert intake.width == 672


def test_a_frame_too_small_for_its_faces_is_no_bug() -> None:
    with pytest.raises(MediaError, match=r"a\.mp4: 64 x 8: a frame of .* leaves no face a whole pixel") as caught:
        plan_intake(video(64, 8, "eac"), (USUAL,), BuildConfig())
    assert caught.value.reason == "unusable_frame"
