"""The channel layouts of what PyAV opens and decodes, kept from being freed twice.

A layout whose channels stand in an order of their own (ffmpeg's "custom" kind: an SA3D box with a map such as
0, 2, 3, 1, or a ``chan`` box) has a list of them. PyAV's `AudioLayout` shares that list with the codec or frame that it
comes from, and frees it as well: the process dies of it, at once or later (seen in PyAV 18.1, `audio/layout.py`). So
such a layout object is never let go. The codec's own ``channels`` makes and frees one unseen: nothing here may ask it.
"""

import ctypes
import re
from collections.abc import Iterator
from typing import Any

_CUSTOM = re.compile(r"\d+ channels \(")


def kept_layout(owner: Any) -> Any:
    """The layout of a codec context or a frame: an `av.AudioLayout`."""
    layout = owner.layout
    if _CUSTOM.match(layout.name):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(layout))  # about a hundred bytes that stay
    return layout


def decoded_sound(container: Any, stream: Any) -> Iterator[Any]:
    """The frames of a sound stream, as ``container.decode`` gives them."""
    for packet in container.demux(stream):
        frames = packet.decode()
        for frame in frames:
            kept_layout(frame)
        yield from frames
