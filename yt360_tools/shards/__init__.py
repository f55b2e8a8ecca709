"""Shards: HDF5 files of clips, each with its frames, its directions and its sound.

>>> from yt360_tools.shards import open_shards
>>> for clip in open_shards("shards"):
...     view = clip.views[0]
...     view.frames, view.direction, view.ambisonics, view.beam
"""

from yt360_tools.shards.extract import extract_clip
from yt360_tools.shards.reader import ShardSet, StoredClip, StoredView, open_shards
from yt360_tools.shards.schema import ClipContent, EncodedFrames, ShardHeader, ViewContent
from yt360_tools.shards.verify import Damage, verify_shards
from yt360_tools.shards.writer import ShardWriter

__all__ = [
    "ClipContent",
    "Damage",
    "EncodedFrames",
    "ShardHeader",
    "ShardSet",
    "ShardWriter",
    "StoredClip",
    "StoredView",
    "ViewContent",
    "extract_clip",
    "open_shards",
    "verify_shards",
]
