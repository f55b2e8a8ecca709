"""Making a sound field, turning it, and mirroring it."""

import numpy as np

from yt360_tools.ambisonics.channels import Sound, left_right_channels, sound_order
from yt360_tools.ambisonics.harmonics import channel_gains, check_unit
from yt360_tools.ambisonics.rotation import channel_matrix
from yt360_tools.errors import UsageError
from yt360_tools.geometry import Array, Direction


def encode(signal: Sound, ray: Array, order: int = 1) -> Sound:
    """A plane wave of `signal` (samples,) from the unit `ray` (3,): sound ((order + 1)^2, samples), order 0 to 7.

    A source that moves has a ray for every sample: (3, samples), of which the lengths are not checked: straight between
    two directions they are a little shorter than 1.
    """
    ray = np.asarray(ray)
    if ray.shape not in ((3,), (3, *np.shape(signal))):
        raise UsageError(f"a ray is (3,), or (3, samples) with one for each of {np.shape(signal)}; got {ray.shape}")
    if ray.ndim == 1:
        check_unit(ray)
    x, y, z = ray
    gains = channel_gains(x, y, z, order)
    return np.asarray(signal * (gains if ray.ndim > 1 else gains[:, None]))


def rotate(sound: Sound, rotation: Array | Direction) -> Sound:
    """The scene turned by `rotation` (3, 3): a source from v then comes from ``rotation @ v``.

    A `Direction` stands for its `view_from_world`, which takes it to the front. Sound of any order from 0 to 7.
    """
    order = sound_order(sound)
    matrix = channel_matrix(rotation, order=order).astype(sound.dtype)
    if order <= 1:
        return np.asarray(matrix @ sound)
    turned = np.empty_like(sound)
    for n in range(order + 1):
        of_degree = slice(n * n, (n + 1) ** 2)
        np.matmul(matrix[of_degree, of_degree], sound[of_degree], out=turned[of_degree])
    return turned


def mirror(sound: Sound) -> Sound:
    """The scene flipped left to right: channels with m < 0 (Y at first order) change their sign."""
    order = sound_order(sound)
    mirrored = sound.copy()
    mirrored[left_right_channels(order)] *= -1
    return mirrored
