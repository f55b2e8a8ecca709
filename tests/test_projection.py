"""Sampling tables against two other implementations, and against a picture whose value is known on every ray.

The picture is drawn on rays by this file's own code: nothing here takes a direction from the code it checks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import py360convert
import pytest
from numpy.typing import NDArray

from yt360_tools.errors import UsageError
from yt360_tools.geometry import CUBE_FACES, Direction, angle_between
from yt360_tools.media.ffmpeg import run_ffmpeg
from yt360_tools.projection import (
    EAC_BORDER_PX,
    Sampler,
    panorama,
    random_directions,
    ring_directions,
    sampler,
    sufficient_height,
    sufficient_width,
    view_rays,
    viewport,
)
from yt360_tools.records import View

Picture = NDArray[np.uint8]
Values = NDArray[np.float64]

ER_WIDTH = 320  # coarse on purpose: half a pixel must show
EAC_SIZE = (384, 256)
LOOKS = ((37.0, -24.0, 0.0), (-141.0, 52.0, -35.0), (163.0, 13.0, 100.0))  # yaw, pitch, roll in degrees


@dataclass(frozen=True)
class Waves:
    """A smooth random picture on the sphere: waves in space, seen where they cross it."""

    vectors: Values
    phases: Values
    amplitudes: Values

    def at(self, rays: Values) -> Values:
        """Grey levels (..., 3) at rays (..., 3)."""
        unit = rays / np.linalg.norm(rays, axis=-1, keepdims=True)
        waves = np.sin((unit @ self.vectors.T)[..., None] + self.phases)
        return 127.5 + np.einsum("...kc,kc->...c", waves, self.amplitudes)

    def drawn_on(self, rays: Values) -> Picture:
        return np.rint(self.at(rays)).astype(np.uint8)


@pytest.fixture(scope="module")
def waves() -> Waves:
    rng = np.random.default_rng(7)
    vectors = rng.normal(size=(8, 3))
    vectors *= rng.uniform(3, 9, (8, 1)) / np.linalg.norm(vectors, axis=1, keepdims=True)
    amplitudes = rng.uniform(0.5, 1, (8, 3))
    return Waves(vectors, rng.uniform(0, 2 * np.pi, (8, 3)), 125 * amplitudes / amplitudes.sum(axis=0))


@pytest.fixture(scope="module")
def er(waves: Waves) -> Picture:
    return waves.drawn_on(panorama_rays(ER_WIDTH))


def panorama_rays(width: int) -> Values:
    """Rays through an equirectangular picture's pixel centres, after the convention page."""
    height = width // 2
    azimuth = np.radians(180 - (np.arange(width) + 0.5) * 360 / width)
    elevation = np.radians(90 - (np.arange(height) + 0.5) * 180 / height)[:, None]
    return np.stack(
        [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation + 0 * azimuth)],
        axis=-1,
    )


def camera_rays(look: tuple[float, float, float], hfov_deg: float, width: int, height: int) -> Values:
    """Rays through a pinhole camera's pixel centres, from its front, left and up in the world."""
    yaw, pitch, roll = np.radians(look)
    front = np.array([np.cos(pitch) * np.cos(yaw), np.cos(pitch) * np.sin(yaw), np.sin(pitch)])
    level_left = np.array([-np.sin(yaw), np.cos(yaw), 0])
    level_up = np.cross(front, level_left)
    up = np.cos(roll) * level_up - np.sin(roll) * level_left  # clockwise: up falls to the right
    left = np.cos(roll) * level_left + np.sin(roll) * level_up
    pixel = 2 * np.tan(np.radians(hfov_deg) / 2) / width
    to_left = (width / 2 - np.arange(width) - 0.5) * pixel
    to_up = (height / 2 - np.arange(height) - 0.5) * pixel
    return front + to_left[None, :, None] * left + to_up[:, None, None] * up


def cut(frame: Picture, view: View, projection: str = "er", border_px: float = EAC_BORDER_PX) -> Values:
    return sampler(view, projection, frame.shape[1], frame.shape[0], border_px)(frame).astype(float)


def differ(a: Values | Picture, b: Values | Picture) -> float:
    """The mean absolute difference in grey levels."""
    return float(np.abs(np.asarray(a, float) - b).mean())


def v360(frame: Picture, options: str, width: int, height: int, folder: Path) -> Picture:
    """A frame through ffmpeg's own reprojection."""
    source, target = folder / "in.rgb", folder / "out.rgb"
    source.write_bytes(frame.tobytes())
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24"]
    size = f"{frame.shape[1]}x{frame.shape[0]}"
    chain = f"format=gbrp,v360={options}:interp=linear:w={width}:h={height},format=rgb24"
    done = run_ffmpeg(["-y", *raw, "-s", size, "-i", source, "-vf", chain, *raw, target])
    assert done.returncode == 0, done.stderr.decode()
    return np.fromfile(target, np.uint8).reshape(height, width, 3)


@pytest.fixture(scope="module")
def eac(waves: Waves, tmp_path_factory: pytest.TempPathFactory) -> Picture:
    """The picture as ffmpeg lays it down in YouTube's equi-angular cubemap."""
    fine = waves.drawn_on(panorama_rays(960))
    return v360(fine, "input=e:output=eac", *EAC_SIZE, tmp_path_factory.mktemp("eac"))


class TestViewportsOfAPanorama:
    @pytest.mark.parametrize("look", LOOKS)
    def test_equals_the_picture_at_its_rays(self, look: tuple[float, float, float], er: Picture, waves: Waves) -> None:
        """Interpolating a picture of 320 columns costs a grey level at its sharpest; half a pixel costs more."""
        view = viewport(Direction(*look), 75, 96, 72)
        error = np.abs(cut(er, view) - waves.at(camera_rays(look, 75, 96, 72)))
        assert error.mean() < 0.6
        assert error.max() < 3

    @pytest.mark.parametrize("look", LOOKS)
    def test_agrees_with_py360convert(self, look: tuple[float, float, float], er: Picture) -> None:
        """py360convert's yaw grows to the right; its in-plane rotation has the sign of our roll."""
        view = viewport(Direction(*look), 75, 96, 72)
        other = py360convert.e2p(er, (75, view.vfov_deg), -look[0], look[1], (72, 96), in_rot_deg=look[2])
        assert differ(cut(er, view), other) <= 1
        turned = py360convert.e2p(er, (75, view.vfov_deg), -look[0], look[1], (72, 96), in_rot_deg=look[2] + 10)
        assert differ(cut(er, view), turned) > 5

    @pytest.mark.parametrize(
        ("look", "where"),
        [
            ((180.0, 0.0, 0.0), "the seam"),
            ((177.0, 31.0, 17.0), "beside the seam"),
            ((20.0, 90.0, 0.0), "the upper pole"),
            ((-75.0, -88.0, 40.0), "beside the lower pole"),
        ],
    )
    def test_sees_no_edge_at(self, look: tuple[float, float, float], where: str, er: Picture, waves: Waves) -> None:
        error = np.abs(cut(er, viewport(Direction(*look), 60, 80, 60)) - waves.at(camera_rays(look, 60, 80, 60)))
        assert error.max() < 2.5, where

    @pytest.mark.parametrize("sign", [1, -1], ids=["upper", "lower"])
    def test_over_a_pole_lies_the_opposite_meridian(self, sign: int) -> None:
        """Grey levels that differ only with the azimuth: half a pixel from the pole they are those of the row,
        and from there to the opposite meridian they change evenly, through their mean at the pole.
        """
        width = 64
        azimuth = np.radians(180 - (np.arange(width) + 0.5) * 360 / width)
        level = np.rint(127.5 + 100 * np.cos(azimuth)).astype(np.uint8)
        frame = np.broadcast_to(level[None, :, None], (width // 2, width, 3)).copy()
        rays = camera_rays((0, sign * 90, 0), 4, 40, 40)
        unit = rays / np.linalg.norm(rays, axis=-1, keepdims=True)
        from_pole_px = np.degrees(np.arccos(sign * unit[..., 2])) / (360 / width)
        cosine = unit[..., 0] / np.hypot(unit[..., 0], unit[..., 1])
        seen = cut(frame, viewport(Direction(0, sign * 90), 4, 40, 40))[..., 0]
        assert from_pole_px.max() < 0.51
        assert np.abs(seen - (127.5 + 100 * cosine * from_pole_px / 0.5)).max() < 5

    def test_a_whole_panorama_of_the_same_size_is_the_frame_itself(self, er: Picture) -> None:
        assert (cut(er, panorama(ER_WIDTH)) == er).all()

    def test_a_smaller_panorama_equals_the_picture_at_its_rays(self, er: Picture, waves: Waves) -> None:
        assert differ(cut(er, panorama(120)), waves.at(panorama_rays(120))) < 0.6

    def test_left_is_left_up_is_up_and_red_stays_red(self) -> None:
        """Red: what is to the left; green: what is above; blue: what is in front."""
        rays = panorama_rays(240)
        frame = np.where(rays[..., [1, 2, 0]] > 0, 255, 0).astype(np.uint8)
        forward = cut(frame, viewport(Direction(0), 80, 4, 4))
        assert forward[0, 0].tolist() == [255, 255, 255]
        assert forward[0, 3].tolist() == [0, 255, 255]
        assert forward[3, 0].tolist() == [255, 0, 255]
        backward = cut(frame, viewport(Direction(180), 80, 4, 4))
        assert backward[0, 0].tolist() == [0, 255, 0]  # behind us, left in the picture is our right
        upward = cut(frame, viewport(Direction(0, 90), 80, 4, 4))
        assert upward[3, 0].tolist() == [255, 255, 255]  # looking up, the lower edge is towards the front
        assert upward[0, 3].tolist() == [0, 255, 0]


class TestCube:
    def test_faces_agree_with_py360convert(self, er: Picture) -> None:
        faces = py360convert.e2c(er, face_w=64, cube_format="dict")
        for name, direction in CUBE_FACES:
            assert differ(cut(er, viewport(direction, 90, 64, 64)), faces[name]) <= 1, name

    @pytest.mark.parametrize("flip", [np.fliplr, np.flipud, np.rot90], ids=lambda flip: flip.__name__)
    def test_no_face_agrees_when_it_is_turned(self, flip: Callable[[Values], Values], er: Picture) -> None:
        faces = py360convert.e2c(er, face_w=64, cube_format="dict")
        for name, direction in CUBE_FACES:
            assert differ(flip(cut(er, viewport(direction, 90, 64, 64))), faces[name]) > 5, name


class TestEquiAngularCubemap:
    def test_a_panorama_from_it_agrees_with_ffmpegs(self, eac: Picture, tmp_path: Path) -> None:
        theirs = v360(eac, "input=eac:output=e", 240, 120, tmp_path)
        ours = {border: differ(cut(eac, panorama(240), "eac", border), theirs) for border in (0, 1, 2, 3)}
        assert min(ours, key=lambda border: ours[border]) == 2
        assert ours[2] <= 1
        assert max(ours.values()) > 1

    @pytest.mark.parametrize("look", LOOKS)
    def test_a_view_equals_the_picture_at_its_rays(
        self, look: tuple[float, float, float], eac: Picture, waves: Waves
    ) -> None:
        truth = waves.at(camera_rays(look, 75, 96, 72))
        view = viewport(Direction(*look), 75, 96, 72)
        errors = {border: differ(cut(eac, view, "eac", border), truth) for border in (0, 1, 2, 3)}
        assert min(errors, key=lambda border: errors[border]) == 2
        assert errors[2] <= 1

    @pytest.mark.parametrize("face", CUBE_FACES, ids=lambda face: face[0])
    def test_each_face_is_upright(self, face: tuple[str, Direction], eac: Picture, waves: Waves) -> None:
        direction = face[1]
        truth = waves.at(camera_rays((direction.yaw_deg, direction.pitch_deg, 0), 90, 64, 64))
        assert differ(cut(eac, viewport(direction, 90, 64, 64), "eac"), truth) <= 1

    @pytest.mark.parametrize("face", CUBE_FACES, ids=lambda face: face[0])
    def test_no_face_is_displaced(self, face: tuple[str, Direction], eac: Picture, waves: Waves) -> None:
        """A camera that looks 0.3 degrees aside (half a pixel here is 0.35) fits worse, whichever side."""
        direction = face[1]
        seen = cut(eac, viewport(direction, 90, 64, 64), "eac")
        errors = {}
        for aside in ((0, 0), (0.3, 0), (-0.3, 0), (0, 0.3), (0, -0.3)):
            look = (direction.yaw_deg + aside[0], direction.pitch_deg + aside[1], 0)
            errors[aside] = differ(seen, waves.at(camera_rays(look, 90, 64, 64)))
        assert min(errors, key=lambda aside: errors[aside]) == (0, 0)

    @pytest.mark.parametrize("border_px", [0.0, 2.0])
    def test_nothing_is_mixed_over_the_middle_row(self, border_px: float) -> None:
        """Above and below the middle lie faces that are no neighbours on the sphere."""
        frame = np.full((EAC_SIZE[1], EAC_SIZE[0], 3), 40, np.uint8)
        frame[EAC_SIZE[1] // 2 :] = 220
        seen = sampler(panorama(1440), "eac", *EAC_SIZE, border_px)(frame)
        assert set(np.unique(seen)) == {40, 220}

    def test_a_frame_scaled_unevenly_has_two_borders(self, eac: Picture, waves: Waves) -> None:
        """Half as high: two pixels of border at the sides, one above and below."""
        squashed = cv2.resize(eac, (EAC_SIZE[0], EAC_SIZE[1] // 2), interpolation=cv2.INTER_AREA)
        truth = waves.at(camera_rays(LOOKS[0], 75, 96, 72))
        view = viewport(Direction(*LOOKS[0]), 75, 96, 72)
        errors = {
            borders: differ(sampler(view, "eac", 384, 128, borders)(squashed), truth)
            for borders in ((2.0, 1.0), (2.0, 2.0), (1.0, 1.0), (1.0, 2.0))
        }
        assert min(errors, key=lambda borders: errors[borders]) == (2.0, 1.0)

    def test_the_border_is_never_seen(self) -> None:
        width, height = EAC_SIZE
        frame = np.full((height, width, 3), 100, np.uint8)
        frame[:, [0, -1]] = frame[[0, height // 2 - 1, height // 2, -1]] = 255
        assert (sampler(panorama(720), "eac", width, height, 2.0)(frame) == 100).all()


class TestSampler:
    def test_is_made_once_for_equal_arguments(self) -> None:
        first = sampler(viewport(Direction(12, 3), 80, 16, 16), "er", 64, 32)
        assert sampler(viewport(Direction(12, 3), 80, 16, 16), "er", 64, 32) is first
        assert sampler(viewport(Direction(12, 4), 80, 16, 16), "er", 64, 32) is not first
        assert sampler(viewport(Direction(12, 3), 80, 16, 16), "eac", 64, 32) is not first

    def test_few_tables_are_kept(self) -> None:
        """A table of 1024 x 1024 pixels has 6 MB, and the views of random:K never come again."""
        sampler.cache_clear()
        for yaw in range(40):
            sampler(viewport(Direction(yaw), 80, 16, 16), "er", 64, 32)
        assert sampler.cache_info().currsize <= 12

    @pytest.mark.parametrize(
        ("projection", "look"),
        [("eac", (45, 0)), ("eac", (-135, 0)), ("eac", (0, 45)), ("er", (0, 90)), ("er", (0, -90)), ("er", (180, 0))],
    )
    def test_last_bits_of_the_rays_do_not_show(
        self, projection: str, look: tuple[float, float], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Processors round differently; that must not decide on which face an edge lies, or a pole's meridian."""
        frame = np.random.default_rng(0).integers(0, 256, (256, 384, 3), np.uint8)
        view = viewport(Direction(*look), 90, 65, 65)
        wanted = Sampler(view, projection, 384, 256, 2.0)(frame)
        exact = view_rays(view)
        for seed in range(5):
            nearly = exact + 4e-16 * np.random.default_rng(seed).normal(size=exact.shape)
            monkeypatch.setattr("yt360_tools.projection.view_rays", lambda view, nearly=nearly: nearly)
            assert (Sampler(view, projection, 384, 256, 2.0)(frame) == wanted).all()

    def test_gives_uint8_of_the_views_size_and_leaves_the_frame_alone(self, er: Picture) -> None:
        before = er.copy()
        seen = sampler(viewport(Direction(12, 3), 80, 20, 10), "er", ER_WIDTH, ER_WIDTH // 2)(er)
        assert (seen.shape, seen.dtype) == ((10, 20, 3), np.uint8)
        assert (er == before).all()

    def test_refuses_a_frame_of_another_size(self) -> None:
        take = sampler(panorama(16), "er", 64, 32)
        with pytest.raises(UsageError, match=r"\(32, 64\).*\(64, 32\)"):
            take(np.zeros((64, 32, 3), np.uint8))

    def test_refuses_an_unknown_projection(self) -> None:
        with pytest.raises(UsageError, match=r"'mesh'.*er, eac"):
            sampler(panorama(16), "mesh", 64, 32)


class TestViews:
    @pytest.mark.parametrize("hfov_deg", [0, 180, -10, 360])
    def test_an_impossible_opening_angle_is_refused(self, hfov_deg: float) -> None:
        with pytest.raises(UsageError, match="hfov"):
            viewport(Direction(0), hfov_deg, 16, 16)

    @pytest.mark.parametrize("size", [(0, 16), (16, 0)])
    def test_a_view_without_pixels_is_refused(self, size: tuple[int, int]) -> None:
        with pytest.raises(UsageError, match="pixel"):
            viewport(Direction(0), 90, *size)

    @pytest.mark.parametrize("width", [0, -4, 2, 447, 450])
    def test_a_panoramas_width_is_a_multiple_of_four(self, width: int) -> None:
        with pytest.raises(UsageError, match=f"got {width}"):
            panorama(width)

    def test_a_viewports_height_opens_as_its_aspect_says(self) -> None:
        assert viewport(Direction(0), 90, 200, 100).vfov_deg == pytest.approx(53.130102)

    def test_a_panorama_is_twice_as_wide_as_high(self) -> None:
        view = panorama(448)
        assert (view.projection, view.width, view.height, view.hfov_deg, view.vfov_deg) == ("er", 448, 224, 360, 180)

    @pytest.mark.parametrize("look", LOOKS)
    def test_rays_are_those_of_a_camera(self, look: tuple[float, float, float]) -> None:
        rays = view_rays(viewport(Direction(*look), 75, 12, 8))
        assert rays == pytest.approx(camera_rays(look, 75, 12, 8), abs=1e-9)


class TestSufficientWidth:
    def test_grows_with_the_views_width_and_shrinks_with_its_opening(self) -> None:
        by_width = [sufficient_width(viewport(Direction(0), 90, width, 64), "er") for width in (32, 64, 128, 256)]
        by_hfov = [sufficient_width(viewport(Direction(0), hfov, 128, 64), "er") for hfov in (30, 60, 90, 120)]
        assert by_width == sorted(set(by_width))
        assert by_hfov == sorted(set(by_hfov), reverse=True)

    def test_keeps_half_as_many_pixels_again_as_the_views_centre_takes(self) -> None:
        """224 pixels over 2 tan 45 = 2 are 112 a radian: 703.7 a turn; half as many again is 1055.6."""
        view = viewport(Direction(0), 90, 224, 224)
        assert sufficient_width(view, "er") == 1056
        assert sufficient_width(panorama(448), "er") == 672

    @pytest.mark.parametrize("hfov_deg", [30, 60, 90, 100, 120, 150, 170])
    def test_edge_and_centre_of_a_view_are_balanced(self, hfov_deg: float) -> None:
        """A wide view's edge is finer than the source by no more than its centre is coarser."""
        view = viewport(Direction(0), hfov_deg, 224, 128)
        source = sufficient_width(view, "er") / 360
        pixel = 2 * np.tan(np.radians(hfov_deg) / 2) / 224
        centre, edge = (
            1 / np.degrees(np.arctan((at + 1) * pixel) - np.arctan(at * pixel)) for at in (-0.5, 224 / 2 - 1)
        )
        assert source >= 1.5 * centre
        assert edge / source < 1.02 * max(1.34, source / centre)
        assert source >= 224 / hfov_deg

    def test_wide_views(self) -> None:
        """224 pixels over 2 tan 60 are 64.7 a radian; twice as many are 812.6 a turn. At 170 degrees it was 96."""
        assert sufficient_width(viewport(Direction(0), 120, 224, 224), "er") == 816
        assert sufficient_width(viewport(Direction(0), 170, 224, 224), "er") == 708

    def test_a_tall_view_asks_for_what_its_height_needs(self) -> None:
        """100 x 400 pixels open 40 degrees by 111: as a view of 400 x 100 that opens 111 by 40."""
        tall = viewport(Direction(0), 40, 100, 400)
        assert tall.vfov_deg == pytest.approx(111.04, abs=0.01)
        wide = viewport(Direction(0), tall.vfov_deg, 400, 100)
        assert sufficient_width(tall, "er") == sufficient_width(wide, "er")
        assert sufficient_width(tall, "er") > sufficient_width(viewport(Direction(0), 40, 100, 100), "er")

    def test_heights_follow_from_how_the_sphere_lies_in_the_frame(self) -> None:
        assert sufficient_height(1056, "er") == 528
        assert sufficient_height(792, "eac") == 528

    def test_an_eac_frame_holds_three_quarters_of_a_turn_in_its_width(self) -> None:
        assert sufficient_width(panorama(448), "eac") == 504

    @pytest.mark.parametrize("projection", ["er", "eac"])
    def test_is_a_multiple_of_twelve(self, projection: str) -> None:
        widths = [sufficient_width(viewport(Direction(0), hfov, 100, 64), projection) for hfov in range(20, 170, 7)]
        assert all(width % 12 == 0 for width in widths)


class TestDirections:
    def test_a_ring_begins_in_front_and_goes_left(self) -> None:
        assert ring_directions(1) == (Direction(0.0),)
        assert ring_directions(4) == (Direction(0.0), Direction(90.0), Direction(-180.0), Direction(-90.0))
        assert [look.yaw_deg for look in ring_directions(3)] == pytest.approx([0, 120, -120])

    def test_random_ones_keep_apart_and_near_the_horizon(self) -> None:
        for seed in range(5):
            looks = random_directions(6, np.random.default_rng(seed), min_separation_deg=35, max_pitch_deg=30)
            gaps = [np.degrees(angle_between(a.ray, b.ray)) for i, a in enumerate(looks) for b in looks[i + 1 :]]
            assert len(looks) == 6
            assert min(gaps) >= 35
            assert all(abs(look.pitch_deg) <= 30 and abs(look.yaw_deg) <= 180 for look in looks)

    def test_random_ones_follow_from_their_generator(self) -> None:
        def drawn(seed: int) -> tuple[Direction, ...]:
            return random_directions(4, np.random.default_rng(seed), min_separation_deg=30, max_pitch_deg=30)

        assert drawn(1) == drawn(1)
        assert drawn(1) != drawn(2)

    def test_random_ones_that_find_no_room_are_refused(self) -> None:
        with pytest.raises(UsageError, match=r"3 directions.*150"):
            random_directions(3, np.random.default_rng(0), min_separation_deg=150, max_pitch_deg=10)

    def test_a_tight_fit_is_found(self) -> None:
        """Five views 60 degrees apart near the horizon leave little room; the first draws must be given up."""
        looks = random_directions(5, np.random.default_rng(3), min_separation_deg=60, max_pitch_deg=5)
        assert len(looks) == 5
