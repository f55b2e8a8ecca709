"""Lists of a few lines as datasets publish them, and their descriptors."""

import hashlib
from pathlib import Path
from typing import Any

from yt360_tools.manifest.descriptors import Counts, Descriptor
from yt360_tools.manifest.importers import PublishedList

A, B, C, D = "-aaaaaaaaa1", "_bbbbbbbbb2", "cccccccccc3", "dddddddddd4"
"""Ids; the first begins with ``-`` and the second with ``_``, as some do."""

YT360 = {
    "train.txt": f"{A}\n{C}\n",
    "test.txt": f"{B}\n",
    "segments.txt": f"{C} 7\n{B} 20,5\n{A} 54,68,100\n{D} 0",
}
SPLITS = {"train.txt": "train", "valid.csv": "valid", "test.txt": "test", "train.csv": "train", "test.csv": "test"}


def write(folder: Path, lists: dict[str, str | bytes]) -> Path:
    """The lists in a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in lists.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def published(name: str, content: str, *, split: str | None = None, entries: int | None = None) -> PublishedList:
    """A list whose content is the published one."""
    split = SPLITS.get(name, "") if split is None else split
    return PublishedList(name, hashlib.sha256(content.encode()).hexdigest(), entries, split)


def yt360(base_url: str = "http://127.0.0.1:9/", **changes: Any) -> Descriptor:
    """The descriptor of `YT360`."""
    values: dict[str, Any] = {
        "name": "small",
        "title": "Small",
        "importer": "yt360",
        "lists_folder": "small",
        "clip_length_s": 10.0,
        "files": tuple(published(name, text) for name, text in YT360.items()),
        "expect": Counts(videos=4, clips=7, splits={"train": 4, "test": 2, "none": 1}),
    }
    return Descriptor(**{**values, "base_url": base_url, **changes})


def toml_of(dataset: Descriptor) -> str:
    """A descriptor as its file."""
    entries = [
        f'"{file.name}" = {{ sha256 = "{file.sha256}"' + f', split = "{file.split}"' * bool(file.split) + " }"
        for file in dataset.files
    ]
    splits = ", ".join(f"{split} = {count}" for split, count in (dataset.expect.splits or {}).items())
    return "\n".join(
        [
            f'name = "{dataset.name}"\ntitle = "{dataset.title}"\nimporter = "{dataset.importer}"',
            f'base_url = "{dataset.base_url}"\nclip_length_s = 10\n[files]',
            *entries,
            f"[expect]\nvideos = {dataset.expect.videos}\nclips = {dataset.expect.clips}\nsplits = {{ {splits} }}\n",
        ]
    )
