"""What turning a scene does to its channels: the real spherical harmonics' rotation matrices."""

from functools import lru_cache
from math import isfinite

import numpy as np

from yt360_tools.ambisonics.channels import channel_degrees, channels_of, left_right_channels
from yt360_tools.ambisonics.harmonics import channel_gains
from yt360_tools.errors import UsageError
from yt360_tools.geometry import Array, Direction

_TOLERANCE = 1e-5


def rotation_matrix(rotation: Array | Direction, order: int) -> Array:
    """The matrix ((order + 1)^2, (order + 1)^2) that turns a scene of `order`, 0 to 7, by `rotation` (3, 3).

    A source from v then comes from ``rotation @ v``; a `Direction` stands for its `view_from_world`. Blocks of
    (2n + 1, 2n + 1) along the diagonal, each orthogonal, and the same in SN3D, N3D and orthonormal scaling, which
    differ by one factor a degree. The block of first order is `rotation` itself, in the order y, z, x.

    Block n is ``(2n + 1) mean over the sphere of Y_n(rotation u) Y_n(u)^T``, since the harmonics of one degree turn
    among themselves and are orthogonal. The mean is exact as a sum: the integrand is a polynomial of degree 2n,
    for which Gauss' nodes in z and equal steps in azimuth serve (Atkinson & Han, "Spherical Harmonics and
    Approximations on the Unit Sphere", 2012, section 5.1).
    """
    turn = as_rotation(rotation)
    if order == 1:
        return _first_order(turn)
    matrix = np.eye(channels_of(order))
    if order >= 2:
        matrix[:4, :4] = _first_order(turn)
        nodes, weighted = _nodes(order)
        x, y, z = turn @ nodes
        turned = channel_gains(x, y, z, order)
        for n in range(2, order + 1):
            of_degree = slice(n * n, (n + 1) ** 2)
            matrix[of_degree, of_degree] = turned[of_degree] @ weighted[of_degree].T
    return matrix


def _first_order(turn: Array) -> Array:
    """`turn` (3, 3) of x, y, z as a matrix (4, 4) of W, Y, Z, X."""
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = turn.tolist()
    return np.array([[1.0, 0.0, 0.0, 0.0], [0.0, yy, yz, yx], [0.0, zy, zz, zx], [0.0, xy, xz, xx]])


def channel_matrix(rotation: Array | Direction, *, mirrored: bool = False, order: int = 1) -> Array:
    """What turning a scene by `rotation` (3, 3), then flipping it left to right if `mirrored`, does to its channels.

    A matrix ((order + 1)^2, (order + 1)^2), so (4, 4) for W, Y, Z, X, for sound (channels, samples), or for
    anything linear in it, such as spectra.
    """
    matrix = rotation_matrix(rotation, order)
    if mirrored:
        matrix[left_right_channels(order)] *= -1
    return matrix


def as_rotation(rotation: Array | Direction) -> Array:
    """`rotation` as a matrix (3, 3), refused unless it is a proper one: orthonormal, determinant +1.

    In plain numbers: this is called for every view of every training sample, and numpy would take longer to start.
    """
    if isinstance(rotation, Direction):
        rotation = rotation.view_from_world
    rotation = np.asarray(rotation, np.float64)
    if rotation.shape != (3, 3):
        raise UsageError(f"a rotation is a matrix (3, 3) or a Direction; got the shape {rotation.shape}")
    (a, b, c), (d, e, f), (g, h, i) = rotation.tolist()
    # The third row of a proper rotation is the cross product of the others: that, and their lengths, is all.
    errors = (
        a * a + b * b + c * c - 1, d * d + e * e + f * f - 1, a * d + b * e + c * f,
        b * f - c * e - g, c * d - a * f - h, a * e - b * d - i,
    )  # fmt: skip
    worst = max(abs(error) if isfinite(error) else float("inf") for error in errors)
    if worst > _TOLERANCE:
        raise UsageError(f"{_fault(rotation)}; a rotation is orthonormal with determinant +1; got {rotation.tolist()}")
    return rotation


def _fault(matrix: Array) -> str:
    """Why `matrix` (3, 3) is no proper rotation."""
    if not np.isfinite(matrix).all():
        return "the rotation has numbers that are not finite"
    if np.abs(matrix @ matrix.T - np.eye(3)).max() > _TOLERANCE:
        return "the rotation is not orthonormal"
    return "the rotation mirrors (determinant -1); turn first, then use `mirror`"


@lru_cache(maxsize=8)
def _nodes(order: int) -> tuple[Array, Array]:
    """Nodes (3, k), and their harmonics times their weights and 2n + 1, (channels, k), for a mean up to `order`."""
    heights, weights = np.polynomial.legendre.leggauss(order + 1)
    steps = 2 * order + 1
    azimuth = 2 * np.pi * np.arange(steps) / steps
    flat = np.sqrt(1 - heights**2)[:, None]
    x, y = (flat * np.cos(azimuth)).ravel(), (flat * np.sin(azimuth)).ravel()
    z = np.repeat(heights, steps)
    share = np.repeat(weights / 2 / steps, steps)
    return np.stack([x, y, z]), channel_gains(x, y, z, order) * share * (2 * channel_degrees(order)[:, None] + 1)
