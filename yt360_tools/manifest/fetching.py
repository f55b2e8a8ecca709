"""Getting a dataset's published lists: each verified, each whole or not there, what is there already left alone."""

import contextlib
import logging
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from yt360_tools.errors import EnvironmentMissing, TransientError, UsageError
from yt360_tools.manifest.descriptors import Descriptor
from yt360_tools.manifest.importers import PublishedList
from yt360_tools.manifest.importing import sha256_of
from yt360_tools.manifest.mirrors import Mirror

_TRIES = 4
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0
_TIMEOUT_S = (10.0, 60.0)
_NOT_THERE = (404, 410)
_MAY_HEAL = (408, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Fetched:
    """Which lists were fetched now, and which were at hand with the right checksum."""

    fetched: tuple[str, ...]
    at_hand: tuple[str, ...]


def fetch_lists(
    dataset: Descriptor,
    folder: Path,
    *,
    mirror: Mirror | None = None,
    progress: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> Fetched:
    """Fetch a dataset's lists into a folder, each under its file name, verified by its sha256.

    One that fails does not keep the others from being fetched; all failures are told together.

    Raises:
        UsageError: the dataset has no lists to fetch; the message says how it is made.
        EnvironmentMissing: the folder cannot be written.
        TransientError: a list was not to be had, or has another checksum: ``network`` or ``checksum``.
    """
    if not dataset.files:
        raise UsageError(f"{dataset.title} is not fetched; {dataset.made_by}")
    mirror = mirror or Mirror()
    fetched: list[str] = []
    at_hand: list[str] = []
    failures: list[TransientError] = []
    tries = _TRIES
    for file in dataset.files:
        target = folder / file.file_name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if target.is_file() and sha256_of(target) == file.sha256:
                at_hand.append(file.file_name)
                continue
            _fetch(mirror.addresses(dataset, file), file, target, progress=progress, tries=tries, sleep=sleep)
            fetched.append(file.file_name)
        except OSError as error:
            raise EnvironmentMissing(f"{target} cannot be written: {error.strerror or error}") from error
        except _NoAnswer as error:
            failures.append(error)
            tries = 1  # the others are asked once: most likely nothing is to be reached
        except TransientError as error:
            failures.append(error)
    if failures:
        raise TransientError(
            failures[0].reason,
            "\n".join(
                [f"{len(failures)} of {len(dataset.files)} lists of {dataset.title} were not fetched:"]
                + [f"  {failure}" for failure in failures]
                + [_what_to_do(failures, dataset, mirror)]
            ),
        )
    return Fetched(tuple(fetched), tuple(at_hand))


def _what_to_do(failures: list[TransientError], dataset: Descriptor, mirror: Mirror) -> str:
    if any(failure.reason == "checksum" for failure in failures):
        return (
            "the published lists never change: name another mirror, or get the lists yourself and run "
            f"'yt360 manifest import {dataset.name} --from FOLDER' (--any-version takes them as they are)"
        )
    if mirror.is_one and len(failures) == len(dataset.files) and all(isinstance(one, _Missing) for one in failures):
        return mirror.advice(dataset)
    other = "without a mirror" if mirror.is_one else "name a mirror"
    return f"run it again, {other}, or get the lists from {dataset.base_url} and 'yt360 manifest import' them"


class _NoAnswer(TransientError):
    """Nothing was to be reached."""


def _fetch(
    addresses: tuple[str, ...],
    file: PublishedList,
    target: Path,
    *,
    progress: bool,
    tries: int,
    sleep: Callable[[float], None],
) -> None:
    """Fetch a list from the first address that has it; what may heal is tried again after a growing pause."""
    for tried in range(1, tries + 1):
        try:
            for number, address in enumerate(addresses, 1):
                try:
                    _download(address, file, target, progress=progress)
                    return
                except _NotThere:
                    if number == len(addresses):
                        raise
        except TransientError as error:
            # A damaged copy is asked for once more, and no oftener.
            is_last = tried == tries or (error.reason == "checksum" and tried == 2) or isinstance(error, _NotThere)
            if is_last:
                raise
            if error.reason == "checksum":
                continue
            pause_s = min(_FIRST_PAUSE_S * 2 ** (tried - 1), _LONGEST_PAUSE_S) * random.uniform(0.8, 1.2)
            sleep(min(error.retry_after_s, _LONGEST_PAUSE_S) if error.retry_after_s is not None else pause_s)


class _NotThere(TransientError):
    """The server has answered for good, and has not given the list."""


class _Missing(_NotThere):
    """It has no such list."""


def _download(address: str, file: PublishedList, target: Path, *, progress: bool) -> None:
    import pooch
    import requests

    noting = _Noting(pooch.HTTPDownloader(progressbar=progress, timeout=_TIMEOUT_S))
    shown = _without_secrets(address)
    try:
        with _quiet(pooch.get_logger()):
            pooch.retrieve(address, f"sha256:{file.sha256}", target.name, target.parent, downloader=noting)
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        message = f"{file.file_name}: {shown} answers {status}"
        if status in _NOT_THERE:
            raise _Missing("network", f"{message}: it is not there") from error
        if status not in _MAY_HEAL:
            raise _NotThere("network", message) from error
        failure = TransientError("network", message)
        failure.retry_after_s = _retry_after_s(error.response)
        raise failure from error
    except (requests.ConnectionError, requests.Timeout) as error:
        kind = _NoAnswer if not noting.has_begun else TransientError
        raise kind("network", f"{file.file_name}: {shown} cannot be fetched: {_first_words(error)}") from error
    except requests.RequestException as error:
        raise TransientError(
            "network", f"{file.file_name}: {shown} cannot be fetched: {_first_words(error)}"
        ) from error
    except ValueError as error:
        if not noting.sha256:
            raise
        raise TransientError(
            "checksum",
            f"{file.file_name}: what {shown} sends is not the published list{noting.impression}: its sha256 is "
            f"{noting.sha256}, the published one's is {file.sha256}",
        ) from error


class _Noting:
    """A downloader of pooch's that notes what came."""

    def __init__(self, downloader: Any) -> None:
        self.downloader = downloader
        self.has_begun = False
        self.sha256 = ""
        self.impression = ""

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        path = Path(output_file)
        try:
            self.downloader(url, output_file, pooch)
        finally:
            self.has_begun = path.is_file() and path.stat().st_size > 0
        self.sha256 = sha256_of(path)
        with path.open("rb") as file:
            start = file.read(200).lstrip().lower()
        is_page = start.startswith((b"<!doctype", b"<html", b"<head", b"<?xml"))
        self.impression = " but a web page" if is_page else f" ({path.stat().st_size} bytes)"


@contextlib.contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """Keep pooch from telling every address, a password in it or not."""
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _retry_after_s(response: Any) -> float | None:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() else None


def _first_words(error: Exception) -> str:
    cause: BaseException = error
    while cause.args and isinstance(cause.args[0], BaseException):
        cause = cause.args[0]
    reason = getattr(cause, "reason", None)
    return _without_url_secrets(str(reason or cause))[:300] or type(error).__name__


def _without_url_secrets(text: str) -> str:
    return re.sub(r"\?\S*", "", re.sub(r"//[^/@\s]+@", "//", text))


def _without_secrets(address: str) -> str:
    """An address without a user's name and password, and without what stands behind a '?'."""
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))
