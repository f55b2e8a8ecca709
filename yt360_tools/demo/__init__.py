"""The synthetic world: 360° videos with spatial audio whose truth is known, as real media files."""
