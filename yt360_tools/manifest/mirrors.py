"""Where published lists are fetched from in place of where they were published."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from yt360_tools.errors import UsageError
from yt360_tools.manifest.descriptors import Descriptor
from yt360_tools.manifest.importers import PublishedList


@dataclass(frozen=True)
class Mirror:
    """Where lists are fetched from in place of where they were published.

    Attributes:
        base_url: of one dataset: its lists lie there under their published names, or their file names alone.
        root_url: of several: each one's lists lie there in its folder (`Descriptor.lists_folder`).
    """

    base_url: str = ""
    root_url: str = ""

    def __post_init__(self) -> None:
        for name, url in (("--base-url", self.base_url), ("--mirror", self.root_url)):
            if url:
                _check_address(name, url)
        if self.base_url and self.root_url:
            raise UsageError("--base-url names one dataset's lists and --mirror those of all: give one of them")

    def addresses(self, dataset: Descriptor, file: PublishedList) -> tuple[str, ...]:
        """Where a list may lie, the likeliest first."""
        if not self.base_url and not self.root_url:
            return (dataset.base_url.rstrip("/") + "/" + quote(file.name),)
        base = (self.base_url or f"{self.root_url.rstrip('/')}/{quote(dataset.lists_folder)}").rstrip("/")
        return tuple(dict.fromkeys((f"{base}/{quote(file.name)}", f"{base}/{quote(file.file_name)}")))

    @property
    def is_one(self) -> bool:
        """Whether there is a mirror at all."""
        return bool(self.base_url or self.root_url)

    def advice(self, dataset: Descriptor) -> str:
        """What to do where the mirror has none of a dataset's lists: most likely its address is of another folder."""
        if self.base_url:
            return (
                "is the folder right? --base-url is the address of the folder that has the lists themselves; "
                "that of a folder of datasets is --mirror's"
            )
        return (
            f"is the folder right? --mirror is the address of the folder above {dataset.lists_folder!r}; "
            "that of the folder that has the lists themselves is --base-url's"
        )


def _check_address(name: str, url: str) -> None:
    """Refuse what is no address of a server, or has a password in which another server's name might be read.

    Raises:
        UsageError: it tells no password.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise UsageError(f"{name} {_masked(url)!r} is no address: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        allowed = "an address that begins with http:// or https:// is allowed"
        if "@" not in url and (parts.scheme in ("", "file") or Path(url).is_dir()):
            folder = url.removeprefix("file://")
            allowed += f"; of lists in a folder: yt360 manifest import NAME --from {folder} --out FILE"
        raise UsageError(f"{name} {_masked(url)!r}: {allowed}")
    _, at, host = parts.netloc.rpartition("@")
    has_port = re.fullmatch(r"(\[[^]]*\]|[^:]*)(:\d*)?", host)
    if "@" in url.partition(parts.netloc)[2] and (at or not has_port):
        raise UsageError(
            f"{name} {_masked(url)!r}: in a user's name or password, '/' is written as %2F, '?' as %3F, '#' as %23 and "
            "'@' as %40"
        )


def _masked(url: str) -> str:
    """What may be shown of what should be an address: no name and password, wherever they may end, and no query."""
    scheme, separator, rest = url.partition("://") if "://" in url else ("", "", url)
    _, at, host = rest.rpartition("@")
    return f"{scheme}{separator}{'***@' if at else ''}{re.split('[?#]', host)[0]}"
