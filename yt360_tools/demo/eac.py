"""The equi-angular cube as YouTube serves it, drawn here on its own: not the reader's tables.

Three faces by two. The top row is left, front, right, upright. The bottom row is down, back, up, turned
by -90°, +90° and -90° (clockwise positive), so that the picture runs on across each row. Inside a face the
angle, not its tangent, grows evenly. A border of two pixels lies at the frame's left and right edges and at
each row's top and bottom; in it the outer faces run on.
"""

import numpy as np

from yt360_tools.geometry import Array

BORDER = 2

# Face by face: where its middle looks, which way its picture's right edge lies, and its picture's top.
_FACES: tuple[tuple[tuple[tuple[int, int, int], ...], ...], ...] = (
    (
        ((0, 1, 0), (1, 0, 0), (0, 0, 1)),
        ((1, 0, 0), (0, -1, 0), (0, 0, 1)),
        ((0, -1, 0), (-1, 0, 0), (0, 0, 1)),
    ),
    (
        # Upright, down has front on top and right at its right; turned by -90° its right edge is on top.
        ((0, 0, -1), (-1, 0, 0), (0, -1, 0)),
        # Upright, back has up on top and left at its right; turned by +90° its top edge is at the right.
        ((-1, 0, 0), (0, 0, 1), (0, -1, 0)),
        # Upright, up has back on top and right at its right; turned by -90° its right edge is on top.
        ((0, 0, 1), (1, 0, 0), (0, -1, 0)),
    ),
)


def eac_rays(width: int, height: int, border: int = BORDER) -> Array:
    """Unit rays (height, width, 3) of the pixel centres of an EAC frame."""
    across = (np.arange(width) + 0.5 - border) / (width - 2 * border) * 3
    half = height // 2
    down = (np.arange(half) + 0.5 - border) / (half - 2 * border)
    column = np.clip(np.floor(across), 0, 2).astype(int)
    to_right = np.tan((across - column - 0.5) * np.pi / 2)[None, :, None]
    to_top = np.tan((0.5 - down) * np.pi / 2)[:, None, None]
    rows = []
    for faces in _FACES:
        middle, right, top = np.asarray(faces, float)[column].transpose(1, 0, 2)[:, None]
        rows.append(middle + to_right * right + to_top * top)
    rays = np.concatenate(rows)
    return np.asarray(rays / np.linalg.norm(rays, axis=-1, keepdims=True))
