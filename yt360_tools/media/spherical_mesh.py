"""The sphere of an equi-angular cubemap as a mesh: the one way to say in a header how such a picture lies.

A player draws the video onto the mesh and knows nothing of faces. Mesh Projection Box in
https://github.com/google/spatial-media/blob/master/docs/spherical-video-v2-rfc.md
"""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from yt360_tools.media.spherical_boxes import PictureLabel, box, packed_bits
from yt360_tools.projection import EAC_BORDER_PX, EAC_FACES, parse_faces
from yt360_tools.projection.faces import FaceFrame, face_position_rays

_CELLS = 16
"""Squares along a face's side: straight inside, they stray from the equal angles by less than 0.05 degrees."""


def eac_label(width: int, height: int, border_px: float = EAC_BORDER_PX) -> PictureLabel:
    """A whole equi-angular cubemap as YouTube lays it, of a frame of `width` x `height` pixels."""
    vertices = eac_vertices(width, height, border_px)
    coded = _deflated(box(b"mesh", _mesh(vertices, _triangles())))
    return PictureLabel(b"mshp", struct.pack(">II", 0, zlib.crc32(coded)) + coded)


def eac_vertices(width: int, height: int, border_px: float) -> NDArray[np.float32]:
    """A grid of vertices a face, (faces * 17 * 17, 5): x right, y up, z backward; u right, v up, each from 0 to 1."""
    frame = FaceFrame(parse_faces(EAC_FACES), width, height, equi_angular=True, border_px=(border_px, border_px))
    share = np.arange(_CELLS + 1) / _CELLS
    cell_width, cell_height = frame.cell_size
    parts = []
    for cell in range(6):
        cell_row, cell_column = divmod(cell, frame.grid.columns)
        left = border_px + cell_column * cell_width
        top = border_px + cell_row * (height / frame.grid.rows)
        edge_x, edge_y = np.meshgrid(left + share * cell_width, top + share * cell_height)
        rays = face_position_rays(edge_x - 0.5, edge_y - 0.5, cell, frame)
        rays = np.round(rays / np.abs(rays).max(axis=-1, keepdims=True), 6)
        place = np.stack([-rays[..., 1], rays[..., 2], -rays[..., 0]], axis=-1)
        texture = np.stack([edge_x / width, 1 - edge_y / height], axis=-1)
        parts.append(np.concatenate([place, texture], axis=-1).reshape(-1, 5))
    return (np.concatenate(parts) + 0.0).astype(np.float32)


def _triangles() -> NDArray[np.int64]:
    """Two triangles a square, counter-clockwise as seen from the middle of the sphere: indices (n,)."""
    side = _CELLS + 1
    row, column = np.mgrid[:_CELLS, :_CELLS]
    first = (row * side + column).ravel()
    square = np.stack([first, first + side, first + 1, first + 1, first + side, first + side + 1], axis=1)
    return np.asarray((square[None] + side * side * np.arange(6)[:, None, None]).ravel())


def _mesh(vertices: NDArray[np.float32], triangles: NDArray[np.int64]) -> bytes:
    coordinates, places = np.unique(vertices, return_inverse=True)
    steps = np.diff(places.reshape(vertices.shape), axis=0, prepend=0)
    turns = np.diff(triangles, prepend=0)
    return b"".join(
        [
            struct.pack(">I", len(coordinates)) + coordinates.astype(">f4").tobytes(),
            struct.pack(">I", len(vertices)) + _zigzag(steps, len(coordinates)),
            struct.pack(">IBBI", 1, 0, 0, len(triangles)) + _zigzag(turns, len(vertices)),
        ]
    )


def _zigzag(steps: NDArray[np.int64], count: int) -> bytes:
    """Steps between indices below `count`, each in as many bits as twice of it needs."""
    bits = (2 * count - 1).bit_length()
    return packed_bits([(2 * step if step >= 0 else -2 * step - 1, bits) for step in steps.ravel().tolist()])


def _deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return b"dfl8" + packer.compress(data) + packer.flush()
