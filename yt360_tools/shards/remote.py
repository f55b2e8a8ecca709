"""Shards at addresses (fsspec's: https, s3, gs, ...): fetched whole into a folder, each once, and read from there."""

import hashlib
from pathlib import Path
from typing import Any

from yt360_tools.errors import EnvironmentMissing, UsageError
from yt360_tools.files import complete_file

_DIGITS = 16


def is_remote(where: str) -> bool:
    """Whether it is an address, and no path."""
    return "://" in where


def local_copies(address: str, cache: Path | None) -> list[Path]:
    """The files at an address, which may be a pattern, as files in the cache.

    A copy is taken as it is while the size there is the same.

    Raises:
        UsageError: nothing is there, or nothing reads such addresses.
        EnvironmentMissing: the address cannot be reached, or the cache not be written.
    """
    import fsspec

    folder = cache or _users_cache()
    try:
        system, path = fsspec.core.url_to_fs(address)
    except (ImportError, ValueError) as error:
        raise UsageError(f"{address}: {error}") from error
    try:
        names = sorted(system.glob(path)) if "*" in path or "?" in path else [path]
        found = [_copy(system, str(name), folder) for name in names]
    except FileNotFoundError as error:
        raise UsageError(f"{address}: nothing is there") from error
    except Exception as error:  # each of fsspec's systems has errors of its own
        raise EnvironmentMissing(f"{address} cannot be fetched into {folder}: {error}") from error
    if not found:
        raise UsageError(f"{address}: nothing is there")
    return found


def _copy(system: Any, name: str, folder: Path) -> Path:
    """Whole or not at all, also where several processes fetch it at once."""
    digits = hashlib.sha256(str(system.unstrip_protocol(name)).encode()).hexdigest()[:_DIGITS]
    target = folder / digits / Path(name).name
    if target.is_file() and target.stat().st_size == system.info(name)["size"]:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with complete_file(target) as partial:
        system.get_file(name, str(partial))
    return target


def _users_cache() -> Path:
    import pooch

    return Path(pooch.os_cache("yt360")) / "shards"
