"""Viewpoints: where they look, what they show, how they are flipped and coloured."""

from typing import Any

import cv2
import numpy as np
import py360convert
import pytest
from numpy.typing import NDArray
from worlds import dot

from avsa_models.views import ViewConfig, Viewpoint, cut_crops, draw_viewpoints
from yt360_tools.ambisonics import channel_matrix
from yt360_tools.errors import UsageError
from yt360_tools.geometry import Direction
from yt360_tools.records import View

Picture = NDArray[np.uint8]

PLAIN = np.eye(3, 4)
"""The colour map that changes nothing."""

LOOKS = ((37.0, -24.0), (-141.0, 28.0), (163.0, 13.0))
"""Yaw and pitch in degrees; the last sees the panorama's seam."""

WIDTH = 448


def viewpoint(
    yaw_deg: float,
    pitch_deg: float,
    hfov_deg: float = 70.0,
    vfov_deg: float = 55.0,
    *,
    size: int = 112,
    mirrored: bool = False,
    colour: NDArray[np.float64] = PLAIN,
) -> Viewpoint:
    return Viewpoint(View("viewport", Direction(yaw_deg, pitch_deg), hfov_deg, vfov_deg, size, size), mirrored, colour)


def drawn(config: ViewConfig, samples: int = 300, *, count: int = 4, seed: int = 0) -> list[tuple[Viewpoint, ...]]:
    rng = np.random.default_rng(seed)
    return [draw_viewpoints(rng, config, count) for _ in range(samples)]


@pytest.fixture(scope="module")
def panorama() -> Picture:
    """A smooth texture without seams, (224, 448, 3)."""
    return np.rint(dot.draw_background(WIDTH, WIDTH // 2, seed=3)).astype(np.uint8)


class TestDirections:
    @pytest.mark.parametrize(("count", "apart_deg"), [(2, 120.0), (4, 45.0), (4, 75.0), (8, 35.0)])
    def test_are_truly_apart(self, count: int, apart_deg: float) -> None:
        """By the cosine rule: a step of yaw is less on high than on the horizon."""
        least = 180.0
        for sample in drawn(ViewConfig(min_separation_deg=apart_deg), 200, count=count):
            assert len(sample) == count
            looks = np.radians([(one.view.direction.yaw_deg, one.view.direction.pitch_deg) for one in sample])
            for index, (yaw, pitch) in enumerate(looks):
                for other_yaw, other_pitch in looks[:index]:
                    cosine = np.sin(pitch) * np.sin(other_pitch) + np.cos(pitch) * np.cos(other_pitch) * np.cos(
                        yaw - other_yaw
                    )
                    least = min(least, float(np.degrees(np.arccos(cosine))))
        assert apart_deg <= least < apart_deg + 5  # no further than need be

    def test_more_than_fit_are_refused(self) -> None:
        with pytest.raises(UsageError, match=r"12 directions within 30° .* do not fit 60° apart; ask for fewer"):
            draw_viewpoints(np.random.default_rng(0), ViewConfig(min_separation_deg=60), 12)

    def test_yaw_is_even_over_the_circle_and_pitch_over_its_range(self) -> None:
        looks = [one.view.direction for sample in drawn(ViewConfig(), 1000) for one in sample]
        yaws, pitches = np.array([(look.yaw_deg, look.pitch_deg) for look in looks]).T
        assert all(look.roll_deg == 0 for look in looks)
        # 4000 in 12 bins: 333 each, a deviation of 17 if they were free of each other.
        assert np.abs(np.histogram(yaws, 12, (-180, 180))[0] - 333).max() < 4.5 * 17
        assert np.abs(np.histogram(pitches, 6, (-30, 30))[0] - 667).max() < 0.15 * 667
        assert np.abs(pitches).max() <= 30
        assert np.abs(pitches).max() > 29.5

    def test_each_view_of_a_sample_is_drawn_alike(self) -> None:
        """No view is preferred to the others: the first is no nearer to the front or the horizon than the last."""
        looks = np.array(
            [
                [(one.view.direction.yaw_deg, one.view.direction.pitch_deg) for one in sample]
                for sample in drawn(ViewConfig(), 1000)
            ]
        )
        assert np.abs(looks[..., 1].mean(axis=0)).max() < 4 * 17.3 / 1000**0.5
        assert np.abs(np.exp(1j * np.radians(looks[..., 0])).mean(axis=0)).max() < 4 / 1000**0.5


class TestOpenings:
    def test_lie_within_their_ranges_and_fill_them(self) -> None:
        seen = [one.view for sample in drawn(ViewConfig()) for one in sample]
        hfov = np.array([view.hfov_deg for view in seen])
        vfov = np.array([view.vfov_deg for view in seen])
        aspect = np.tan(np.radians(hfov) / 2) / np.tan(np.radians(vfov) / 2)
        assert hfov.min() == pytest.approx(25, abs=0.5)
        assert hfov.max() == pytest.approx(90, abs=0.5)
        assert hfov.mean() == pytest.approx(57.5, abs=2)
        assert aspect.min() == pytest.approx(0.75, abs=0.01)
        assert aspect.max() == pytest.approx(4 / 3, abs=0.01)
        assert np.log(aspect).mean() == pytest.approx(0, abs=0.02)
        assert np.corrcoef(hfov, aspect)[0, 1] == pytest.approx(0, abs=0.1)
        assert {(view.width, view.height) for view in seen} == {(112, 112)}

    def test_may_be_even_by_what_they_see(self) -> None:
        """The image plane's area grows with the tangent's square."""
        seen = [one.view.hfov_deg for sample in drawn(ViewConfig(hfov_evenly_by="area")) for one in sample]
        assert min(seen) >= 25 - 1e-9
        assert max(seen) <= 90 + 1e-9
        area = np.tan(np.radians(seen) / 2) ** 2
        assert np.abs(np.histogram(area, 5, (np.tan(np.radians(12.5)) ** 2, 1))[0] / len(seen) - 0.2).max() < 0.05

    def test_an_aspect_above_one_is_wider_than_high(self) -> None:
        config = ViewConfig(hfov_deg=(90, 90), aspect=(1.25, 1.25))
        for one in drawn(config, 1)[0]:
            assert one.view.hfov_deg == 90
            assert one.view.vfov_deg == pytest.approx(77.3196, abs=1e-4)  # 2 atan(1 / 1.25)

    @pytest.mark.parametrize(
        ("setting", "says"),
        [
            ({"hfov_deg": (90, 25)}, r"views.hfov_deg \[90, 25\]"),
            ({"hfov_deg": (25, 180)}, "views.hfov_deg"),
            ({"aspect": (0, 1)}, "views.aspect"),
            ({"hfov_evenly_by": "eye"}, "views.hfov_evenly_by must be one of angle, area; got 'eye'"),
            ({"toward_sound": 2}, "views.toward_sound 2 must be from 0 to 1"),
            ({"size": 0}, "views.size 0"),
            ({"mirror": 1.5}, "views.mirror 1.5 must be from 0 to 1"),
            ({"saturation": -0.1}, "views.saturation -0.1"),
        ],
    )
    def test_what_cannot_be_is_refused(self, setting: dict[str, Any], says: str) -> None:
        with pytest.raises(UsageError, match=says):
            ViewConfig(**setting)


class TestDrawing:
    def test_the_same_state_gives_the_same_viewpoints(self) -> None:
        for first, again in zip(drawn(ViewConfig(), 5), drawn(ViewConfig(), 5), strict=True):
            for a, b in zip(first, again, strict=True):
                assert (a.view, a.mirrored) == (b.view, b.mirrored)
                assert (a.colour == b.colour).all()
        assert drawn(ViewConfig(), 1, seed=1)[0][0].view != drawn(ViewConfig(), 1)[0][0].view

    def test_a_sample_is_flipped_and_coloured_as_one(self) -> None:
        for sample in drawn(ViewConfig(), 50):
            assert len({one.mirrored for one in sample}) == 1
            assert all((one.colour == sample[0].colour).all() for one in sample)

    @pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
    def test_the_share_of_flipped_samples(self, share: float) -> None:
        flipped = np.mean([sample[0].mirrored for sample in drawn(ViewConfig(mirror=share), 400)])
        assert flipped == pytest.approx(share, abs=0.1 if share == 0.5 else 0)

    @pytest.mark.parametrize("mirrored", [False, True])
    def test_what_turns_the_sound_is_the_views_own_turn(self, mirrored: bool) -> None:
        one = viewpoint(37, -24, mirrored=mirrored)
        source = dot.encode_source(np.ones(1), 37 + 20, 0)[:, 0]
        assert (one.channel_matrix == channel_matrix(one.view.direction.view_from_world, mirrored=mirrored)).all()
        assert np.sign((one.channel_matrix @ source)[1]) == (-1 if mirrored else 1)  # left of the axis, unless flipped


class TestTowardsTheSound:
    def drawn(
        self, config: ViewConfig, azimuth_deg: float, elevation_deg: float, samples: int = 200, *, count: int = 4
    ) -> Any:
        rng, ray = np.random.default_rng(0), dot.unit_vector(azimuth_deg, elevation_deg)
        return [draw_viewpoints(rng, config, count, sounding=ray) for _ in range(samples)]

    @pytest.mark.parametrize(("azimuth", "elevation"), [(50, 0), (179.9, -20), (-120, 30)])
    @pytest.mark.parametrize("count", [1, 4])
    def test_the_first_view_has_it_in_its_middle_part(self, count: int, azimuth: float, elevation: float) -> None:
        """Anywhere there, or the net would learn that what sounds is in the middle."""
        config = ViewConfig(toward_sound=1)
        places = []
        for sample in self.drawn(config, azimuth, elevation, count=count):
            view = sample[0].view
            aside, level, pitch = np.radians([azimuth - view.direction.yaw_deg, elevation, view.direction.pitch_deg])
            front = np.sin(pitch) * np.sin(level) + np.cos(pitch) * np.cos(level) * np.cos(aside)
            left = np.cos(level) * np.sin(aside)
            up = np.cos(pitch) * np.sin(level) - np.sin(pitch) * np.cos(level) * np.cos(aside)
            half_width, half_height = np.tan(np.radians([view.hfov_deg, view.vfov_deg]) / 2)
            assert front > 0
            places.append((left / front / half_width, up / front / half_height))  # -1 to 1 from edge to edge
        assert np.abs(places).max() < 0.95
        across, up = np.transpose(places)
        assert across.mean() == pytest.approx(0, abs=0.1)
        assert across.std() == pytest.approx(0.44, abs=0.05)
        assert up.std() > 0.2  # less where views may look no higher

    def test_ranges_and_separation_hold_as_ever(self) -> None:
        for elevation in (0, 50, -85):
            for sample in self.drawn(ViewConfig(toward_sound=1), 179.9, elevation, 100):
                looks = [one.view.direction for one in sample]
                assert all(-180 <= look.yaw_deg <= 180 and abs(look.pitch_deg) <= 30 for look in looks)
                rays = [dot.unit_vector(look.yaw_deg, look.pitch_deg) for look in looks]
                apart = [dot.angle_deg(a, b) for index, a in enumerate(rays) for b in rays[:index]]
                assert min(apart) >= 45 - 1e-6

    @pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
    def test_the_share_of_samples(self, share: float) -> None:
        """A view of 25 degrees that looks within 15 degrees of a place by chance is rare: 2 in 100."""
        config = ViewConfig(toward_sound=share, hfov_deg=(25, 25), aspect=(1, 1))
        near = [
            dot.angle_deg(dot.unit_vector(first.view.direction.yaw_deg, first.view.direction.pitch_deg), truth) < 15
            for truth in [dot.unit_vector(70, 10)]
            for first, *_ in self.drawn(config, 70, 10)
        ]
        assert np.mean(near) == pytest.approx(share, abs=0.08)

    @pytest.mark.parametrize("ray", [None, dot.unit_vector(50, 85), dot.unit_vector(50, -85)])
    def test_it_looks_anywhere_when_no_view_could_show_it(self, ray: Any) -> None:
        rng, config = np.random.default_rng(0), ViewConfig(toward_sound=1)
        yaws = [draw_viewpoints(rng, config, 4, sounding=ray)[0].view.direction.yaw_deg for _ in range(200)]
        assert np.histogram(yaws, 4, (-180, 180))[0].min() > 30


class TestCrops:
    @pytest.mark.parametrize("look", LOOKS)
    @pytest.mark.parametrize("opening", [(90.0, 90.0), (70.0, 55.0), (30.0, 38.0)])
    def test_equal_py360converts(
        self, look: tuple[float, float], opening: tuple[float, float], panorama: Picture
    ) -> None:
        """Its yaw grows to the right, and its opening reaches from the first pixel's centre to the last one's."""
        size = 112
        to_centres = [2 * np.degrees(np.arctan(np.tan(np.radians(deg) / 2) * (1 - 1 / size))) for deg in opening]
        other = py360convert.e2p(panorama, tuple(to_centres), -look[0], look[1], (size, size))
        crop = cut_crops(panorama[None], [viewpoint(*look, *opening)])[0, 0]
        difference = np.abs(crop.astype(int) - other.astype(int))
        assert difference.max() <= 2
        assert difference.mean() < 0.5

    @pytest.mark.parametrize("mirrored", [False, True])
    def test_come_by_view_and_frame(self, mirrored: bool, panorama: Picture) -> None:
        frames = np.stack([panorama, np.roll(panorama, 40, axis=1), panorama[::-1]])
        openings = (90, 60, 30)  # each asks for another level of the panorama
        looks = [
            viewpoint(*look, opening, opening, size=24, mirrored=mirrored)
            for look, opening in zip(LOOKS, openings, strict=True)
        ]
        crops = cut_crops(frames, looks)
        assert crops.shape == (3, 3, 24, 24, 3)
        assert crops.dtype == np.uint8
        for seen, one in zip(crops, looks, strict=True):
            for crop, frame in zip(seen, frames, strict=True):
                assert (crop == cut_crops(frame[None], [one])[0, 0]).all()

    @pytest.mark.parametrize("look", LOOKS)
    def test_are_flipped_when_mirrored(self, look: tuple[float, float], panorama: Picture) -> None:
        plain, flipped = (cut_crops(panorama[None], [viewpoint(*look, mirrored=m)])[0, 0] for m in (False, True))
        assert (flipped == plain[:, ::-1]).all()
        assert (flipped != plain).any()

    def test_the_panorama_is_left_as_it_is(self, panorama: Picture) -> None:
        before = panorama.copy()
        cut_crops(panorama[None], [viewpoint(*LOOKS[0], size=24, colour=0.5 * PLAIN, mirrored=True)])
        assert (panorama == before).all()


class TestCoarseCrops:
    """Crops that are coarser than the panorama are cut from a scaled one."""

    @pytest.mark.parametrize("size", [16, 24, 32, 48, 64])
    def test_a_fine_pattern_becomes_its_mean(self, size: int) -> None:
        """A checkerboard of single pixels: what samples it without a low-pass sees any pattern but grey."""
        rows, columns = np.indices((WIDTH // 2, WIDTH))
        board = np.repeat(((rows + columns) % 2 * 255).astype(np.uint8)[..., None], 3, axis=2)
        for look in LOOKS:
            crop = cut_crops(board[None], [viewpoint(*look, 90, 90, size=size)])[0, 0].astype(float)
            assert crop.mean() == pytest.approx(127.5, abs=2)
            assert crop.std() < 12

    @pytest.mark.parametrize("size", [16, 24, 32, 48, 64])
    def test_the_picture_does_not_move(self, size: int, panorama: Picture) -> None:
        """Against the mean over the same view cut eight times as fine, by least squares on its gradient."""
        for look in LOOKS:
            crop = cut_crops(panorama[None], [viewpoint(*look, 90, 90, size=size)])[0, 0].astype(float)
            fine = cut_crops(panorama[None], [viewpoint(*look, 90, 90, size=8 * size)])[0, 0]
            wanted = fine.reshape(size, 8, size, 8, 3).mean(axis=(1, 3))
            down, right = np.gradient(wanted, axis=(0, 1))
            slopes = np.stack([down.ravel(), right.ravel()], axis=1)
            moved = np.linalg.lstsq(slopes, (wanted - crop).ravel(), rcond=None)[0]
            assert np.abs(moved).max() < 0.02, f"{moved} pixels down and right at {size} pixels"
            assert np.abs(crop - wanted).mean() < 0.5

    def test_each_level_is_made_once_and_only_when_needed(
        self, panorama: Picture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        resize, made = cv2.resize, []

        def counted(frame: Picture, size: tuple[int, int], interpolation: int) -> Picture:
            made.append((size, interpolation))
            return resize(frame, size, interpolation=interpolation)

        monkeypatch.setattr(cv2, "resize", counted)
        cut_crops(panorama[None], [viewpoint(*look, 90, 90, size=112) for look in LOOKS])
        assert made == []
        cut_crops(np.stack([panorama, panorama]), [viewpoint(*look, 90, 90, size=24) for look in LOOKS])
        assert made == [((168, 84), cv2.INTER_AREA)] * 2  # 24 pixels for 90 degrees ask for 113 and more

    @pytest.mark.parametrize("width", [448, 640, 300, 100])
    def test_any_width_will_do(self, width: int) -> None:
        grey = np.full((1, width // 2, width, 3), 90, np.uint8)
        for size in (8, 16, 32, 112):
            assert (cut_crops(grey, [viewpoint(*LOOKS[0], 90, 90, size=size)]) == 90).all()


class TestColours:
    STRONG = ViewConfig(brightness=0.5, contrast=0.5, saturation=0.5, hue_deg=60)

    def colours(self, config: ViewConfig, samples: int = 100) -> list[NDArray[np.float64]]:
        return [sample[0].colour for sample in drawn(config, samples, count=1)]

    def test_of_no_strength_change_nothing(self, panorama: Picture) -> None:
        none = ViewConfig(brightness=0, contrast=0, saturation=0, hue_deg=0)
        for colour in self.colours(none, 5):
            assert colour == pytest.approx(PLAIN, abs=1e-12)
            plain, coloured = (cut_crops(panorama[None], [viewpoint(*LOOKS[0], colour=c)]) for c in (PLAIN, colour))
            assert (plain == coloured).all()

    def test_keep_grey_grey(self) -> None:
        """Hue and saturation leave it as it is; contrast and brightness move it alike in red, green and blue."""
        grey = np.array([90.0, 90.0, 90.0, 1.0])
        for colour in self.colours(ViewConfig(brightness=0, contrast=0, saturation=1, hue_deg=180)):
            assert colour @ grey == pytest.approx(grey[:3])
        for colour in self.colours(self.STRONG):
            assert np.ptp(colour @ grey) < 1e-9

    def test_hue_turns_about_grey(self) -> None:
        """By up to 60 degrees here: red goes towards yellow or magenta, and its distance from grey stays."""
        red, grey = np.array([255.0, 0, 0]), np.full(3, 85.0)
        turned = [
            (colour[:, :3] @ red)
            for colour in self.colours(ViewConfig(brightness=0, contrast=0, saturation=0, hue_deg=60))
        ]
        for rgb in turned:
            assert rgb.sum() == pytest.approx(255)
            assert np.linalg.norm(rgb - grey) == pytest.approx(np.linalg.norm(red - grey))
        angles = [np.degrees(np.arctan2((rgb[1] - rgb[2]) * 3**0.5, 2 * rgb[0] - rgb[1] - rgb[2])) for rgb in turned]
        assert -60 <= min(angles) < -50
        assert 50 < max(angles) <= 60

    def test_contrast_turns_about_middle_grey_and_brightness_about_black(self) -> None:
        middle, black = np.array([127.5, 127.5, 127.5, 1]), np.array([0.0, 0, 0, 1])
        for colour in self.colours(ViewConfig(brightness=0, contrast=0.5, saturation=0, hue_deg=0)):
            assert colour @ middle == pytest.approx(middle[:3])
        factors = []
        for colour in self.colours(ViewConfig(brightness=0.5, contrast=0, saturation=0, hue_deg=0)):
            assert colour @ black == pytest.approx([0, 0, 0])
            factors.append(colour[0, 0])
        assert min(factors) == pytest.approx(0.5, abs=0.05)
        assert max(factors) == pytest.approx(1.5, abs=0.05)

    def test_no_saturation_leaves_the_luma(self) -> None:
        rgb = np.array([200.0, 30, 90])
        for colour in self.colours(ViewConfig(brightness=0, contrast=0, saturation=1, hue_deg=0)):
            assert (colour[:, :3] @ rgb) @ [0.299, 0.587, 0.114] == pytest.approx(rgb @ [0.299, 0.587, 0.114])

    def test_saturate_instead_of_wrapping(self) -> None:
        picture = np.zeros((1, 32, 64, 3), np.uint8)
        picture[:, :, :] = (250, 5, 128)
        brighter = np.column_stack([1.5 * np.eye(3), np.full(3, -20.0)])
        crop = cut_crops(picture, [viewpoint(0, 0, size=8, colour=brighter)])
        assert (crop == (255, 0, 172)).all()

    def test_come_in_the_order_of_the_picture(self) -> None:
        """Red stays red: maps are of RGB, not of BGR."""
        picture = np.zeros((1, 32, 64, 3), np.uint8)
        picture[:] = (200, 100, 50)
        only_red = np.array([[1.0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
        assert (cut_crops(picture, [viewpoint(0, 0, size=8, colour=only_red)]) == (200, 0, 0)).all()
