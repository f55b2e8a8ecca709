"""Which files of a folder are media, told by their names."""

from collections.abc import Container
from pathlib import Path

PICTURES = frozenset(["mp4", "m4v", "mov", "mkv", "webm", "avi", "ts"])
"""Extensions of files that carry a picture, and often a sound as well."""

SOUNDS = frozenset(
    ("wav", "w64", "rf64", "caf", "flac", "opus", "ogg", "oga", "m4a", "aac", "mka", "weba", "aif", "aiff")
)
"""Extensions of files that carry a sound alone."""


def extension_of(path: Path) -> str:
    """What follows the last dot, in small letters."""
    return path.suffix[1:].lower()


def files_in(folder: Path, extensions: Container[str]) -> tuple[Path, ...]:
    """The files of a folder, hidden ones apart, with such extensions, by name; none where there is no folder."""
    if not folder.is_dir():
        return ()
    return tuple(
        path
        for path in sorted(folder.iterdir())
        if not path.name.startswith(".") and extension_of(path) in extensions and path.is_file()
    )
