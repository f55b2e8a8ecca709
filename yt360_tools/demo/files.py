"""A world's text files, which appear complete or not at all."""

from pathlib import Path

from yt360_tools.files import complete_file


def write_text(path: Path, text: str) -> None:
    """Write a text file that appears complete, its line ends as they are."""
    with complete_file(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="")
