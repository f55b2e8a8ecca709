"""Frames of any type and number of channels, alone or many: the same geometry, and the same type out."""

from typing import Any

import numpy as np
import pytest
from drawn_waves import panorama_rays, some_waves

from yt360_tools.errors import UsageError
from yt360_tools.geometry import Direction
from yt360_tools.projection import INTERPOLATIONS, Sampler, Source, viewport
from yt360_tools.records import SourceLayout

SOURCE = Source(SourceLayout("er"), 128, 64)
LOOKS = ((30.0, 10.0, 5.0), (178.0, -10.0, 20.0), (20.0, 80.0, 0.0))
"""Within the panorama, over its seam, over its pole."""

each_look = pytest.mark.parametrize("look", LOOKS, ids=("within", "seam", "pole"))


def cutting(look: tuple[float, float, float] = LOOKS[1], **options: Any) -> Sampler:
    return Sampler(viewport(Direction(*look), 80, 40, 30), SOURCE, **options)


class TestTypes:
    @each_look
    @pytest.mark.parametrize("antialias", [False, True])
    @pytest.mark.parametrize(
        "kind",
        ["u1", "i1", "u2", "i2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", ">i2", ">f4", "longdouble"],
    )
    def test_of_every_real_kind_show_the_same(
        self, kind: str, antialias: bool, look: tuple[float, float, float]
    ) -> None:
        frame = np.rint(some_waves().at(panorama_rays(128)) / 2)  # 0 to 127
        cut = cutting(look, antialias=antialias)
        seen = cut(frame.astype(kind))
        assert seen.dtype == np.dtype(kind)
        most = {"f": 0.07 if kind == "f2" else 1e-4}.get(seen.dtype.kind, 1.01 if antialias else 0.501)
        assert np.abs(seen.astype(float) - cut(frame)).max() <= most

    @each_look
    def test_true_and_false_are_cut_at_a_half(self, look: tuple[float, float, float]) -> None:
        frame = some_waves().at(panorama_rays(128)) > 127
        cut = cutting(look)
        seen = cut(frame)
        assert seen.dtype == bool
        assert (seen == (cut(frame.astype(float)) >= 0.5)).all()

    @pytest.mark.parametrize("kind", ["i1", "u1", "i2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "?"])
    @each_look
    def test_labels_are_copied_bit_by_bit(self, kind: str, look: tuple[float, float, float]) -> None:
        numbers = np.random.default_rng(0).bytes(64 * 128 * np.dtype(kind).itemsize)
        frame = np.frombuffer(numbers, kind if kind != "?" else "u1").reshape(64, 128)
        if kind == "?":
            frame = frame > 127
        places = cutting(look, interpolation="nearest")(np.arange(64 * 128).reshape(64, 128))
        seen = cutting(look, interpolation="nearest")(frame)
        assert seen.dtype == frame.dtype
        assert seen.tobytes() == frame.reshape(-1)[places].tobytes()

    @pytest.mark.parametrize("interpolation", ["cubic", "lanczos"])
    def test_integers_are_held_within_their_range(self, interpolation: str) -> None:
        frame = np.zeros((64, 128), np.int64)
        frame[:, np.arange(128) % 12 < 6] = 100
        cut = cutting(interpolation=interpolation)
        overshot = cut(frame.astype(float))
        assert overshot.max() > 100.5
        assert overshot.min() < -0.5
        top = np.iinfo(np.int64).max
        assert cut(np.where(frame, top, 0)).max() > top - 2048
        assert cut(frame.astype(np.uint16)).min() == 0
        assert cut(np.where(frame, 255, 0).astype(np.uint8)).max() == 255

    def test_a_hole_spoils_only_what_is_interpolated_from_it(self) -> None:
        frame = np.ones((64, 128), np.float32)
        frame[20, 60] = np.nan
        seen = cutting(LOOKS[0])(frame)
        assert 0 < np.isnan(seen).mean() < 0.02
        assert (seen[~np.isnan(seen)] == 1).all()

    @pytest.mark.parametrize("kind", ["c8", "c16", "O", "S3", "U3", "M8[s]"])
    def test_what_is_no_real_number_is_refused(self, kind: str) -> None:
        with pytest.raises(UsageError, match="real numbers or labels"):
            cutting()(np.zeros((64, 128), kind))


class TestShapes:
    @each_look
    @pytest.mark.parametrize("antialias", [False, True])
    @pytest.mark.parametrize("interpolation", INTERPOLATIONS)
    def test_each_channel_is_cut_as_if_alone(
        self, interpolation: str, antialias: bool, look: tuple[float, float, float]
    ) -> None:
        frame = np.random.default_rng(0).integers(0, 256, (64, 128, 9), np.uint8)
        cut = cutting(look, interpolation=interpolation, antialias=antialias)
        alone = np.stack([cut(frame[..., channel]) for channel in range(9)], axis=-1)
        assert alone.shape == (30, 40, 9)
        for channels in (1, 2, 3, 4, 5, 9):
            assert (cut(frame[..., :channels]) == alone[..., :channels]).all()

    @each_look
    def test_memory_may_lie_in_any_order(self, look: tuple[float, float, float]) -> None:
        frame = np.random.default_rng(0).integers(0, 256, (64, 128, 3), np.uint8)
        cut = cutting(look)
        wanted = cut(frame)
        assert (cut(np.asfortranarray(frame)) == wanted).all()
        assert (cut(frame[..., ::-1]) == wanted[..., ::-1]).all()
        assert (cut(frame[:, ::-1].copy()[:, ::-1]) == wanted).all()
        wide = np.zeros((64, 200, 3), np.uint8)
        wide[:, 30:158] = frame
        assert (cut(wide[:, 30:158]) == wanted).all()
        frame.flags.writeable = False
        assert (cut(frame) == wanted).all()

    def test_batches_are_cut_frame_by_frame(self) -> None:
        frames = np.random.default_rng(0).integers(0, 256, (3, 64, 128, 3), np.uint8)
        cut = cutting()
        seen = cut(frames)
        assert seen.shape == (3, 30, 40, 3)
        assert all((one == cut(frame)).all() for one, frame in zip(seen, frames, strict=True))
        assert cut(frames[:0]).shape == (0, 30, 40, 3)

    @pytest.mark.parametrize(
        "shape", [(128, 64), (64, 127), (128,), (), (3, 64, 128), (64, 128, 3, 1), (1, 1, 64, 128, 3), (64, 128, 0)]
    )
    def test_of_another_size_are_refused(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(UsageError, match=r"frames of \(64, 128\)") as refused:
            cutting()(np.zeros(shape, np.uint8))
        assert str(shape) in str(refused.value)

    def test_views_of_several_sizes_are_refused(self) -> None:
        views = [viewport(Direction(0), 80, side, 30) for side in (40, 41)]
        with pytest.raises(UsageError, match="one size"):
            Sampler(views, SOURCE)
        with pytest.raises(UsageError, match="one size"):
            Sampler([], SOURCE)

    def test_an_unknown_interpolation_is_refused(self) -> None:
        with pytest.raises(UsageError, match=r"'bilinear'.*nearest, linear, cubic, lanczos"):
            cutting(interpolation="bilinear")

    def test_a_frame_too_large_for_a_table_is_refused(self) -> None:
        with pytest.raises(UsageError, match="40000 x 20000"):
            Sampler(viewport(Direction(0), 80, 8, 8), Source(SourceLayout("er"), 40000, 20000))

    def test_a_view_of_many_pixels_is_cut_whole(self) -> None:
        """More than a line of a table holds, and no number that divides evenly."""
        view = viewport(Direction(12, 3), 80, 211, 307)
        frame = np.random.default_rng(0).integers(0, 256, (64, 128), np.uint8)
        seen = Sampler(view, SOURCE)(frame)
        assert seen.shape == (307, 211)
        few = Sampler([view, view], SOURCE)(frame)
        assert (few == seen).all()
