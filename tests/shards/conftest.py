"""What the tests of shards share."""

from pathlib import Path

import pytest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a shard may be written."""
    return tmp_path / "shards" / "train-00000.h5"
