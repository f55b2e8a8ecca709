"""From a manifest of 360° clips with spatial audio to HDF5 shards that models learn from."""

__version__ = "0.1.0"
