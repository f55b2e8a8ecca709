"""Still pictures in every layout, drawn without the package: turned, written at their depth, or refused."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from worlds import dot
from worlds.layouts import Cube, Dots, Frame, Globe, Picture, Pinhole, camera_axes, one, seen_by, two, youtube_cube

from yt360_tools.errors import MediaError, UsageError
from yt360_tools.explore.project import project
from yt360_tools.explore.project_asked import Settings, Span
from yt360_tools.explore.project_pictures import read_picture
from yt360_tools.explore.project_source import InputHints
from yt360_tools.explore.project_track import SoundWish
from yt360_tools.explore.project_views import Request
from yt360_tools.geometry import Direction
from yt360_tools.media.writing import Encoding

LOOK = (52.0, -14.0, 33.0)
PLACE = dot.unit_vector(38.0, -21.0)
OTHER = dot.unit_vector(66.0, 4.0)
CROP = (0.15, 0.1, 0.05, 0.2)


def drawn(frame: Frame) -> NDArray[np.uint8]:
    """A frame in which the left eye sees a dot at one place, the right eye (if there is one) at another; RGB."""
    look = {eye: Dots(np.array([place]), np.array([[240.0, 200.0, 120.0]]), np.array([3.0])) for eye, place in
            (("left", PLACE), ("right", OTHER))}  # fmt: skip
    if frame.eyes["left"] == frame.eyes["right"]:
        look["right"] = look["left"]
    return frame.drawn(look)


def write(path: Path, picture: NDArray[np.generic]) -> Path:
    """RGB as cv2 writes it."""
    assert cv2.imwrite(str(path), picture[..., ::-1])
    return path


def found(path: Path, picture: Picture) -> NDArray[np.float64]:
    """The unit vector to the brightest spot's middle, in the picture's own directions."""
    seen = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert seen.shape[:2] == (picture.height, picture.width)
    light = seen.astype(float).sum(axis=-1)
    light[light < 0.3 * light.max()] = 0
    rows, columns = np.nonzero(light)
    mean = (light[rows, columns][:, None] * picture.rays(columns.astype(float), rows.astype(float))).sum(axis=0)
    return mean / np.linalg.norm(mean)


VIEW = Pinhole(400, 300, 100.0, np.degrees(2 * np.arctan(np.tan(np.radians(50)) * 0.75)))
INPUTS: dict[str, tuple[Frame, InputHints, NDArray[np.float64]]] = {
    "er": (one(Globe(720, 360)), InputHints("er", "mono"), PLACE),
    "cropped er": (
        one(Globe(540, 270, CROP)),
        InputHints("er", "mono", bounds=",".join(map(str, CROP))),
        PLACE,
    ),
    "eac": (one(youtube_cube(604, 408)), InputHints("eac", "mono"), PLACE),
    "eac without a border": (
        one(youtube_cube(600, 400, (0.0, 0.0))),
        InputHints("eac", "mono", eac_border_px=0.0),
        PLACE,
    ),
    "cubemap": (
        one(Cube(200, 1200, 1, "DFBRUL", "102310")),
        InputHints("cubemap", "mono", faces="1x6:DFBRUL:102310"),
        PLACE,
    ),
    "top-bottom, right eye": (
        two(Globe(720, 360), "top-bottom"),
        InputHints("er", "top-bottom", eye="right"),
        OTHER,
    ),
    "right-left, left eye": (
        two(Globe(360, 360), "right-left"),
        InputHints("er", "right-left", eye="left"),
        PLACE,
    ),
}


@pytest.mark.parametrize("kind", INPUTS)
def test_every_layout_is_read(kind: str, tmp_path: Path) -> None:
    frame, hints, place = INPUTS[kind]
    source = write(tmp_path / "in.png", drawn(frame))
    request = Request("viewport", Direction(*LOOK), hfov_deg=100.0, size="400x300")
    done = project(source, tmp_path / "out.png", request, hints=hints)
    assert (done.layout.decided_by, done.frames, done.seconds) == ("manifest", 1, 0.0)
    assert dot.angle_deg(found(tmp_path / "out.png", VIEW), seen_by(camera_axes(LOOK), place)) < 0.15


OUTPUTS: dict[str, tuple[Request, Picture]] = {
    "er": (Request("er", Direction(*LOOK), size="720"), Globe(720, 360)),
    "er of another shape": (Request("er", Direction(*LOOK), size="500x400"), Globe(500, 400)),
    "eac": (Request("eac", Direction(*LOOK), size="200"), youtube_cube(604, 408)),
    "cube": (Request("cube", Direction(*LOOK), size="200"), Cube(600, 400, 3, "FRBLUD")),
    "cube, one row": (
        Request("cube", Direction(*LOOK), size="200", faces="6x1:LBRUFD:010320"),
        Cube(1200, 200, 6, "LBRUFD", "010320"),
    ),
    "viewport, vfov": (
        Request("viewport", Direction(*LOOK), 80.0, vfov_deg=100.0, size="300x300"),
        Pinhole(300, 300, 80.0, 100.0),
    ),
}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_every_layout_is_written(kind: str, tmp_path: Path) -> None:
    request, picture = OUTPUTS[kind]
    source = write(tmp_path / "in.png", drawn(one(Globe(1440, 720))))
    project(source, tmp_path / "out.png", request)
    assert dot.angle_deg(found(tmp_path / "out.png", picture), seen_by(camera_axes(LOOK), PLACE)) < 0.15


@pytest.mark.parametrize(
    ("request_", "size"),
    [
        (Request("viewport", Direction(0.0)), (2 * round(720 / np.pi / 2), 2 * round(720 / np.pi * 9 / 16 / 2))),
        (Request("viewport", Direction(0.0), vfov_deg=90.0), (230, 230)),
        (Request("er", Direction(0.0)), (720, 360)),
        (Request("eac", Direction(0.0)), (3 * 180 + 4, 2 * 180 + 8)),
        (Request("cube", Direction(0.0)), (3 * 230, 2 * 230)),
    ],
)
def test_without_a_size_it_is_as_fine_as_the_source(request_: Request, size: tuple[int, int], tmp_path: Path) -> None:
    source = write(tmp_path / "in.png", drawn(one(Globe(720, 360))))
    done = project(source, tmp_path / "out.png", request_)
    assert (done.width, done.height) == size


@pytest.mark.parametrize(
    ("name", "dtype", "channels"),
    [("png", "uint16", 3), ("png", "uint8", 4), ("png", "uint8", 1), ("tiff", "float32", 3), ("tif", "uint16", 1),
     ("webp", "uint8", 3), ("jpg", "uint8", 3), ("jpeg", "uint8", 1)],
)  # fmt: skip
def test_depth_and_channels_stay(name: str, dtype: str, channels: int, tmp_path: Path) -> None:
    """Each channel goes its own way, in its own range; the names of pictures may have any letter."""
    shade = np.linspace(0.2, 0.8, channels) * (1.0 if dtype == "float32" else np.iinfo(dtype).max)
    picture = np.broadcast_to(shade, (64, 128, channels)).astype(dtype)
    source = tmp_path / f"bär.{'tif' if dtype == 'float32' else 'png'}"
    cv2.imencode(source.suffix, picture)[1].tofile(source)
    out = tmp_path / f"höhle.{name}"
    project(source, out, Request("er", Direction(*LOOK), size="64"))
    seen = cv2.imdecode(np.fromfile(out, np.uint8), cv2.IMREAD_UNCHANGED)
    assert seen.dtype == dtype
    assert seen.shape == ((32, 64) if channels == 1 else (32, 64, channels))
    worst = 3 if name in ("jpg", "jpeg", "webp") else 1
    assert np.abs(seen.reshape(32, 64, channels).astype(float) - picture[0, 0].astype(float)).max() <= worst


def test_labels_stay_labels(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    labels = rng.choice(np.array([3, 70, 200], np.uint8), (64, 128))
    cv2.imwrite(str(tmp_path / "in.png"), labels)
    settings = Settings("nearest")
    project(
        tmp_path / "in.png", tmp_path / "out.png", Request("viewport", Direction(*LOOK), size="50"), settings=settings
    )
    assert set(np.unique(cv2.imread(str(tmp_path / "out.png"), cv2.IMREAD_UNCHANGED))) <= {3, 70, 200}


def test_the_look_decides_where_nobody_says(tmp_path: Path) -> None:
    ground = dot.draw_background(1440, 720, 5).astype(np.uint8)
    er = write(tmp_path / "er.png", ground)
    said: list[str] = []
    done = project(er, tmp_path / "out.png", Request("eac", Direction(0.0), size="320"), note=said.append)
    assert (done.layout.projection, done.layout.decided_by) == ("er", "content")
    assert said == ["input: 1440x720 er mono, by its look"]
    again = project(tmp_path / "out.png", tmp_path / "back.png", Request("er", Direction(0.0), size="720"))
    assert (again.layout.projection, again.layout.decided_by) == ("eac", "content")


def test_a_frame_of_a_video_as_a_picture(tmp_path: Path) -> None:
    colours = [(200, 40, 40), (40, 120, 200), (40, 200, 40)]
    raw = b"".join(np.full((32, 64, 3), colour, np.uint8).tobytes() for colour in colours)
    source = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "64x32", "-framerate", "2", "-i", "-")
    dot.run_ffmpeg([*source, "-c:v", "ffv1", "-pix_fmt", "bgr0", tmp_path / "a.mkv"], [raw])
    request, hints = Request("viewport", Direction(0.0), size="8"), InputHints("er", "mono")
    project(tmp_path / "a.mkv", tmp_path / "frame.png", request, hints=hints, span=Span(start_s=0.7))
    seen = cv2.imread(str(tmp_path / "frame.png"))[..., ::-1]
    assert np.abs(seen.astype(int) - colours[1]).max() <= 2
    with pytest.raises(UsageError, match="leave out --end and --fps"):
        project(tmp_path / "a.mkv", tmp_path / "b.png", request, hints=hints, span=Span(end_s=1.0))


REQUEST = Request("viewport", Direction(0.0))


@pytest.mark.parametrize(
    ("request_", "hints", "says"),
    [
        (Request("viewport", Direction(0.0), 180.0), InputHints(), "hfov lies between 0 and 180 .*got 180; the whole"),
        (Request("viewport", Direction(0.0), 0.0), InputHints(), "hfov lies between 0 and 180 .*got 0$"),
        (Request("viewport", Direction(0.0), 360.0), InputHints(), "got 360"),
        (Request("viewport", Direction(0.0), float("nan")), InputHints(), "got nan"),
        (Request("viewport", Direction(0.0), vfov_deg=-5.0), InputHints(), "vfov lies between"),
        (Request("er", Direction(0.0), vfov_deg=50.0), InputHints(), "--vfov belongs to a viewport"),
        (Request("cube", Direction(0.0), 90.0), InputHints(), "--hfov belongs to a viewport; with --to cube leave"),
        (REQUEST, InputHints("er", "mono", eye="right"), "the input is mono: there is no right eye"),
        (REQUEST, InputHints("er", "mono", eac_border_px=2.0), "--eac-border belongs to an EAC picture, .* is er"),
        (Request("viewport", Direction(float("inf"))), InputHints(), "got inf, 0 and 0$"),
        (Request("viewport", Direction(float("nan"))), InputHints(), "finite numbers of degrees"),
        (Request("viewport", Direction(0.0, 91.0)), InputHints(), "pitch lies between -90 and 90 degrees; got 91"),
        (Request("fisheye", Direction(0.0)), InputHints(), "--to is viewport, cube, er, eac; got 'fisheye'"),
        (Request("vieport", Direction(0.0)), InputHints(), "did you mean 'viewport'"),
        (Request("viewport", Direction(0.0), size="big"), InputHints(), "a size is S or WIDTHxHEIGHT"),
        (Request("viewport", Direction(0.0), size="0x10"), InputHints(), "a size is S or WIDTHxHEIGHT"),
        (Request("cube", Direction(0.0), size="100x100"), InputHints(), "3 x 2 faces needs a width that 3 divides"),
        (Request("cube", Direction(0.0), faces="3x2:FRBLUU"), InputHints(), "once each"),
        (Request("er", Direction(0.0), faces="3x2:FRBLUD"), InputHints(), "--to-faces says how a cube's faces"),
        (Request("er", Direction(0.0), size="63"), InputHints(), "give an even width"),
        (Request("viewport", Direction(0.0), path=Path("p.csv")), InputHints(), "--path moves the viewport of a video"),
        (REQUEST, InputHints("fisheye"), "'fisheye'; fisheye pictures are out of scope.*stitch them"),
        (REQUEST, InputHints("dual_fisheye"), "'dual_fisheye'; fisheye pictures are out of scope"),
        (REQUEST, InputHints("eak"), "unknown projection 'eak'; did you mean 'eac'"),
        (REQUEST, InputHints("er", "top-botom"), "did you mean 'top-bottom'"),
        (REQUEST, InputHints("er", eye="middle"), "allowed are left, right"),
        (REQUEST, InputHints("cubemap"), "--faces says it"),
        (REQUEST, InputHints("er", faces="3x2:FRBLUD"), "--faces belong to a cubemap"),
        (REQUEST, InputHints("eac", "top-bottom"), "lie side by side"),
        (REQUEST, InputHints("er", bounds="0.5,0.5,0,0"), "0.5"),
        (REQUEST, InputHints("er", bounds="0.1,0.1"), "--bounds is the shares missing at top, bottom"),
        (REQUEST, InputHints("er", pose="up"), "--pose is metadata, ignore, or yaw, pitch and roll"),
        (REQUEST, InputHints("er", pose_signs="++"), r"--pose-signs is one of \+\+\+"),
        (REQUEST, InputHints("eac", eac_border_px=-1.0), "--eac-border is 0 pixels or more"),
    ],
)  # fmt: skip
def test_wishes_that_make_no_sense(request_: Request, hints: InputHints, says: str, tmp_path: Path) -> None:
    source = write(tmp_path / "in.png", drawn(one(Globe(128, 64))))
    with pytest.raises(UsageError, match=says):
        project(source, tmp_path / "out.png", request_, hints=hints)
    assert [path.name for path in tmp_path.iterdir()] == ["in.png"]


def test_a_picture_of_another_shape_is_no_panorama(tmp_path: Path) -> None:
    source = write(tmp_path / "in.png", np.full((100, 160, 3), 90, np.uint8))
    with pytest.raises(UsageError, match=r"twice as wide as high.*160 x 100.*--from er"):
        project(source, tmp_path / "out.png", REQUEST)
    assert project(source, tmp_path / "out.png", REQUEST, hints=InputHints("er")).layout.decided_by == "manifest"


def test_files_that_make_no_sense(tmp_path: Path) -> None:
    source = write(tmp_path / "in.png", drawn(one(Globe(128, 64))))
    before = source.read_bytes()
    (tmp_path / "link.png").symlink_to(source)
    (tmp_path / "broken.png").write_bytes(before[:300])
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "in.bmp").write_bytes(before)
    for given, out, says in (
        (tmp_path / "nowhere.png", "out.png", "is not there; a picture or a video is wanted"),
        (tmp_path, "out.png", "is a folder; a picture or a video is wanted"),
        (source, "in.png", "is the input itself"),
        (source, "link.png", "is the input itself"),
        (source, "folder.png", "is a folder; give the name of a file"),
        (source, "out.mp4", r"a still picture becomes a file that ends in \.png, .*; got 'out.mp4'"),
        (source, "out.gif", "got 'out.gif'"),
        (source, "out", "got 'out'"),
        (source, "in.png/out.png", "in.png is a file"),
        (tmp_path / "in.bmp", "out.png", r"\.bmp pictures are not read; make a \.png or \.jpg of it first"),
    ):
        with pytest.raises(UsageError, match=says):
            project(given, tmp_path / out, REQUEST)
    with pytest.raises(MediaError, match="no picture that can be decoded"):
        project(tmp_path / "broken.png", tmp_path / "out.png", REQUEST)
    for span, sound, says in ((Span(1.0), SoundWish(), "has no time"), (Span(), SoundWish(turns=False), "no sound")):
        with pytest.raises(UsageError, match=says):
            project(source, tmp_path / "out.png", REQUEST, span=span, sound=sound)
    assert source.read_bytes() == before
    assert not (tmp_path / "out.png").exists()


def test_missing_folders_are_made(tmp_path: Path) -> None:
    source = write(tmp_path / "in.png", drawn(one(Globe(128, 64))))
    project(source, tmp_path / "new" / "folder" / "out.png", REQUEST, hints=InputHints("er", "mono"))
    assert read_picture(tmp_path / "new" / "folder" / "out.png").size


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("out.png", Settings("bilinear"), "--interpolation is nearest, linear, cubic, lanczos; got 'bilinear'"),
        ("out.png", Settings("linear", Encoding(quality=50)), "quality of .png is not given: it is lossless"),
        ("out.jpg", Settings("linear", Encoding(quality=0)), r"from 1 to 100 \(best\); got 0"),
        ("out.png", Settings("linear", Encoding("h264")), "a still picture has no codecs"),
    ],
)
def test_settings_that_make_no_sense(name: str, settings: Settings, says: str, tmp_path: Path) -> None:
    source = write(tmp_path / "in.png", drawn(one(Globe(128, 64))))
    with pytest.raises(UsageError, match=says):
        project(source, tmp_path / name, REQUEST, settings=settings)


def test_a_format_that_cannot_hold_the_picture(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "in.png"), np.zeros((32, 64, 3), np.uint16))
    with pytest.raises(UsageError, match=r"\.jpg does not hold 3 channels of uint16; \.png and \.tif do"):
        project(tmp_path / "in.png", tmp_path / "out.jpg", REQUEST, hints=InputHints("er", "mono"))
