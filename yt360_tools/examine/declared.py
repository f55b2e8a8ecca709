"""What somebody says of a video, in a manifest or on the command line."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Declared:
    """How a video's sphere lies, where somebody says so; None where nobody does."""

    projection: str | None = None
    stereo: str | None = None
    faces: str | None = None
