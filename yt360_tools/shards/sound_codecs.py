"""How sound is stored: whole numbers of 16 bits, those packed by FLAC, or floats.

Of ``int16`` and ``flac`` a sample is ``value * 2 ** (exponent - 15)``; the exponent is the least with which the whole
track fits, so that a quiet one keeps its detail. The error is at most half of the last bit: 90 dB and more below the
track's peak.
"""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import UsageError, nearest
from yt360_tools.records import SOUND_CODECS
from yt360_tools.shards.codecs import unknown_codec
from yt360_tools.shards.tracks import Track

Sound = NDArray[np.float32]

_BLOCK = 8192
"""Samples a block: a third of a second at 24 kHz."""

_LEAST_EXPONENT = -24


def encode_sound(sound: Sound, codec: str, sample_rate_hz: int) -> Track:
    """Sound (channels, samples) as a track of items (channels,).

    Raises:
        UsageError: no codec has that name.
        ValueError: a sample is no finite number, which whole numbers cannot hold.
    """
    if codec not in SOUND_CODECS:
        raise UsageError(
            f"unknown sound codec {codec!r}{nearest(codec, SOUND_CODECS)}; known: {', '.join(SOUND_CODECS)}"
        )
    channels = len(sound)
    items = np.ascontiguousarray(np.asarray(sound, np.float32).T)
    if codec == "float32":
        return Track.plain(codec, _BLOCK, items, channels=channels)
    peak = float(np.abs(items).max(initial=0.0))
    if not np.isfinite(peak):
        raise ValueError("the sound has samples that are no finite numbers")
    exponent = _exponent(peak)
    values = np.rint(items * np.float32(2.0 ** (15 - exponent))).astype(np.int16)
    if codec == "int16":
        return Track.plain(codec, _BLOCK, values, channels=channels, exponent=exponent)
    blocks = [_flac(values[first : first + _BLOCK], sample_rate_hz) for first in range(0, len(values), _BLOCK)]
    return Track.packed(codec, len(values), _BLOCK, blocks, channels=channels, exponent=exponent)


def decode_sound(codec: str, blocks: Sequence[Any], facts: dict[str, Any]) -> Sound:
    """Blocks of a stored track as sound (channels, samples).

    Raises:
        ValueError: a block is damaged.
    """
    channels = int(facts["channels"])
    if codec == "float32":
        values = np.frombuffer(b"".join(blocks), np.float32).reshape(-1, channels)
        return np.ascontiguousarray(values.T)
    if codec == "int16":
        whole = np.frombuffer(b"".join(blocks), np.int16).reshape(-1, channels)
    else:
        whole = np.concatenate([_unpacked(block, channels) for block in blocks] or [np.empty((0, channels), np.int16)])
    return np.multiply(whole.T, np.float32(2.0 ** (int(facts["exponent"]) - 15)), dtype=np.float32)


def require_sound_codec(name: str, where: str) -> None:
    """Refuse a stored track whose codec this version does not know, with a `ShardError`."""
    if name not in SOUND_CODECS:
        raise unknown_codec(name, where, "sounds", SOUND_CODECS)


def _exponent(peak: float) -> int:
    """The least whole number with ``peak <= 32767 / 32768 * 2 ** exponent``, within reason."""
    if peak <= 0:
        return 0
    exponent = int(np.ceil(np.log2(peak * 32768 / 32767)))
    return max(_LEAST_EXPONENT, exponent)


def _flac(values: NDArray[np.int16], sample_rate_hz: int) -> bytes:
    import soundfile

    packed = io.BytesIO()
    soundfile.write(packed, values, sample_rate_hz, format="FLAC", subtype="PCM_16")
    return packed.getvalue()


def _unpacked(block: Any, channels: int) -> NDArray[np.int16]:
    import soundfile

    try:
        values, _ = soundfile.read(io.BytesIO(bytes(block)), dtype="int16", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise ValueError(f"a block does not decode: {error}") from error
    if values.shape[1] != channels:
        raise ValueError(f"a block has {values.shape[1]} channels, not {channels}")
    return np.asarray(values, np.int16)
