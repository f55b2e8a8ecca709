"""What no message may hold: passwords, tokens, the proxy's address, where cookies lie.

Messages go to the terminal and into the ledger, which people copy into bug reports.
"""

import re
import urllib.request
from collections.abc import Iterator
from urllib.parse import quote, unquote, urlsplit

from yt360_tools.config import DownloadConfig

MASK = "***"
_SHORTEST = 4
"""Shorter values are left to the address patterns: masking each 'a' would leave no message to read."""

_USERINFO = re.compile(
    r"(\w[\w+.-]*://)(?:[^\s/?#'\"<>]*@|(?!(?:\[[^\]\s]*\]|[^\s/?#:'\"<>@]*)(?::\d*)?(?:[/?#]|$))[^\s'\"<>]*@)"
)
"""Up to an ``@`` before the path; or up to the last one, where no host and port come first: a password may have all."""

_PLACEHOLDER = re.compile(r"\{(?:video_id|track|ext)\}")

_AFTER_THE_PATH = re.compile(r"(\w[\w+.-]*://[^\s?#'\"<>]*)[?#][^\s'\"<>]*")
_QUERY_OF_A_PATH = re.compile(r"(?<=[^\s?])\?[^\s'\"<>]*=[^\s'\"<>]*")


def without_secrets(text: str, config: DownloadConfig) -> str:
    """A text with every address cut down to scheme, host and path, and what else `config` holds secret masked."""
    for secret in sorted(set(_secrets(config)), key=len, reverse=True):
        text = re.sub(_as_a_word(secret), MASK, text)
    return cut_addresses(text)


def cut_addresses(text: str) -> str:
    """A text with every address cut down to scheme, host and path."""
    text = _USERINFO.sub(r"\1", text)
    text = _AFTER_THE_PATH.sub(r"\1", text)
    return _QUERY_OF_A_PATH.sub("", text)


def _as_a_word(secret: str) -> str:
    """A pattern for a value that is no part of a longer word."""
    begins = r"(?<!\w)" if re.match(r"\w", secret) else ""
    ends = r"(?!\w)" if re.search(r"\w\Z", secret) else ""
    return begins + re.escape(secret) + ends


def _secrets(config: DownloadConfig) -> Iterator[str]:
    """The values to mask wherever they stand: as written, percent-encoded and percent-decoded."""
    words: list[str] = [config.cookies_file, config.cookies_from_browser, *config.cookies_from_browser.split(":")[1:]]
    of_system = [proxy for scheme, proxy in urllib.request.getproxies().items() if scheme != "no"]  # hosts without one
    told = {place for template in config.source for place in _told_places(template)}
    for proxy in (config.proxy, *of_system):
        words += [place for place in (proxy, *_places_of_proxy(proxy)) if place not in told]
        words += _parts_of_userinfo(proxy)
    for template in config.source:
        query = template.partition("?")[2].partition("#")[0]
        words += [query, *_parts_of_userinfo(template)]
        words += [pair.partition("=")[2] for pair in query.split("&")]
    for argument in config.extractor_args:
        for pair in argument.partition(":")[2].split(";"):
            values = pair.partition("=")[2]
            words += [values, *values.split(","), *(value.rpartition("+")[2] for value in values.split(","))]
    for word in words:
        if not _PLACEHOLDER.search(word):
            forms = (word, unquote(word), quote(unquote(word), safe=""), quote(word, safe=""))
            yield from (form for form in forms if len(form.strip()) >= _SHORTEST <= len(word))


def _told_places(template: str) -> Iterator[str]:
    """A source's host and port, which every message about it tells: a proxy at the same place is no secret there."""
    scheme, separator, rest = template.partition("://")
    try:
        parts = urlsplit(template)
        host, port = parts.hostname, parts.port
    except ValueError:
        return
    if not separator or not host:
        return
    place = re.split("[/?#]", rest)[0].rpartition("@")[2]
    yield from (place, f"{scheme}://{place}", f"{scheme}://{place}/", host, place.rpartition(":")[0])
    if port is not None:
        yield str(port)


def _places_of_proxy(address: str) -> list[str]:
    """The host and the port of a proxy, by both readings of an address that may hold a password with slashes."""
    rest = address.partition("://")[2] or address
    netloc = re.split("[/?#]", rest)[0]
    places = [netloc.rpartition("@")[2], re.split("[/?#]", rest.rpartition("@")[2])[0]]
    hosts = [place.rpartition(":")[0] if re.search(r":\d*\Z", place) else place for place in places]
    ports = [place.rpartition(":")[2] for place in places]
    return [netloc, *places, *hosts, *ports]


def _parts_of_userinfo(address: str) -> Iterator[str]:
    """What may be a user and a password, by every reading of an address that may hold more of them than it can.

    An ``@`` behind the first slash ends a password only where a colon comes before it: else it belongs to the path.
    The pieces are what one says who takes a password's beginning for a host and a port.
    """
    rest = address.partition("://")[2] or address
    for at in re.finditer("@", rest):
        before = rest[: at.start()]
        if ":" not in before and re.search("[/?#]", before):
            continue
        user, _, password = before.partition(":")
        yield from (before, user, password, *re.split("[/?#@:]", password))
