"""Crops made in torch against the tables' crops, and against waves whose value is known on every ray."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from worlds.layouts import camera_axes, unit

from avsa_models.crops import cut_crops, cut_views
from avsa_models.views import ViewConfig, Viewpoint, draw_viewpoints
from avsa_models.views import cut_crops as cut_by_tables
from yt360_tools.errors import UsageError
from yt360_tools.geometry import Direction
from yt360_tools.projection import Sampler, Source, viewport
from yt360_tools.records import SourceLayout, View

Values = NDArray[np.float64]
Look = tuple[float, float, float]

WIDTH, HEIGHT = 320, 160
LOOKS: tuple[Look, ...] = (
    (37.0, -24.0, 15.0),
    (-141.0, 52.0, -35.0),
    (178.0, 3.0, 100.0),  # over the seam
    (20.0, 90.0, 0.0),
    (-75.0, -88.0, 40.0),  # over the poles
)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def waves(rays: Values) -> Values:
    """A smooth picture (..., 3), 0 to 255, of waves in space."""
    rng = np.random.default_rng(7)
    vectors, phases = rng.normal(size=(6, 3)) * 3, rng.uniform(0, 6, (6, 3))
    return 127.5 + 20 * np.sin((unit(rays) @ vectors.T)[..., None] + phases).sum(axis=-2)


def panorama(width: int = WIDTH, height: int = HEIGHT) -> Values:
    azimuth = np.radians(180 - (np.arange(width) + 0.5) * 360 / width)
    elevation = np.radians(90 - (np.arange(height) + 0.5) * 180 / height)[:, None]
    level = np.cos(elevation)
    return waves(np.stack([level * np.cos(azimuth), level * np.sin(azimuth), np.sin(elevation) + 0 * azimuth], axis=-1))


def camera(look: Look, hfov_deg: float, width: int, height: int) -> Values:
    """Rays through a pinhole camera's pixel centres."""
    ahead, left, up = camera_axes(look)
    pixel = 2 * np.tan(np.radians(hfov_deg) / 2) / width
    to_left = (width / 2 - np.arange(width) - 0.5) * pixel
    to_up = (height / 2 - np.arange(height) - 0.5) * pixel
    return ahead + to_left[None, :, None] * left + to_up[:, None, None] * up


def as_tensor(pictures: Values) -> torch.Tensor:
    """Pictures (..., height, width, 3) as torch has them: (..., 3, height, width)."""
    return torch.from_numpy(np.moveaxis(pictures, -1, -3).astype(np.float32))


def as_pictures(crops: torch.Tensor) -> Values:
    return np.moveaxis(crops.detach().double().numpy(), -3, -1)


def looking(look: Look, hfov_deg: float = 70.0, width: int = 60, height: int = 48) -> View:
    return viewport(Direction(*look), hfov_deg, width, height)


def tables(view: View, frame: Values, interpolation: str = "linear") -> Values:
    return Sampler(view, Source(SourceLayout("er"), WIDTH, HEIGHT), interpolation=interpolation)(frame)


class TestViews:
    @pytest.mark.parametrize("look", LOOKS)
    def test_equal_the_picture_at_their_rays(self, look: Look) -> None:
        seen = as_pictures(cut_views(as_tensor(panorama())[None], [[looking(look)]]))[0, 0]
        assert np.abs(seen - waves(camera(look, 70, 60, 48))).max() < 0.6

    @pytest.mark.parametrize("look", LOOKS)
    @pytest.mark.parametrize("interpolation", ["linear", "cubic"])
    def test_are_those_of_tables_to_a_64th_of_a_pixel(self, interpolation: str, look: Look) -> None:
        """Of a random picture, whose slopes between two pixels are up to 1 across, down, and more when cubic."""
        frame = np.random.default_rng(0).uniform(size=(HEIGHT, WIDTH, 3))
        seen = as_pictures(cut_views(as_tensor(frame)[None], [[looking(look)]], interpolation=interpolation))[0, 0]
        steepest = {"linear": 1.0, "cubic": 2.0}[interpolation]
        apart = np.abs(seen - tables(looking(look), frame, interpolation))
        assert apart.max() < 2 * steepest / 64 + 1e-3
        assert apart.mean() < 0.008

    @pytest.mark.parametrize("look", LOOKS)
    def test_of_labels_are_the_nearest_pixels(self, look: Look) -> None:
        frame = np.random.default_rng(0).integers(0, 32, (HEIGHT, WIDTH, 1)).astype(float)
        seen = as_pictures(cut_views(as_tensor(frame)[None], [[looking(look)]], interpolation="nearest"))[0, 0]
        assert (seen == tables(looking(look), frame, "nearest")).mean() > 0.999

    def test_come_by_panorama_and_view_whatever_lies_between(self) -> None:
        frames = torch.rand(2, 4, 3, 40, 80)
        views = [[looking(look, 60, 9, 7) for look in LOOKS[:3]], [looking(look, 80, 9, 7) for look in LOOKS[2:]]]
        seen = cut_views(frames, views)
        assert seen.shape == (2, 3, 4, 3, 7, 9)
        for index in range(2):
            for number, view in enumerate(views[index]):
                alone = cut_views(frames[index : index + 1, 2:3], [[view]])
                assert torch.allclose(seen[index, number, 2:3], alone[0, 0], atol=1e-5)
        assert cut_views(frames[:, 0, 0], views).shape == (2, 3, 7, 9)

    def test_are_flipped_when_mirrored(self) -> None:
        frames = torch.rand(1, 3, 40, 80)
        views = [[looking(LOOKS[0], 60, 9, 7), looking(LOOKS[0], 60, 9, 7)]]
        plain, flipped = cut_views(frames, views, mirrored=torch.tensor([[False, True]]))[0]
        assert torch.allclose(flipped, plain.flip(-1), atol=1e-6)
        assert not torch.allclose(flipped, plain, atol=0.1)

    def test_have_gradients(self) -> None:
        frames = torch.rand(1, 1, 8, 16, dtype=torch.float64, requires_grad=True)
        views = [[looking((170.0, 60.0, 0.0), 80, 6, 5), looking((10.0, -20.0, 30.0), 60, 6, 5)]]
        mirrored = torch.tensor([[True, False]])
        for antialias in (False, True):
            assert torch.autograd.gradcheck(
                lambda picture, on=antialias: cut_views(picture, views, mirrored=mirrored, antialias=on), frames
            )

    def test_of_half_precision_lie_where_others_lie(self) -> None:
        frames = as_tensor(panorama())[None]
        exact, half = (cut_views(one, [[looking(LOOKS[0])]]) for one in (frames, frames.half()))
        assert half.dtype == torch.float16
        assert (half.float() - exact).abs().max() < 0.2

    @pytest.mark.parametrize(
        ("frames", "views", "says"),
        [
            (torch.zeros(1, 3, 8, 16, dtype=torch.uint8), [[looking(LOOKS[0])]], "floating type .* torch.uint8"),
            (torch.zeros(1, 3, 8, 15), [[looking(LOOKS[0])]], r"even width; got \(1, 3, 8, 15\)"),
            (torch.zeros(8, 16), [[looking(LOOKS[0])]], r"got \(8, 16\)"),
            (torch.zeros(2, 3, 8, 16), [[looking(LOOKS[0])]], "2 panoramas need as many rows"),
            (torch.zeros(2, 8, 16), [[looking(LOOKS[0])], [looking(LOOKS[0])] * 2], r"rows of \[1, 2\]"),
            (torch.zeros(1, 8, 16), [[looking(LOOKS[0]), looking(LOOKS[0], 70, 8, 8)]], "one size"),
            (torch.zeros(1, 8, 16), [[View("er", Direction(0), 360, 180, 8, 4)]], "viewports"),
            (torch.zeros(1, 8, 16), [[]], "none"),
        ],
    )
    def test_of_what_does_not_fit_are_refused(self, frames: torch.Tensor, views: list[list[View]], says: str) -> None:
        with pytest.raises(UsageError, match=says):
            cut_views(frames, views)

    def test_an_unknown_interpolation_is_refused(self) -> None:
        with pytest.raises(UsageError, match=r"'bilinear'.*nearest, linear, cubic"):
            cut_views(torch.zeros(1, 8, 16), [[looking(LOOKS[0])]], interpolation="bilinear")


class TestCoarseViews:
    @pytest.mark.parametrize("size", [16, 24, 32, 48])
    @pytest.mark.parametrize("width", [448, 640])
    def test_of_a_fine_pattern_see_its_mean(self, width: int, size: int) -> None:
        rows, columns = np.indices((width // 2, width))
        board = torch.from_numpy((rows + columns) % 2 * 255.0)[None].float()
        for look in LOOKS[:3]:
            seen = cut_views(board, [[looking(look, 90, size, size)]], antialias=True)
            assert seen.mean() == pytest.approx(127.5, abs=2)
            assert seen.std() < 12

    @pytest.mark.parametrize("look", LOOKS)
    @pytest.mark.parametrize("size", [12, 20, 28])
    def test_do_not_move_and_have_no_seam(self, size: int, look: Look) -> None:
        frame = as_tensor(panorama(400, 200))[None]
        seen = as_pictures(cut_views(frame, [[looking(look, 60, size, size)]], antialias=True))[0, 0]
        error = np.abs(seen - waves(camera(look, 60, size, size)))
        assert error.max() < 6
        assert error.mean() < 1.5


class TestCrops:
    @pytest.mark.parametrize("size", [112, 64, 40, 24])
    def test_are_those_of_the_loader(self, size: int) -> None:
        """Coloured, flipped, and cut from a scaled panorama: nothing is rounded here, three times there."""
        rng = np.random.default_rng(size)
        frames = np.rint(np.stack([panorama(448, 224), panorama(448, 224)[:, ::-1]])).astype(np.uint8)
        drawn = [draw_viewpoints(rng, ViewConfig(size=size, mirror=share), 4) for share in (0.0, 1.0, 0.5)]
        seen = as_pictures(cut_crops(as_tensor(frames.astype(float))[None].expand(3, -1, -1, -1, -1), drawn))
        assert seen.shape == (3, 4, 2, size, size, 3)
        for crops, viewpoints in zip(seen, drawn, strict=True):
            apart = np.abs(crops - cut_by_tables(frames, viewpoints))
            assert apart.max() < 2.5
            assert apart.mean() < 0.6

    def test_stay_within_0_and_255(self) -> None:
        brighter = np.column_stack([1.5 * np.eye(3), np.full(3, -20.0)])
        one = Viewpoint(looking(LOOKS[0], 60, 8, 8), False, brighter)
        frames = torch.tensor([250.0, 5.0, 128.0])[None, None, :, None, None].expand(1, 1, 3, 32, 64)
        assert cut_crops(frames, [[one]])[0, 0, 0, :, 3, 4].tolist() == [255, 0, 172]
