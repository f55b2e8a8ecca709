"""Turning the sound beside a turned picture, also while it sounds; and a beam of it."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from yt360_tools.ambisonics import BEAM_PATTERNS, beam, channel_matrix, order_of
from yt360_tools.errors import UsageError, nearest
from yt360_tools.geometry import Array

Samples = NDArray[np.float32]
Rotations = Callable[[Array], NDArray[np.float64]]
"""From times (n,) in seconds, counted from the sound's first sample, to rotations (n, 3, 3)."""

_STEP_S = 0.01
"""How often a moving direction is asked for; in between, the two turned sounds are faded into each other."""


def check_beam(pattern: str) -> None:
    """Refuse a pattern that no beam has."""
    if pattern not in BEAM_PATTERNS:
        raise UsageError(
            f"unknown beam pattern {pattern!r}{nearest(pattern, BEAM_PATTERNS)}; known: " + ", ".join(BEAM_PATTERNS)
        )


def turned(blocks: Iterable[Samples], rotation: Array) -> Iterator[Samples]:
    """Sound ((N + 1)^2, samples) in blocks, its scene turned by `rotation` (3, 3)."""
    matrix: NDArray[np.float32] | None = None
    for block in blocks:
        if matrix is None:
            matrix = channel_matrix(rotation, order=order_of(block.shape[0])).astype(np.float32)
        yield matrix @ block


def turned_along(blocks: Iterable[Samples], rotations: Rotations, sample_rate_hz: int) -> Iterator[Samples]:
    """As `turned`, by a rotation that changes while it sounds.

    Every 10 ms the rotation is the asked one, and between two of these moments the sound turned by the one fades into
    the sound turned by the other, sample by sample: nothing jumps, so nothing clicks, and a cut takes 10 ms.
    At 100 degrees a second a step is one degree, and fading strays from turning by less than 0.01 % of a channel.
    """
    step = max(1, round(_STEP_S * sample_rate_hz))
    fade = (np.arange(step, dtype=np.float32) / np.float32(step))[None, None, :]
    done = 0
    before: NDArray[np.float32] | None = None
    for block in _in_steps(blocks, step):
        steps = -(-block.shape[1] // step)
        order = order_of(block.shape[0])
        times = (done + step * np.arange(steps + 1)) / sample_rate_hz
        wanted = rotations(times if before is None else times[1:])
        new = np.stack([channel_matrix(rotation, order=order) for rotation in wanted]).astype(np.float32)
        matrices = new if before is None else np.concatenate([before[None], new])
        before = matrices[-1]
        padded = np.pad(block, ((0, 0), (0, steps * step - block.shape[1])))
        cut = padded.reshape(block.shape[0], steps, step).transpose(1, 0, 2)
        mixed = (1 - fade) * (matrices[:-1] @ cut) + fade * (matrices[1:] @ cut)
        done += block.shape[1]
        yield np.ascontiguousarray(mixed.transpose(1, 0, 2).reshape(block.shape[0], -1)[:, : block.shape[1]])


def _in_steps(blocks: Iterable[Samples], step: int) -> Iterator[Samples]:
    """The same samples in blocks of whole steps; the last one may end within a step."""
    rest: Samples | None = None
    for block in blocks:
        joined = block if rest is None else np.concatenate([rest, block], axis=1)
        whole = joined.shape[1] // step * step
        if whole:
            yield joined[:, :whole]
        rest = joined[:, whole:]
    if rest is not None and rest.shape[1]:
        yield rest


def beamed(blocks: Iterable[Samples], pattern: str) -> Iterator[Samples]:
    """One channel (1, samples): what a microphone along the front hears."""
    front = np.array([1.0, 0.0, 0.0])
    for block in blocks:
        yield np.asarray(beam(block, front, pattern), np.float32)[None]


def silence(channels: int, samples: int) -> Iterator[Samples]:
    """Silent blocks, so many samples in all."""
    most = 1 << 16
    for first in range(0, samples, most):
        yield np.zeros((channels, min(most, samples - first)), np.float32)
