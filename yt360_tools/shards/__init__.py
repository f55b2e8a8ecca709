"""Shards: HDF5 files of clips, each with its frames, its directions and its sound.

>>> from yt360_tools.shards import open_shards
>>> for clip in open_shards("shards/train-*.h5"):
...     view = clip.views[0]
...     view.frames[8:16], clip.sound(0.5, 1.5, toward=view.direction)
"""

from yt360_tools.shards.clips import StoredClip, StoredFrames, StoredView
from yt360_tools.shards.extract import extract_clip
from yt360_tools.shards.reader import ShardSet, open_shards
from yt360_tools.shards.schema import ClipContent, Measured, ShardHeader, ViewContent
from yt360_tools.shards.tracks import Track
from yt360_tools.shards.verify import Damage, verify_shards
from yt360_tools.shards.writer import ShardWriter

__all__ = [
    "ClipContent",
    "Damage",
    "Measured",
    "ShardHeader",
    "ShardSet",
    "ShardWriter",
    "StoredClip",
    "StoredFrames",
    "StoredView",
    "Track",
    "ViewContent",
    "extract_clip",
    "open_shards",
    "verify_shards",
]
