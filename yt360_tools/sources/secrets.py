"""What no message may hold: passwords, tokens, the proxy's address, where cookies lie.

Messages go to the terminal and into the ledger, which people copy into bug reports.
"""

import re
import urllib.request
from collections.abc import Iterator
from urllib.parse import SplitResult, unquote, urlsplit

from yt360_tools.config import DownloadConfig

MASK = "***"
_SHORTEST = 4
"""Shorter values are left to the address patterns: masking each 'a' would leave no message to read."""

_USERINFO = re.compile(
    r"(\w[\w+.-]*://)(?:[^\s/?#'\"<>]*@|(?!(?:\[[^\]\s]*\]|[^\s/?#:'\"<>@]*)(?::\d*)?(?:[/?#]|$))[^\s'\"<>]*@)"
)
"""Up to an ``@`` before the path; or up to the last one, where no host and port come first: a password may have all."""

_AFTER_THE_PATH = re.compile(r"(\w[\w+.-]*://[^\s?#'\"<>]*)[?#][^\s'\"<>]*")
_QUERY_OF_A_PATH = re.compile(r"(?<=[^\s?])\?[^\s'\"<>]*=[^\s'\"<>]*")


def without_secrets(text: str, config: DownloadConfig) -> str:
    """A text with every address cut down to scheme, host and path, and what else `config` holds secret masked."""
    for secret in sorted(set(_secrets(config)), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", MASK, text)
    return cut_addresses(text)


def cut_addresses(text: str) -> str:
    """A text with every address cut down to scheme, host and path."""
    text = _USERINFO.sub(r"\1", text)
    text = _AFTER_THE_PATH.sub(r"\1", text)
    return _QUERY_OF_A_PATH.sub("", text)


def _secrets(config: DownloadConfig) -> Iterator[str]:
    """The values to mask wherever they stand, as written and percent-decoded."""
    words: list[str] = [config.cookies_file, config.cookies_from_browser, *config.cookies_from_browser.split(":")[1:]]
    of_system = [proxy for scheme, proxy in urllib.request.getproxies().items() if scheme != "no"]  # hosts without one
    for proxy in (config.proxy, *of_system):
        words += [proxy, *_parts_of_proxy(proxy)]
    for template in config.source:
        raw = _USERINFO.match(template)
        words += _parts_of_userinfo(raw[0].partition("://")[2]) if raw else []
        parts = _split(template)
        if parts:
            words += [parts.query, *_parts_of_userinfo(parts.netloc)]
            words += [pair.partition("=")[2] for pair in parts.query.split("&")]
    for argument in config.extractor_args:
        for pair in argument.partition(":")[2].split(";"):
            values = pair.partition("=")[2]
            words += [values, *values.split(","), *(value.rpartition("+")[2] for value in values.split(","))]
    for word in words:
        if len(word) >= _SHORTEST and "{" not in word:
            yield word
            yield unquote(word)


def _parts_of_proxy(address: str) -> list[str]:
    parts = _split(address if "://" in address else f"http://{address}")
    if not parts:
        return []
    host, _, port = parts.netloc.rpartition("@")[2].partition(":")
    return [parts.netloc, f"{host}:{port}", host, port, *_parts_of_userinfo(parts.netloc)]


def _parts_of_userinfo(netloc: str) -> list[str]:
    userinfo = netloc.rpartition("@")[0]
    return [userinfo, *userinfo.split(":", 1)]


def _split(address: str) -> SplitResult | None:
    try:
        return urlsplit(address)
    except ValueError:
        return None
