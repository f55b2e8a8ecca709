"""A clip taken out of one shard, as it is or encoded anew, to be put into another."""

from dataclasses import dataclass

import numpy as np

from yt360_tools.errors import UsageError
from yt360_tools.records import FRAME_CODECS, SOUND_CODECS
from yt360_tools.shards.clips import StoredClip
from yt360_tools.shards.codecs import encode_frames, writing_codec
from yt360_tools.shards.layout import Attributes, Datasets, add_track
from yt360_tools.shards.record import Bytes, Record
from yt360_tools.shards.sound_codecs import encode_sound
from yt360_tools.shards.tracks import Track


@dataclass(frozen=True)
class Recoding:
    """How pictures and sounds are encoded anew; an empty name leaves them as they are.

    Attributes:
        codec: of pictures, one of `records.FRAME_CODECS`.
        quality, chroma: of ``jpeg``.
        crf, group: of ``h264``.
        sound_codec: one of `records.SOUND_CODECS`.
    """

    codec: str = ""
    quality: int = 90
    chroma: str = "420"
    crf: int = 20
    group: int = 8
    sound_codec: str = ""

    def __post_init__(self) -> None:
        if self.codec not in ("", *FRAME_CODECS):
            raise UsageError(f"unknown codec {self.codec!r}; known: {', '.join(FRAME_CODECS)}")
        if self.sound_codec not in ("", *SOUND_CODECS):
            raise UsageError(f"unknown sound codec {self.sound_codec!r}; known: {', '.join(SOUND_CODECS)}")


def copied(record: Record, file: Bytes) -> tuple[Datasets, Attributes]:
    """All that stands of a clip, each dataset held against its checksum: what `ShardWriter.add_laid_out` takes.

    Raises:
        ValueError: something is damaged.
    """
    datasets = {path: np.asarray(record.array(file, path)) for path in record.datasets}
    return datasets, {path: dict(values) for path, values in record.attributes.items()}


def recoded(clip: StoredClip, how: Recoding) -> tuple[Datasets, Attributes]:
    """A clip as `copied`, with its pictures and sounds encoded anew.

    Raises:
        ShardError: the clip is damaged.
        ValueError: the codec cannot hold it: no finite numbers in ``int16`` and ``flac``.
    """
    with clip.reading():
        datasets, attributes = copied(clip.record, clip.file())
    if how.sound_codec:
        _replace(
            "ambisonics", encode_sound(clip.ambisonics, how.sound_codec, clip.sample_rate_hz), datasets, attributes
        )
    for index, view in enumerate(clip.views):
        at = f"views/{index}"
        if how.codec:
            codec = writing_codec(how.codec, quality=how.quality, chroma=how.chroma, crf=how.crf, group=how.group)
            _replace(f"{at}/frames", encode_frames(codec, view.frames[:], clip.fps), datasets, attributes)
        if how.sound_codec:
            beam = encode_sound(view.beam[None], how.sound_codec, clip.sample_rate_hz)
            _replace(f"{at}/beam", beam, datasets, attributes)
    return datasets, attributes


def _replace(path: str, track: Track, datasets: Datasets, attributes: Attributes) -> None:
    for name in (path, f"{path}_crc32", f"{path}_offsets"):
        datasets.pop(name, None)
    add_track(path, track, datasets, attributes)
