"""Cutting views out of frames, by tables that are made once.

A target's pixels become rays once, the rays become pixels of the source once: one resampling, whatever the source.
"""

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import UsageError
from yt360_tools.geometry import Array
from yt360_tools.projection.antialias import NO_REDUCTION, plan_reduction
from yt360_tools.projection.canvas import plan_canvas
from yt360_tools.projection.continuation import within_patches
from yt360_tools.projection.pixel_types import check_pixel_type, readable, restored
from yt360_tools.projection.source import Source, SourcePixels, source_pixels
from yt360_tools.projection.tables import LONGEST, Image, Interpolation, interpolation_called, make_table
from yt360_tools.projection.views import view_rays
from yt360_tools.records import View

Frame = NDArray[np.uint8]

_KEPT_SAMPLERS = 12
"""Tables kept: two cubes' faces. A table has 6 bytes a pixel, and views that change with the clip never come again."""

_COUNTED_FROM = {"er": 2}
"""Places in a panorama are counted from 2 pixels beyond its corner: on that the last bit of stored bytes depends."""

_MOST_CHANNELS = 4
"""OpenCV interpolates between no more at a time."""


class Sampler:
    """Cuts one view, or several of one size, out of a source's frames, with a table that is made once.

    Args:
        view: a view, or a sequence of views of one size and of like openings; they share what is done to a frame.
        interpolation: ``nearest`` (for label maps), ``linear``, ``cubic`` or ``lanczos``; places count 32nds of a
            pixel. The kernels of the last two overshoot at edges; integers are held within their range.
        antialias: averages areas of the source before reading it, by as much as the views are coarser in the median
            (above some 100 degrees, and beside a pole, their middle still aliases). Nothing happens where a view is
            as fine as the source or finer, and labels are never averaged.
        fill: what a view shows where a cropped picture has nothing.

    Raises:
        UsageError: an unknown interpolation, views of different sizes, or a frame too large for a table.
    """

    def __init__(
        self,
        view: View | Sequence[View],
        source: Source,
        *,
        interpolation: str = "linear",
        antialias: bool = False,
        fill: float = 0,
    ) -> None:
        if max(source.height, source.width) > LONGEST:
            raise UsageError(f"a frame's sides may have {LONGEST} pixels; got {source.width} x {source.height}")
        self.shape = (source.height, source.width)
        self.fill = fill
        how = interpolation_called(interpolation)
        views = [view] if isinstance(view, View) else list(view)
        size = _one_size(views)
        self._seen = size if isinstance(view, View) else (len(views), *size)
        rays = view_rays(views[0])[None] if len(views) == 1 else np.stack([view_rays(one) for one in views])
        pixels = source_pixels(rays, source)
        self._mixes = how.name != "nearest"
        self._reduction = plan_reduction(pixels.columns, pixels.rows) if antialias and self._mixes else NO_REDUCTION
        is_plain = self._reduction == NO_REDUCTION
        self._outside = None if pixels.inside.all() else ~pixels.inside.reshape(self._seen)
        columns, rows = self._reduction.places(*_within_reach(pixels, source, how, is_plain=is_plain))
        counted_from = _COUNTED_FROM.get(source.layout.projection, 0) if is_plain else 0
        table = make_table(columns, rows, how, counted_from=counted_from)
        self._canvas, self._table = plan_canvas(table, pixels.patches, source, self._reduction)

    def __call__(self, frames: Image) -> Image:
        """The view of a frame, or of each of a batch, in the frames' own type.

        Args:
            frames: (height, width), (height, width, channels) or (frames, height, width, channels) of any real type,
                or labels; fast are uint8 pictures of up to 4 channels. A NaN spoils what is interpolated from it.

        Returns:
            (view height, view width), with the channels behind and the frames in front; between frames and height
            come the views, when there are several.

        Raises:
            UsageError: frames of another size, or no real numbers.
        """
        frames = np.asarray(frames)
        shape = frames.shape
        size = shape[1:3] if len(shape) == 4 else shape[:2]
        if size != self.shape or len(shape) > 4 or (len(shape) > 2 and not shape[-1]):
            raise UsageError(
                f"this table is for frames of {self.shape} (height, width), with channels or without, alone or "
                f"(frames, height, width, channels); got {shape}"
            )
        check_pixel_type(frames.dtype)
        if len(shape) < 4:
            return self._cut(frames)
        seen = [self._cut(frame) for frame in frames]
        return np.stack(seen) if seen else np.empty((0, *self._seen, shape[3]), frames.dtype)

    def _cut(self, frame: Image) -> Image:
        channels = frame.shape[2] if frame.ndim == 3 else 1
        if channels > _MOST_CHANNELS:
            parts = [
                self._cut(frame[..., first : first + _MOST_CHANNELS]) for first in range(0, channels, _MOST_CHANNELS)
            ]
            return np.concatenate(parts, axis=-1)
        image = self._canvas.of(readable(frame, mixed=self._mixes), self._reduction)
        seen = restored(self._table.read(image), frame.dtype, mixed=self._mixes)
        seen = seen.reshape(self._seen + frame.shape[2:])
        if self._outside is not None:
            seen[self._outside] = self.fill
        return seen


def _within_reach(
    pixels: SourcePixels, source: Source, interpolation: Interpolation, *, is_plain: bool
) -> tuple[Array, Array]:
    """Columns and rows where a frame, or what its patches are continued by, has something."""
    columns, rows = pixels.columns, pixels.rows
    # YouTube's border around EAC faces is their continuation, for as far as bilinear reading goes.
    stays = is_plain and interpolation.name == "linear" and source.layout.projection == "eac"
    if stays or interpolation.name == "nearest":
        return within_patches(columns, rows, pixels.patches, source)
    if pixels.inside.all():
        return columns, rows
    near = within_patches(columns, rows, pixels.patches, source)
    return np.where(pixels.inside, columns, near[0]), np.where(pixels.inside, rows, near[1])


def _one_size(views: Sequence[View]) -> tuple[int, int]:
    """Height and width of all the views."""
    sizes = {(view.height, view.width) for view in views}
    if len(sizes) != 1:
        raise UsageError(f"views that are cut together must be of one size; got {sorted(sizes)} (height, width)")
    return sizes.pop()


@functools.lru_cache(maxsize=_KEPT_SAMPLERS)
def sampler(
    view: View | tuple[View, ...],
    source: Source,
    *,
    interpolation: str = "linear",
    antialias: bool = False,
    fill: float = 0,
) -> Sampler:
    """The cached `Sampler` of a view for a source.

    Each process keeps its own few. To make a table of 448 x 448 pixels takes as long as to cut five frames with it
    (2.3 and 0.5 ms), to send it to another process 0.3 to 0.6 ms (a `Sampler` can be pickled): beside hundreds
    of frames neither is felt, so nothing is shared.
    """
    return Sampler(view, source, interpolation=interpolation, antialias=antialias, fill=fill)
