"""What a dataset is: a TOML descriptor with its lists' addresses and checksums, and what they must count."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yt360_tools.errors import TransientError, UsageError
from yt360_tools.manifest.importers import importer_named
from yt360_tools.records import ClipRow
from yt360_tools.toml import load_toml

_KEYS = {"name", "title", "importer", "description", "citation", "licence", "base_url", "files", "expect"}


@dataclass(frozen=True)
class Descriptor:
    """A dataset's lists: their address is ``base_url`` + name, their sha256 the values of `files`."""

    name: str
    title: str
    importer: str
    base_url: str
    files: dict[str, str]
    expect: dict[str, Any]
    description: str = ""
    citation: str = ""
    licence: str = ""


def read_descriptor(path: Path) -> Descriptor:
    """The descriptor in a TOML file.

    Raises:
        UsageError: it cannot be read, or a key is unknown or missing.
    """
    values = load_toml(path, "descriptor")
    unknown = sorted(set(values) - _KEYS)
    missing = sorted({"name", "title", "importer", "base_url", "files"} - set(values))
    if unknown or missing:
        raise UsageError(f"descriptor {path}: unknown keys {unknown}, missing keys {missing}")
    return Descriptor(**{"expect": {}, **values})


def fetch_lists(descriptor: Descriptor, folder: Path) -> None:
    """Download a dataset's lists into a folder, each checked against its sha256; what is there already stays.

    Raises:
        TransientError: the network failed, or a file has another checksum.
    """
    import pooch
    import requests

    registry = {name: f"sha256:{digest}" for name, digest in descriptor.files.items()}
    keeper = pooch.create(folder, descriptor.base_url, registry=registry, retry_if_failed=2)
    for name in descriptor.files:
        try:
            keeper.fetch(name)
        except (OSError, ValueError, requests.RequestException) as error:
            raise TransientError("network", f"{descriptor.base_url}{name} cannot be fetched: {error}") from error


def import_lists(descriptor: Descriptor, folder: Path) -> tuple[ClipRow, ...]:
    """The rows that a dataset's lists hold.

    Raises:
        UsageError: a list is missing or malformed, or the counts are not those of the descriptor.
    """
    rows = importer_named(descriptor.importer)(folder)
    found = {
        "videos": len({row.video_id for row in rows}),
        "clips": len(rows),
        "splits": dict(Counter(row.split for row in rows)),
    }
    wrong = {key: (found[key], wanted) for key, wanted in descriptor.expect.items() if found[key] != wanted}
    if wrong:
        text = "; ".join(f"{key}: {seen} instead of {wanted}" for key, (seen, wanted) in wrong.items())
        raise UsageError(f"the lists of {descriptor.title} in {folder} are not the published ones: {text}")
    return rows
