"""A few digits that tell one configuration of downloads from another, for the ledger, which people pass on.

Eight digits tell all that is no secret, and are the same in every workspace. Where passwords, cookies or tokens are
given, eight more tell those, mixed with the workspace's salt: with the ledger alone, no guess can be tried.
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from yt360_tools.config import DownloadConfig
from yt360_tools.pipeline.salt import Salt

PACE = (
    "jobs", "attempts", "pause_s", "pause_max_s", "jitter", "wait_s", "brake_s", "brake_stops", "min_free_gb",
    "timeout_s", "rate_limit_mb_s", "sleep_s", "discard_raw", "raw_budget_gb",
)  # fmt: skip
"""The keys that change how we ask and where it is kept, not what we are offered."""

PUBLIC = ("media", "picture", "sound", "max_height", "player_clients")
"""The keys that decide what we are offered, and never hold a secret."""

SECRET = ("source", "extractor_args", "cookies_file", "cookies_from_browser", "proxy")
"""The keys that decide it too, and may hold one."""

_DIGITS = 8


def fingerprint(config: DownloadConfig, salt: Salt) -> str:
    """Eight hexadecimal digits of what decides what we are offered, or 16 where a secret may be among it.

    A cookie file counts by what is in it, so that cookies which were exported anew are seen.

    Args:
        salt: the workspace's; it is asked for only where a secret may be given.

    Raises:
        EnvironmentMissing: the salt cannot be read or made.
    """
    plain = asdict(config) | {"source": () if config.source == ("youtube",) else config.source}  # the default's name
    public = {key: plain[key] for key in PUBLIC}
    secret = {key: plain[key] for key in SECRET if plain[key]}
    if not any(may_hold_secrets(template) for template in config.source):
        public["source"] = secret.pop("source", ())
    if config.cookies_file:
        secret["cookies_file"] = _content(config.cookies_file)
    return _digits(public) + (_digits(secret, salt.key()) if secret else "")


def source_digits(config: DownloadConfig, salt: Salt) -> str:
    """Digits that tell one source from another, as `fingerprint` does of all that is configured."""
    return fingerprint(DownloadConfig(source=config.source, media=config.media), salt)


def may_hold_secrets(template: str) -> bool:
    """Whether an address has a place for a user, a password or a token."""
    return any(letter in template for letter in "@?#")


def _content(path: str) -> str:
    """The sha256 of a file's content; empty where it cannot be read."""
    try:
        return hashlib.sha256(Path(path).expanduser().read_bytes()).hexdigest()
    except OSError:
        return ""


def _digits(plain: dict[str, Any], key: bytes = b"") -> str:
    text = json.dumps(plain, sort_keys=True).encode()
    return hashlib.blake2b(text, key=key, digest_size=_DIGITS // 2).hexdigest()
