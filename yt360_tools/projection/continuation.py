"""What lies on the sphere beyond the edges of a frame's patches, as pixels of the same frame."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from yt360_tools.geometry import Array
from yt360_tools.projection.rectangles import Rectangle
from yt360_tools.projection.source import Patch, Source, patch_rays, patches, source_pixels
from yt360_tools.projection.tables import INTERPOLATIONS, Table, make_table


def rectangle_of(patch: Patch) -> Rectangle:
    """A patch's pixels in the frame."""
    return Rectangle(patch.left, patch.top, patch.left + patch.width, patch.top + patch.height)


def within_patches(columns: Array, rows: Array, patch_of: NDArray[np.intp], source: Source) -> tuple[Array, Array]:
    """Places moved to the nearest pixel of their patch where they lie outside."""
    homes = [rectangle_of(patch) for patch in patches(source)]
    edges = np.array([(home.left, home.right - 1, home.top, home.bottom - 1) for home in homes])
    left, right, top, bottom = (edges[:, index][patch_of] for index in range(4))
    return np.clip(columns, left, right), np.clip(rows, top, bottom)


def neighbours(lacking: Sequence[tuple[int, Rectangle]], source: Source) -> Table:
    """The table of what lies in rectangles that go on from patches beyond their edges, one after the other.

    A cropped picture goes on with its last pixels.
    """
    columns, rows, owners = [], [], []
    for patch, part in lacking:
        at = np.meshgrid(np.arange(part.left, part.right, dtype=float), np.arange(part.top, part.bottom, dtype=float))
        columns.append(at[0].ravel())
        rows.append(at[1].ravel())
        owners.append(np.full(at[0].size, patch))
    column, row, owner = np.concatenate(columns), np.concatenate(rows), np.concatenate(owners)
    if is_globe_of_whole_pixels(source):
        return make_table(*_around_the_globe(column, row, patches(source)[0]), INTERPOLATIONS["linear"])
    rays = np.empty((column.size, 3))
    for patch in {patch for patch, _ in lacking}:
        here = owner == patch
        rays[here] = patch_rays(source, patch, column[here], row[here])
    found = source_pixels(rays, source)
    column, row = np.where(found.inside, found.columns, column), np.where(found.inside, found.rows, row)
    owner = np.where(found.inside, found.patches, owner)
    return make_table(*within_patches(column, row, owner, source), INTERPOLATIONS["linear"])


def is_globe_of_whole_pixels(source: Source) -> bool:
    """Whether beyond a panorama's edges whole pixels lie on whole pixels."""
    home = patches(source)[0]
    across = 2 if source.layout.stereo in ("left-right", "right-left") else 1
    down = 2 if source.layout.stereo in ("top-bottom", "bottom-top") else 1
    return (
        source.layout.projection == "er"
        and not any(source.layout.bounds)
        and (home.width * across, home.height * down) == (source.width, source.height)
        and home.width % 2 == 0
    )


def once_around(part: Rectangle, home: Rectangle) -> Rectangle | None:
    """Where in a panorama a part lies that is beside it, if all of it is."""
    for moved in (part.moved(-home.width, 0), part.moved(home.width, 0)):
        if moved.is_within(home):
            return moved
    return None


def _around_the_globe(columns: Array, rows: Array, home: Patch) -> tuple[Array, Array]:
    """What `patch_rays` and `source_pixels` find for whole pixels of a panorama, without going by the sphere."""
    row = (rows - home.top) % (2 * home.height)
    over_a_pole = row >= home.height
    row = np.where(over_a_pole, 2 * home.height - 1 - row, row)
    column = (columns - home.left + over_a_pole * (home.width // 2)) % home.width
    return column + home.left, row + home.top
