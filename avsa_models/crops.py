"""Views cut out of panoramas inside a net: `views.cut_crops` in torch, on any device, with gradients.

For GPUs: on one thread of a CPU, 4 views of 8 frames at 112 x 112 take ten times as long as by tables (40 and 4 ms).
Places are exact where tables count 32nds of a pixel, and nothing is rounded to whole grey levels on the way: against
`yt360_tools.projection.Sampler` on frames of floats a crop is displaced by at most 1/64 pixel across and down, and
against `views.cut_crops`, which rounds up to three times, it differs by at most 2 more grey levels of 255.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from avsa_models.views import Viewpoint, level_for
from yt360_tools.errors import UsageError, nearest
from yt360_tools.records import View

_MODES = {"nearest": "nearest", "linear": "bilinear", "cubic": "bicubic"}
"""How torch calls the interpolations."""

_MARGIN = {"nearest": 0, "linear": 1, "cubic": 2}
"""Pixels that an interpolation reads beyond a panorama's edge."""


def cut_crops(frames: Tensor, viewpoints: Sequence[Sequence[Viewpoint]]) -> Tensor:
    """The crops (batch, views, time, 3, height, width) of panoramas (batch, time, 3, height, width), 0 to 255.

    As `views.cut_crops` makes them: from a scaled panorama where a view is coarser, coloured, flipped if mirrored.

    Args:
        viewpoints: a panorama's views, as many for each, all of one size.

    Raises:
        UsageError: frames or views of another shape.
    """
    views = [[one.view for one in row] for row in viewpoints]
    mirrored = torch.tensor([[one.mirrored for one in row] for row in viewpoints])
    crops = cut_views(frames, views, mirrored=mirrored, antialias=True)
    colours = torch.as_tensor(np.array([[one.colour for one in row] for row in viewpoints])).to(crops)
    mixed = torch.einsum("bvij,bvtjyx->bvtiyx", colours[..., :3], crops)
    return (mixed + colours[:, :, None, :, 3, None, None]).clamp(0, 255)


def cut_views(
    frames: Tensor,
    views: Sequence[Sequence[View]],
    *,
    mirrored: Tensor | None = None,
    interpolation: str = "linear",
    antialias: bool = False,
) -> Tensor:
    """Views (batch, views, ..., height, width) of equirectangular panoramas (batch, ..., height, width).

    Differentiable in the frames. Interpolation wraps at the seam and crosses the poles.

    Args:
        frames: of a floating type, twice as wide as high or stretched; an even number of columns.
        views: a panorama's viewports, as many for each, all of one size.
        mirrored: (batch, views), which views are flipped left to right.
        interpolation: ``nearest``, ``linear`` or ``cubic``.
        antialias: cuts a view that is coarser than the panorama from a scaled one, each pixel an area's mean;
            labels (``nearest``) are never averaged.

    Raises:
        UsageError: frames or views of another shape, or an unknown interpolation.
    """
    if interpolation not in _MODES:
        known = ", ".join(_MODES)
        raise UsageError(f"unknown interpolation {interpolation!r}{nearest(interpolation, _MODES)}; known: {known}")
    size, count = _one_size(frames, views)
    batch, height, width = len(frames), *frames.shape[-2:]
    margin = _MARGIN[interpolation]
    scaled = antialias and interpolation != "nearest"
    wanted = [[level_for(view, width, height) if scaled else (width, height) for view in row] for row in views]
    exact = frames if frames.dtype == torch.float64 else frames.float()  # half precision tells no places
    atlas = _Atlas.of(exact.reshape(batch, -1, height, width), sorted({one for row in wanted for one in row}), margin)
    sizes = torch.tensor(wanted, device=frames.device)
    tops = torch.tensor([[atlas.tops[atlas.levels.index(one)] for one in row] for row in wanted], device=frames.device)
    columns, rows = _places(views, sizes)
    if mirrored is not None:
        flips = mirrored.to(frames.device)[..., None, None]
        columns, rows = (torch.where(flips, at.flip(-1), at) for at in (columns, rows))
    rows = rows + tops[..., None, None]
    grid = torch.stack([atlas.share(columns + margin, -1), atlas.share(rows + margin, -2)], dim=-1)
    seen = functional.grid_sample(
        atlas.picture,
        grid.reshape(batch, count * size[0], size[1], 2).to(exact),
        mode=_MODES[interpolation],
        padding_mode="border",
        align_corners=False,
    )
    seen = seen.reshape(batch, -1, count, *size).transpose(1, 2)
    return seen.reshape(batch, count, *frames.shape[1:-2], *size).to(frames.dtype)


@dataclass(frozen=True)
class _Atlas:
    """A panorama at some sizes, one below the other, each with a margin of what lies beyond its edges.

    Attributes:
        picture: (batch, channels, rows, columns).
        levels: width and height of each size.
        tops: the row at which each begins, with its margin.
    """

    picture: Tensor
    levels: list[tuple[int, int]]
    tops: list[int]

    @classmethod
    def of(cls, frames: Tensor, levels: list[tuple[int, int]], margin: int) -> "_Atlas":
        pictures = [_continued(_scaled(frames, *level), margin) for level in levels]
        widest = max(picture.shape[-1] for picture in pictures)
        sheets = [functional.pad(picture, (0, widest - picture.shape[-1])) for picture in pictures]
        heights = [picture.shape[-2] for picture in pictures]
        return cls(torch.cat(sheets, dim=-2), levels, [sum(heights[:index]) for index in range(len(heights))])

    def share(self, places: Tensor, dim: int) -> Tensor:
        """Pixel places along a dimension as `grid_sample` counts them, -1 to 1 from edge to edge."""
        return (2 * places + 1) / self.picture.shape[dim] - 1


def _one_size(frames: Tensor, views: Sequence[Sequence[View]]) -> tuple[tuple[int, int], int]:
    """The views' height and width, and how many each panorama has."""
    if frames.ndim < 3 or not frames.is_floating_point() or frames.shape[-1] % 2:
        raise UsageError(
            "panoramas are (batch, ..., height, width) of a floating type with an even width; "
            f"got {tuple(frames.shape)} of {frames.dtype}"
        )
    counts, every = {len(row) for row in views}, [view for row in views for view in row]
    sizes = {(view.height, view.width) for view in every}
    kinds = {view.projection for view in every}
    if len(views) != len(frames) or len(counts) != 1 or len(sizes) != 1 or kinds != {"viewport"}:
        raise UsageError(
            f"{len(frames)} panoramas need as many rows of viewports, equally long and all of one size; got "
            f"{len(views)} rows of {sorted(counts)}, sizes {sorted(sizes)}, {', '.join(sorted(kinds)) or 'none'}"
        )
    return sizes.pop(), counts.pop()


def _places(views: Sequence[Sequence[View]], sizes: Tensor) -> tuple[Tensor, Tensor]:
    """Columns and rows (batch, views, height, width) of the views' pixels in panoramas of `sizes` (batch, views, 2)."""
    device = sizes.device
    turns = np.array([[view.direction.view_from_world for view in row] for row in views])
    openings = np.array([[(view.hfov_deg, view.vfov_deg) for view in row] for row in views])
    spans = np.tan(np.radians(openings) / 2)[..., None]
    left, up = (
        torch.as_tensor(spans[:, :, index] * (1 - 2 * (np.arange(pixels) + 0.5) / pixels)).to(device, torch.float32)
        for index, pixels in enumerate((views[0][0].width, views[0][0].height))
    )
    axes = torch.as_tensor(turns).to(device, torch.float32)
    ahead, to_left, to_up = axes[..., None, None].unbind(2)
    rays = ahead + to_left * left[:, :, None, None, :] + to_up * up[:, :, None, :, None]
    x, y, z = rays.unbind(2)
    width, height = sizes[..., None, None].unbind(2)
    columns = (0.5 - torch.atan2(y, x) / (2 * math.pi)) * width - 0.5
    rows = (0.5 - torch.atan2(z, torch.hypot(x, y)) / math.pi) * height - 0.5
    return columns, rows


def _continued(frames: Tensor, margin: int) -> Tensor:
    """Panoramas (batch, channels, height, width) with a margin: around the seam, and across the poles."""
    if not margin:
        return frames
    opposite = frames.roll(frames.shape[-1] // 2, dims=-1)
    above, below = opposite[..., :margin, :].flip(-2), opposite[..., -margin:, :].flip(-2)
    return functional.pad(torch.cat([above, frames, below], dim=-2), (margin, margin, 0, 0), mode="circular")


def _scaled(frames: Tensor, width: int, height: int) -> Tensor:
    """Panoramas (batch, channels, height, width) at a smaller size, each pixel the mean of its area."""
    was_height, was_width = frames.shape[-2:]
    if (was_width, was_height) == (width, height):
        return frames
    if was_width % width == was_height % height == 0:
        return functional.avg_pool2d(frames, (was_height // height, was_width // width))
    along, down = (_areas(was, now).to(frames) for was, now in ((was_width, width), (was_height, height)))
    return down @ frames @ along.T


def _areas(was: int, now: int) -> Tensor:
    """What each of `was` pixels in a row contributes to each of `now` (now, was): the share of it that is covered."""
    edges = torch.arange(now + 1, dtype=torch.float64) * was / now
    first, last = edges[:-1, None], edges[1:, None]
    pixels = torch.arange(was, dtype=torch.float64)
    return (torch.minimum(last, pixels + 1) - torch.maximum(first, pixels)).clamp(min=0) * now / was
