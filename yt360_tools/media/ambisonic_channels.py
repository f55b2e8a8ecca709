"""Which of a track's channels are ambisonics: by the track itself, or by what somebody says."""

import re
from math import isqrt

from yt360_tools.errors import MediaError, UsageError


def parse_channel_map(text: str, setting: str, *, channels: int | None = None) -> tuple[int, ...] | None:
    """The places of ``2,1,4,0``, counted from 0; None for ``auto``.

    Args:
        setting: what the user calls it, for the message.
        channels: how many places there must be; None for any number.

    Raises:
        UsageError: neither ``auto`` nor so many whole numbers, each once.
    """
    if text == "auto":
        return None
    parts = [part.strip() for part in text.split(",")]
    places = tuple(int(part) for part in parts if part.isdecimal())
    if len(places) < len(parts) or len(set(places)) < len(places) or channels not in (None, len(places)):
        which = "W, Y, Z, X" if channels == 4 else "the ambisonic channels"
        raise UsageError(
            f"{setting} is 'auto' or the places of {which} among the sound's, counted from 0, parted by commas and "
            f"each once, such as 2,1,4,0; got {text!r}"
        )
    return places


def ambisonic_count(channels: int, layout_name: str) -> int | None:
    """How many of a track's channels, from the first on, are ambisonics, where the track itself makes that plain.

    Four channels are first order, and a square number of them a higher one; a layout that ffmpeg calls ``ambisonic N``
    may have others behind, such as a head-locked pair. None where it is not plain: six channels can be cinema sound,
    or YouTube's packing of first order as 5.1 (X, Y, W, -, Z, - as ffmpeg decodes it).
    """
    labelled = re.match(r"ambisonic (\d+)", layout_name)
    count = (int(labelled[1]) + 1) ** 2 if labelled else channels
    return count if 4 <= count <= channels and isqrt(count) ** 2 == count else None


def channel_map_for(channels: int, layout_name: str) -> tuple[int, int, int, int]:
    """Which decoded channels are W, Y, Z, X, where `ambisonic_count` finds it plain; else somebody has to say which.

    Raises:
        MediaError: ``too_few_channels`` below four, ``unexpected_channels`` where it is not plain.
    """
    if channels < 4:
        raise MediaError("too_few_channels", f"the sound has {channels} channels; first-order ambisonics need 4")
    if ambisonic_count(channels, layout_name) is None:
        raise MediaError(
            "unexpected_channels",
            f"the sound has {channels} channels ({layout_name}), which need not be ambisonics; if they are, set "
            "validate.channel_map to the places of W, Y, Z, X: '2,1,4,0' for first order packed as 5.1 by YouTube, "
            "'0,1,2,3' for first order with head-locked stereo",
        )
    return (0, 1, 2, 3)
