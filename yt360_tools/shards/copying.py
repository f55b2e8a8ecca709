"""A clip taken out of one shard as it is, to be put into another."""

import numpy as np

from yt360_tools.shards.layout import Attributes, Datasets
from yt360_tools.shards.record import Bytes, Record


def copied(record: Record, file: Bytes) -> tuple[Datasets, Attributes]:
    """All that stands of a clip, each dataset held against its checksum: what `ShardWriter.add_laid_out` takes.

    Raises:
        ValueError: something is damaged.
    """
    datasets = {path: np.asarray(record.array(file, path)) for path in record.datasets}
    return datasets, record.attributes
