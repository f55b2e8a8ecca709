"""Sampling tables on a picture whose value is known on every ray."""

import hashlib

import numpy as np
import pytest
from drawn_waves import LOOKS, Picture, Values, Waves, camera_rays, differ, panorama_rays, some_waves

from yt360_tools.errors import UsageError
from yt360_tools.geometry import Direction
from yt360_tools.projection import EAC_BORDER_PX, Sampler, Source, panorama, sampler, view_rays, viewport
from yt360_tools.records import SourceLayout, View

ER_WIDTH = 320  # coarse on purpose: half a pixel must show
EAC_SIZE = (384, 256)


@pytest.fixture(scope="module")
def waves() -> Waves:
    return some_waves()


@pytest.fixture(scope="module")
def er(waves: Waves) -> Picture:
    return waves.drawn_on(panorama_rays(ER_WIDTH))


def mono(projection: str, width: int, height: int, border_px: float = EAC_BORDER_PX) -> Source:
    return Source(SourceLayout(projection), width, height, (border_px, border_px))


def cut(frame: Picture, view: View, projection: str = "er", border_px: float = EAC_BORDER_PX) -> Values:
    return sampler(view, mono(projection, frame.shape[1], frame.shape[0], border_px))(frame).astype(float)


def test_places_in_a_panorama_are_counted_from_two_pixels_beyond_its_corner() -> None:
    """A column 2^-20 before the middle between 1 and 2 32nds behind the 14th. Counted from 16 on it needs 25 bits, and
    a float of 24 rounds it up to the middle, which falls to the even 2; counted from 14 on it is exact, and falls to 1.
    """
    width, column = 64, 14 + 1.5 / 32 - 2.0**-20
    assert np.float32(column + 2) == 16 + 1.5 / 32
    assert float(np.float32(column)) == column
    counting = np.broadcast_to(np.arange(width, dtype=np.float32), (width // 2, width))
    view = View("viewport", Direction(180 - 360 * (column + 0.5) / width), 30.0, 30.0, 1, 1)
    assert sampler(view, mono("er", width, width // 2))(counting) == 14 + 2 / 32


class TestViewportsOfAPanorama:
    @pytest.mark.parametrize("look", LOOKS)
    def test_equals_the_picture_at_its_rays(self, look: tuple[float, float, float], er: Picture, waves: Waves) -> None:
        """Interpolating a picture of 320 columns costs a grey level at its sharpest; half a pixel costs more."""
        view = viewport(Direction(*look), 75, 96, 72)
        error = np.abs(cut(er, view) - waves.at(camera_rays(look, 75, 96, 72)))
        assert error.mean() < 0.6
        assert error.max() < 3

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


class TestEquiAngularCubemap:
    @pytest.mark.parametrize("border_px", [0.0, 2.0])
    def test_nothing_is_mixed_over_the_middle_row(self, border_px: float) -> None:
        """Above and below the middle lie faces that are no neighbours on the sphere."""
        frame = np.full((EAC_SIZE[1], EAC_SIZE[0], 3), 40, np.uint8)
        frame[EAC_SIZE[1] // 2 :] = 220
        seen = sampler(panorama(1440), mono("eac", *EAC_SIZE, border_px))(frame)
        assert set(np.unique(seen)) == {40, 220}

    def test_the_border_is_never_seen(self) -> None:
        width, height = EAC_SIZE
        frame = np.full((height, width, 3), 100, np.uint8)
        frame[:, [0, -1]] = frame[[0, height // 2 - 1, height // 2, -1]] = 255
        assert (sampler(panorama(720), mono("eac", width, height))(frame) == 100).all()


class TestSampler:
    def test_is_made_once_for_equal_arguments(self) -> None:
        first = sampler(viewport(Direction(12, 3), 80, 16, 16), mono("er", 64, 32))
        assert sampler(viewport(Direction(12, 3), 80, 16, 16), mono("er", 64, 32)) is first
        assert sampler(viewport(Direction(12, 4), 80, 16, 16), mono("er", 64, 32)) is not first
        assert sampler(viewport(Direction(12, 3), 80, 16, 16), mono("eac", 64, 32)) is not first

    def test_few_tables_are_kept(self) -> None:
        """A table of 1024 x 1024 pixels has 6 MB, and the views of random:K never come again."""
        sampler.cache_clear()
        for yaw in range(40):
            sampler(viewport(Direction(yaw), 80, 16, 16), mono("er", 64, 32))
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
        wanted = Sampler(view, mono(projection, 384, 256))(frame)
        exact = view_rays(view)
        for seed in range(5):
            nearly = exact + 4e-16 * np.random.default_rng(seed).normal(size=exact.shape)
            monkeypatch.setattr("yt360_tools.projection.sampling.view_rays", lambda view, nearly=nearly: nearly)
            assert (Sampler(view, mono(projection, 384, 256))(frame) == wanted).all()

    def test_gives_uint8_of_the_views_size_and_leaves_the_frame_alone(self, er: Picture) -> None:
        before = er.copy()
        seen = sampler(viewport(Direction(12, 3), 80, 20, 10), mono("er", ER_WIDTH, ER_WIDTH // 2))(er)
        assert (seen.shape, seen.dtype) == ((10, 20, 3), np.uint8)
        assert (er == before).all()

    def test_refuses_a_frame_of_another_size(self) -> None:
        take = sampler(panorama(16), mono("er", 64, 32))
        with pytest.raises(UsageError, match=r"frames of \(32, 64\) .*got \(64, 32, 3\)"):
            take(np.zeros((64, 32, 3), np.uint8))


class TestStoredBytes:
    """Shards hold what was cut, and their hash is the same wherever and whenever they are built."""

    @pytest.mark.parametrize(
        ("projection", "width", "height", "border_px", "wanted"),
        [
            ("er", 2400, 1200, 0.0, "e26017a54ee7f45eb4c975448728290dcc44b97d91612cd148c830818937d793"),
            ("eac", 1200, 800, 2.0, "961176465331df8f41de84373808cca99b5459bfc84b09f9fa489e43e14f62a9"),
            # A border that was scaled with its frame to less than half a pixel.
            ("eac", 480, 320, 0.4, "b9a14e09e87478c5a8751e27b4799b0e30c63d8a2e93d476fffb059293588ec6"),
        ],
    )
    def test_stay_as_they_are(self, projection: str, width: int, height: int, border_px: float, wanted: str) -> None:
        rows, columns = np.indices((height, width))
        frame = ((rows * 7919 + columns * 104729 + (rows * columns) % 8191 * 31) >> 3).astype(np.uint8)
        source, seen = mono(projection, width, height, border_px), hashlib.sha256()
        for look in ((37.0, -24.0, 15.0), (178.0, 52.0, -35.0), (20.0, -89.0, 100.0)):
            seen.update(sampler(viewport(Direction(*look), 90, 200, 150), source)(frame).tobytes())
        assert seen.hexdigest() == wanted
