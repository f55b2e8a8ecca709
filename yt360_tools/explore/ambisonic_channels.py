"""Which of a file's channels are ambisonics: as many as a whole order has, or those that somebody names."""

from dataclasses import dataclass
from math import isqrt

from yt360_tools.ambisonics import MAX_ORDER, order_of
from yt360_tools.errors import UsageError
from yt360_tools.media.ambisonic_channels import ambisonic_count

_COUNTS = tuple((order + 1) ** 2 for order in range(1, MAX_ORDER + 1))
_ALLOWED = f"ambisonics of orders 1 to {MAX_ORDER} have {', '.join(map(str, _COUNTS[:-1]))} or {_COUNTS[-1]}"


@dataclass(frozen=True)
class Ambisonics:
    """Which channels of a track are W, Y, Z, X and so on, and how many are left out beside them."""

    channel_map: tuple[int, ...]
    left_out: int = 0

    @property
    def order(self) -> int:
        """Their order, 1 to 7."""
        return order_of(len(self.channel_map))


def choose_channels(
    name: str, channels: int, layout_name: str, channel_map: tuple[int, ...] | None = None, *, ways_out: str = ""
) -> Ambisonics:
    """Which of a file's `channels` are ambisonics: those of `channel_map`, or else what `ambisonic_count` finds.

    What is behind them is left out.

    Args:
        ways_out: what else may be done about channels that are none, for the message.

    Raises:
        UsageError: they are none; it says what was seen, and what could be meant.
    """
    seen = f"{name}: its sound has {channels} channel{'s' * (channels > 1)}"
    seen += "" if layout_name.startswith(f"{channels} channel") else f" ({layout_name})"
    if channel_map is not None:
        _check_map(seen, channels, channel_map)
        return Ambisonics(channel_map)
    count = ambisonic_count(channels, layout_name)
    if count in _COUNTS:
        return Ambisonics(tuple(range(count)), channels - count)
    ways_out = f"; {ways_out}" if ways_out else ""
    if channels < 4:
        raise UsageError(f"{seen}, and {_ALLOWED}: where sound comes from cannot be told from fewer{ways_out}")
    hint = (
        "2,1,4,0 for first order that YouTube packed as 5.1, 0,1,2,3 for first order with two more behind"
        if channels == 6
        else f"{','.join(map(str, range(isqrt(channels) ** 2)))} for the first of them"
    )
    raise UsageError(
        f"{seen}, and {_ALLOWED}; if some of them are, name those in order with --channel-map: {hint}{ways_out}"
    )


def _check_map(seen: str, channels: int, channel_map: tuple[int, ...]) -> None:
    if len(channel_map) not in _COUNTS:
        raise UsageError(f"--channel-map names {len(channel_map)} channels, and {_ALLOWED}")
    wrong = [place for place in channel_map if not 0 <= place < channels]
    if wrong:
        raise UsageError(f"{seen}, numbered 0 to {channels - 1}; --channel-map names {wrong[0]}")
    if len(set(channel_map)) < len(channel_map):
        raise UsageError(f"--channel-map names a channel twice: {','.join(map(str, channel_map))}")
