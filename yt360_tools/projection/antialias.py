"""Less than all of a frame's pixels without aliasing: areas are averaged before a coarser view reads it."""

from dataclasses import dataclass

import numpy as np

from yt360_tools.geometry import Array
from yt360_tools.projection.tables import Image

_MOST_PIXELS = 4.4
"""Source pixels a target pixel, each way, up to which a blur of 3 pixels is enough."""

_FEWEST_ROWS = 1.4
"""Reduced rows a target pixel that must remain when more are given up than its columns ask for, for speed."""


@dataclass(frozen=True)
class Reduction:
    """How a frame is made coarser.

    Attributes:
        row_step: of so many rows one is taken.
        halvings: how often squares of 2 x 2 pixels become their mean.
        more_halvings: how often two neighbours along a row, and along a column, become their mean.
        blur: the weight of either neighbour along rows and along columns in the last step, 0 to 1/3.
    """

    row_step: int = 1
    halvings: int = 0
    more_halvings: tuple[int, int] = (0, 0)
    blur: tuple[float, float] = (0.0, 0.0)

    @property
    def step(self) -> tuple[int, int]:
        """Columns and rows of the frame that become one."""
        across, down = self.more_halvings
        return 2 ** (self.halvings + across), self.row_step * 2 ** (self.halvings + down)

    @property
    def margin(self) -> int:
        """How many pixels beyond those that are read must be right."""
        return int(any(self.blur))

    def places(self, columns: Array, rows: Array) -> tuple[Array, Array]:
        """Where places in the frame lie in what becomes of it (pixel centres at whole numbers)."""
        if self.step == (1, 1):
            return columns, rows
        across, down = self.step
        halved_down = down // self.row_step
        return (columns + 0.5) / across - 0.5, (rows / self.row_step + 0.5) / halved_down - 0.5

    def shrunk(self, image: Image) -> Image:
        """The image, of sides that `step` divides, with fewer pixels; not yet blurred."""
        if self is NO_REDUCTION:
            return image
        import cv2

        image = image[:: self.row_step]
        for _ in range(self.halvings):
            size = image.shape[1] // 2, image.shape[0] // 2
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        across, down = self.more_halvings
        for along in [(2, 1)] * across + [(1, 2)] * down:
            size = image.shape[1] // along[0], image.shape[0] // along[1]
            image = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)  # between two pixels: their mean
        return image

    def blurred(self, image: Image) -> Image:
        """What was shrunk, after the last step."""
        return _blurred(image, *self.blur) if any(self.blur) else image


NO_REDUCTION = Reduction()


def plan_reduction(columns: Array, rows: Array) -> Reduction:
    """What keeps views whose pixels (views, height, width) lie at these places of a frame from aliasing.

    It is one for all their pixels, fit for the median. A pinhole view's pixels are 1 / cos^2 as coarse in its middle as
    towards its edge, so above some 100 degrees the middle still aliases, and so it does beside a pole.
    """
    across, down = minification(columns, rows)
    halve_x, halve_y = (max(0, int(np.ceil(np.log2(max(of, 1.0) / _MOST_PIXELS)))) for of in (across, down))
    if halve_x > halve_y and down / 2**halve_x > _FEWEST_ROWS:
        halve_y = halve_x  # squares are halved many times as fast as rows alone
    row_step = 2 if halve_y and down / 2**halve_y > 2 * _FEWEST_ROWS else 1
    both = min(halve_x, halve_y)
    found = Reduction(
        row_step=row_step,
        halvings=both,
        more_halvings=(halve_x - both, halve_y - both),
        blur=_blur(across / 2**halve_x, down / 2**halve_y / row_step, gives_up_rows=bool(halve_y)),
    )
    return NO_REDUCTION if found == NO_REDUCTION else found


def minification(columns: Array, rows: Array) -> tuple[float, float]:
    """How many columns and rows of a frame a pixel of the views (views, height, width) spans, in the median."""
    if min(columns.shape[1:]) < 2:
        return 1.0, 1.0
    spans = []
    for places in (columns, rows):
        along, down = np.diff(places, axis=2)[:, :-1], np.diff(places, axis=1)[:, :, :-1]
        spans.append(float(np.median(np.hypot(along, down))))
    return spans[0], spans[1]


def _blur(across: float, down: float, *, gives_up_rows: bool) -> tuple[float, float]:
    """The blur for a view whose pixels span so many.

    The variance of what a target pixel sees should be that of its own width: a source pixel's (1/12), interpolation's
    (1/6) and the blur's (twice the weight) together d^2 / 12; but many a source is sharper than its pixels, so a
    little more. Weights that OpenCV has fast filters for are preferred where they are near enough.
    """
    x, y = (min(max(d**2 / 24 - 0.03, 0.0), 1 / 3) for d in (across, down))
    if gives_up_rows and x > 0.25 and y < 0.12:
        return 1 / 3, 0.0
    if min(x, y) > 0.18:
        return (1 / 3, 1 / 3) if x + y > 0.58 else (0.25, 0.25)
    return (x, y) if max(x, y) > 0.02 else (0.0, 0.0)


def _blurred(image: Image, x: float, y: float) -> Image:
    import cv2

    if x == 1 / 3 and y in (0, 1 / 3):
        return cv2.blur(image, (3, 3 if y else 1))
    if x == y == 0.25:
        return cv2.GaussianBlur(image, (3, 3), 0)
    along, down = (np.array([b, 1 - 2 * b, b], np.float32) for b in (x, y))
    return cv2.sepFilter2D(image, -1, along, down)
