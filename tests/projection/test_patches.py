"""The parts of a frame in which pixels are neighbours on the sphere too, and how each goes on beyond its edges."""

import numpy as np
import pytest
from drawn_sources import CASES, many_rays
from drawn_waves import Values
from worlds.layouts import unit

from yt360_tools.projection import Patch, Source, patch_rays, patches, source_pixels
from yt360_tools.records import SourceLayout


def whole_pixels(patch: Patch, margin: int = 0) -> tuple[Values, Values]:
    """Columns and rows (height, width) of a patch's pixels, with so many more around it."""
    return np.meshgrid(
        np.arange(patch.left - margin, patch.left + patch.width + margin, dtype=float),
        np.arange(patch.top - margin, patch.top + patch.height + margin, dtype=float),
    )


def steps_deg(rays: Values) -> tuple[Values, Values]:
    """The angles between the rays (height, width, 3) of neighbouring pixels, along columns and along rows."""
    along = unit(rays)
    return tuple(
        np.degrees(2 * np.arcsin(np.clip(np.linalg.norm(np.diff(along, axis=axis), axis=-1) / 2, 0, 1)))
        for axis in (1, 0)
    )


class TestPatches:
    @pytest.mark.parametrize(
        ("layout", "wanted"),
        [
            (SourceLayout("er"), [(0, 0, 240, 160)]),
            (SourceLayout("er", "bottom-top"), [(0, 80, 240, 80)]),
            (SourceLayout("er", "left-right"), [(0, 0, 120, 160)]),
            (SourceLayout("eac"), [(0, 0, 240, 80), (0, 80, 240, 80)]),
            # On its side the upper row is at the left.
            (SourceLayout("eac", "right-left"), [(120, 0, 60, 160), (180, 0, 60, 160)]),
            (
                SourceLayout("cubemap", faces="3x2:RLUDFB"),
                [
                    (0, 0, 80, 80),
                    (80, 0, 80, 80),
                    (160, 0, 80, 80),
                    (0, 80, 80, 80),
                    (80, 80, 80, 80),
                    (160, 80, 80, 80),
                ],
            ),
            (SourceLayout("cubemap", faces="6x1:RLUDFB"), [(40 * k, 0, 40, 160) for k in range(6)]),
            # 160 pixels make no six equal parts: each ends with the last pixel that is its own.
            (
                SourceLayout("cubemap", faces="1x6:RLUDFB"),
                [(0, top, 240, rows) for top, rows in ((0, 26), (27, 26), (54, 26), (80, 26), (107, 26), (134, 26))],
            ),
        ],
    )
    def test_are_the_frames_continuous_parts(
        self, layout: SourceLayout, wanted: list[tuple[int, int, int, int]]
    ) -> None:
        assert patches(Source(layout, 240, 160)) == tuple(Patch(*one) for one in wanted)

    @pytest.mark.parametrize("name", CASES)
    @pytest.mark.parametrize("eye", ["left", "right"])
    def test_every_ray_meets_its_own(self, name: str, eye: str) -> None:
        """At most half a pixel beyond the centres of the outermost pixels, and there its patch has this very ray."""
        source = Source(CASES[name].source.layout, CASES[name].source.width, CASES[name].source.height, (1.0, 3.0), eye)
        rays = many_rays()
        found = source_pixels(rays, source)
        for index, patch in enumerate(patches(source)):
            here = found.inside & (found.patches == index)
            assert here.any()
            columns, rows = found.columns[here], found.rows[here]
            assert columns.min() >= patch.left - 0.5 - 1e-5
            assert columns.max() <= patch.left + patch.width - 0.5 + 1e-5
            assert rows.min() >= patch.top - 0.5 - 1e-5
            assert rows.max() <= patch.top + patch.height - 0.5 + 1e-5
            assert np.abs(unit(patch_rays(source, index, columns, rows)) - unit(rays[here])).max() < 1e-9

    @pytest.mark.parametrize("name", CASES)
    def test_their_pixels_are_seen_where_the_tests_layouts_say(self, name: str) -> None:
        for index, patch in enumerate(patches(CASES[name].source)):
            columns, rows = whole_pixels(patch)
            wanted = CASES[name].frame.seen_at(columns, rows)
            assert np.abs(unit(patch_rays(CASES[name].source, index, columns, rows)) - wanted).max() < 1e-6

    @pytest.mark.parametrize("name", CASES)
    def test_go_on_evenly_beyond_their_edges(self, name: str) -> None:
        """From pixel to pixel it is as far outside, three pixels wide, as inside; over a pole too."""
        source = CASES[name].source
        for index, patch in enumerate(patches(source)):
            inside = steps_deg(patch_rays(source, index, *whole_pixels(patch)))
            around = steps_deg(patch_rays(source, index, *whole_pixels(patch, margin=3)))
            for within, beyond in zip(inside, around, strict=True):
                assert beyond.max() < 1.2 * within.max()

    @pytest.mark.parametrize("name", [name for name in CASES if "cropped" not in name])
    def test_what_lies_beyond_is_in_the_frame(self, name: str) -> None:
        """The rays around a patch meet a pixel of another one, of ER of the same one: no frame has a hole."""
        source = CASES[name].source
        for index, patch in enumerate(patches(source)):
            columns, rows = whole_pixels(patch, margin=3)
            around = np.ones(columns.shape, bool)
            around[3:-3, 3:-3] = False
            columns, rows = columns[around], rows[around]
            found = source_pixels(patch_rays(source, index, columns, rows), source)
            assert found.inside.all()
            is_elsewhere = np.hypot(found.columns - columns, found.rows - rows) > 10
            if source.layout.projection == "er":
                assert is_elsewhere.all()
            elif source.layout.projection == "cubemap":
                assert (found.patches != index).all()

    def test_around_a_panorama_lie_its_own_pixels(self) -> None:
        """Beyond the left edge the right one, beyond the top the opposite meridian: exactly pixel on pixel."""
        source = Source(SourceLayout("er"), 64, 32)
        columns = np.array([-1.0, 64.0, 10.0, 10.0, -2.0])
        rows = np.array([5.0, 5.0, -1.0, 32.0, -1.0])
        found = source_pixels(patch_rays(source, 0, columns, rows), source)
        assert found.columns == pytest.approx([63, 0, 42, 42, 30], abs=1e-6)
        assert found.rows == pytest.approx([5, 5, 0, 31, 0], abs=1e-6)
