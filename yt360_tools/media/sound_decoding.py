"""The sound of a file decoded from front to back, its channels as they are."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import MediaError
from yt360_tools.media.containers import foreign_errors, opened, start_of
from yt360_tools.media.kept_layouts import decoded_sound

Samples = NDArray[np.float32]

_PLANE_TYPES = {"u8p": "u1", "s16p": "i2", "s32p": "i4", "s64p": "i8", "fltp": "f4", "dblp": "f8"}


def decoded_blocks(
    path: Path, seek_s: float | None, channel_map: Sequence[int]
) -> Iterator[tuple[float, Samples, int]]:
    """(time of the first sample, float32 samples of the mapped channels, rate) of each decoded frame."""
    import av

    with (
        opened(path, "audio") as (container, stream),
        foreign_errors(path, "unreadable_sound", "decoding its sound"),
    ):
        stream.codec_context.thread_count = 1
        if seek_s is not None and seek_s > start_of(stream):
            try:
                # In MPEG-TS only the first packet tells an AAC track's channels.
                next(decoded_sound(container, stream), None)
                container.seek(int(seek_s / stream.time_base), stream=stream, backward=True)
            except av.error.FFmpegError:
                return
        first: tuple[int, int] | None = None
        end_s: float | None = None
        for frame in decoded_sound(container, stream):
            seen = (frame.layout.nb_channels, frame.sample_rate)
            first = first or seen
            _check_channels(path, seen, first, channel_map)
            time_s = end_s if frame.pts is None else frame.time
            if time_s is None:
                continue
            end_s = time_s + frame.samples / frame.sample_rate
            yield time_s, _mapped(frame, channel_map), frame.sample_rate


def _check_channels(path: Path, seen: tuple[int, int], first: tuple[int, int], channel_map: Sequence[int]) -> None:
    if seen != first:
        raise MediaError(
            "unexpected_channels",
            f"{path.name}: its sound changes from {first[0]} channels at {first[1]} Hz to {seen[0]} at {seen[1]} Hz",
        )
    if seen[0] <= max(channel_map):
        raise MediaError(
            "too_few_channels",
            f"{path.name}: its sound has {seen[0]} channels; "
            f"first-order ambisonics need {max(4, max(channel_map) + 1)}",
        )


def _mapped(frame: Any, channel_map: Sequence[int]) -> Samples:
    """The channels of a frame as decoded: no resampler comes near, since it would mix layouts by name."""
    if frame.format.is_planar:
        data = _planes(frame, channel_map)
    else:
        data = frame.to_ndarray().reshape(-1, frame.layout.nb_channels).T[list(channel_map)]
    if data.dtype == np.uint8:
        return ((data.astype(np.float32) - 128) / 128).astype(np.float32)
    if np.issubdtype(data.dtype, np.integer):
        return (data / float(2 ** (8 * data.dtype.itemsize - 1))).astype(np.float32)
    return np.ascontiguousarray(data, dtype=np.float32)


def _planes(frame: Any, channel_map: Sequence[int]) -> NDArray[Any]:
    """The chosen channels (chosen, samples) of a planar frame.

    Not by its `to_ndarray`: PyAV counts planes up to a null pointer, and ffmpeg sets none behind more than eight, so
    it would read beyond the list and crash.
    """
    from av.audio.plane import AudioPlane

    samples, dtype = frame.samples, _PLANE_TYPES[frame.format.name]
    planes = np.empty((len(channel_map), samples), dtype)
    for into, index in zip(planes, channel_map, strict=True):
        plane: Any = AudioPlane(frame, index)
        into[:] = np.frombuffer(plane, dtype, samples)
    return planes
