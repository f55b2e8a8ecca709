"""What a dataset is: a TOML descriptor with its lists' addresses and checksums, and what they must count.

The descriptors lie in ``manifests/`` of the repository, to which ``datasets`` beside this file is a link, so that an
installed package carries them as well.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from yt360_tools.errors import UsageError, nearest
from yt360_tools.manifest.importers import PublishedList, importer_named
from yt360_tools.records import check_id
from yt360_tools.toml import load_toml

FOLDER = Path(__file__).parent / "datasets"
"""Where the descriptors of the known datasets lie."""

_TEXTS = ("name", "title", "importer", "description", "citation", "citation_key", "licence", "home", "base_url")
_KEYS = {*_TEXTS, "made_by", "lists_folder", "clip_length_s", "files", "expect"}
_REQUIRED = {"name", "title", "importer"}
_FILE_KEYS = {"sha256", "entries", "split"}
_COUNTS = ("videos", "clips", "whole_videos")


@dataclass(frozen=True)
class Counts:
    """How much a dataset holds; None where nobody counted.

    Attributes:
        clips: rows with times.
        whole_videos: rows without.
        splits: rows by split.
        videos_by_split: videos by split; one may stand in two.
    """

    videos: int | None = None
    clips: int | None = None
    whole_videos: int | None = None
    splits: dict[str, int] | None = None
    videos_by_split: dict[str, int] | None = None


@dataclass(frozen=True)
class Descriptor:
    """A dataset.

    Attributes:
        base_url: the lists' address is this and their name; empty where they are not published alone.
        lists_folder: the folder that its lists lie in, in a mirror and among lists at hand; datasets may share it.
        made_by: how it comes to be where it is not fetched: a command, or what to unpack.
        clip_length_s: how long each clip is, in seconds; None for whole videos.
    """

    name: str
    title: str
    importer: str
    description: str = ""
    citation: str = ""
    citation_key: str = ""
    licence: str = ""
    home: str = ""
    base_url: str = ""
    made_by: str = ""
    lists_folder: str = ""
    clip_length_s: float | None = None
    files: tuple[PublishedList, ...] = ()
    expect: Counts = field(default_factory=Counts)

    @property
    def hours(self) -> float | None:
        """The hours of its clips; None for whole videos, whose length no list tells."""
        if self.expect.clips is None or self.clip_length_s is None:
            return None
        return self.expect.clips * self.clip_length_s / 3600


FOLDER_OF_MEDIA = Descriptor(
    name="folder",
    title="media in a folder",
    importer="folder",
    made_by="name your own folder: yt360 manifest import folder --from FOLDER --out clips.csv",
)
"""No dataset: any folder of media."""


def known_datasets() -> tuple[str, ...]:
    """The names of the datasets that the package knows, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def descriptor_of(name: str) -> Descriptor:
    """The descriptor of a known dataset, or the one in a TOML file that `name` leads to.

    Raises:
        UsageError: there is none, or it is wrong.
    """
    if name == FOLDER_OF_MEDIA.name:
        return FOLDER_OF_MEDIA
    known = known_datasets()
    if name in known:
        return read_descriptor(FOLDER / f"{name}.toml")
    if name.endswith(".toml") or "/" in name:
        return read_descriptor(Path(name))
    raise UsageError(
        f"no dataset is called {name!r}{nearest(name, known)}; known: {', '.join(known)}; or give the path of a "
        "descriptor (.toml)"
    )


def read_descriptor(path: Path) -> Descriptor:
    """The descriptor in a TOML file.

    Raises:
        UsageError: it cannot be read, a key is unknown or missing, or a value is not of its kind.
    """
    values = load_toml(path, "descriptor")
    unknown = sorted(set(values) - _KEYS)
    missing = sorted(_REQUIRED - set(values))
    if unknown or missing:
        hint = nearest(unknown[0], _KEYS) if unknown else ""
        raise UsageError(f"descriptor {path}: unknown keys {unknown}, missing keys {missing}{hint}")
    try:
        texts = {key: _text(values, key) for key in (*_TEXTS, "made_by", "lists_folder") if key in values}
        check_id(texts["name"], "name")
        importer_named(texts["importer"])
        texts["lists_folder"] = check_id(texts.get("lists_folder") or texts["name"], "lists_folder")
        files = tuple(_published_list(name, entry) for name, entry in _table(values, "files").items())
        if files and not re.match(r"https?://[^/]+/", texts.get("base_url", "")):
            raise UsageError(
                f"base_url {texts.get('base_url', '')!r}: an address that begins with http(s):// is needed"
            )
        return Descriptor(
            **texts,
            clip_length_s=_length(values.get("clip_length_s")),
            files=files,
            expect=_counts(_table(values, "expect")),
        )
    except UsageError as error:
        raise UsageError(f"descriptor {path}: {error}") from error


def _text(values: dict[str, Any], key: str) -> str:
    if not isinstance(values[key], str):
        raise UsageError(f"{key} is {values[key]!r}; a text is allowed")
    return str(values[key])


def _table(values: dict[str, Any], key: str) -> dict[str, Any]:
    table = values.get(key, {})
    if not isinstance(table, dict):
        raise UsageError(f"{key} is {table!r}; a table is allowed")
    return table


def _length(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e6:
        raise UsageError(f"clip_length_s is {value!r}; a number of seconds above 0 is allowed")
    return float(value)


def _published_list(name: str, entry: Any) -> PublishedList:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not path.name:
        raise UsageError(f"list {name!r} must be a path below base_url, without '..'")
    if not isinstance(entry, dict) or "sha256" not in entry or set(entry) - _FILE_KEYS:
        raise UsageError(f"list {name!r} is {entry!r}; {{ sha256 = '...', entries = N, split = '...' }} is allowed")
    if not isinstance(entry["sha256"], str) or not re.fullmatch(r"[0-9a-f]{64}", entry["sha256"]):
        raise UsageError(f"list {name!r}: sha256 is {entry['sha256']!r}; 64 small hexadecimal digits are allowed")
    if "split" in entry:
        check_id(_text(entry, "split"), f"the split of list {name!r}")
    return PublishedList(name, entry["sha256"], _count(entry, "entries"), entry.get("split", ""))


def _count(table: dict[str, Any], key: str) -> int | None:
    value = table.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise UsageError(f"{key} is {value!r}; a whole number is allowed")
    return value


def _counts(table: dict[str, Any]) -> Counts:
    unknown = sorted(set(table) - {*_COUNTS, "splits", "videos_by_split"})
    if unknown:
        raise UsageError(f"expect has the unknown keys {unknown}")
    by_split = {
        key: {split: _count(_table(table, key), split) or 0 for split in table[key]}
        for key in ("splits", "videos_by_split")
        if key in table
    }
    return Counts(**{key: _count(table, key) for key in _COUNTS}, **by_split)  # type: ignore[arg-type]
