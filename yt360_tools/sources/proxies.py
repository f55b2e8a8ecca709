"""The form of a proxy's address, looked at before the first video: it would fail for each of them."""

import re
from urllib.parse import urlsplit

from yt360_tools.errors import UsageError

_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h", "socks")
_HOST = re.compile(r"[^\s\x00-\x1f\"'<>\\^`{|}%]+")


def check_proxy(address: str) -> None:
    """Refuse what is no proxy's address; without a scheme it is one of HTTP.

    Raises:
        UsageError: the scheme is none that a proxy has, the host or the port is none, or more stands behind them. The
            address is not shown, nor a part of it.
    """
    if fault := _fault_of(address):
        raise UsageError(
            f"download.proxy: {fault}; write [SCHEME://][USER:PASSWORD@]HOST[:PORT], with %-codes for signs such as "
            f"/ ? # @ in a password; a scheme is one of {', '.join(_SCHEMES[:-1])}"
        )


def _fault_of(address: str) -> str:
    """What is wrong with it; empty where nothing is."""
    scheme, rest = address.split("://", 1) if "://" in address else ("", address)
    if scheme.lower() not in ("", *_SCHEMES):
        return "its scheme is none of a proxy"
    try:
        parts = urlsplit(f"http://{rest.removeprefix('//')}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return "its host or its port is none"
    if not host or not _HOST.fullmatch(host):
        return "its host is none"
    if port == 0:
        return "its port is none"
    return "something stands behind its host and port" if parts.path.strip("/") or parts.query or parts.fragment else ""
