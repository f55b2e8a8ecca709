"""Models that learn from the spatial alignment of picture and sound."""
