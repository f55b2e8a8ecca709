"""A few digits that tell one configuration of downloads from another, for the ledger, which people pass on.

They are of two kinds. Eight tell all that is no secret. Two more tell the whole with its passwords and tokens: a
changed password is seen 255 times of 256, and who guesses passwords with the ledger in hand can rule out no more.
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from yt360_tools.config import DownloadConfig
from yt360_tools.sources.secrets import cut_addresses

PACE = (
    "jobs", "attempts", "pause_s", "pause_max_s", "jitter", "wait_s", "brake_s", "brake_stops", "min_free_gb",
    "timeout_s", "rate_limit_mb_s", "sleep_s", "discard_raw", "raw_budget_gb",
)  # fmt: skip
"""The keys that change how we ask and where it is kept, not what we are offered."""


def fingerprint(config: DownloadConfig) -> str:
    """Ten hexadecimal digits of what decides what we are offered.

    A cookie file counts by what is in it, so that cookies which were exported anew are seen.
    """
    kept = {key: value for key, value in asdict(config).items() if key not in PACE}
    if config.cookies_file:
        try:
            kept["cookies_file"] = hashlib.sha256(Path(config.cookies_file).expanduser().read_bytes()).hexdigest()
        except OSError:
            kept["cookies_file"] = ""
    return _digits(_public(kept), 8) + _digits(kept, 2)


def source_digits(config: DownloadConfig) -> str:
    """Ten digits that tell one source from another, as `fingerprint` does of all that is configured."""
    return fingerprint(DownloadConfig(source=config.source, media=config.media))


def _public(kept: dict[str, Any]) -> dict[str, Any]:
    """What is no secret of a configuration."""
    return kept | {
        "source": [cut_addresses(template) for template in kept["source"]],
        "proxy": bool(kept["proxy"]),
        "cookies_from_browser": kept["cookies_from_browser"].partition(":")[0],
        "extractor_args": [
            [pair.partition("=")[0] for pair in argument.split(";")] for argument in kept["extractor_args"]
        ],
    }


def _digits(plain: dict[str, Any], count: int) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True, default=str).encode()).hexdigest()[:count]
