"""What a user thinks of findings: codes that are tolerated, codes that are refused."""

import dataclasses
from collections.abc import Collection, Iterable

from yt360_tools.errors import UsageError, nearest
from yt360_tools.examine.codes import CODES
from yt360_tools.examine.findings import SEVERITIES, Finding

BEYOND_USE = (
    "empty_file", "unreadable_video", "unreadable_sound", "no_picture", "no_sound", "truncated", "too_few_channels",
    "unexpected_channels", "unsupported_projection", "unknown_faces", "not_equirectangular", "no_overlap",
    "decode_timeout", "too_long_to_examine", "missing_media", "ambiguous_media",
)  # fmt: skip
"""Codes that no tolerance helps: nothing could be built."""


def check_codes(codes: Iterable[str], setting: str) -> None:
    """Refuse what is no code.

    Raises:
        UsageError: names the first word that is none, and the nearest.
    """
    for code in codes:
        if code not in CODES:
            raise UsageError(f"{setting}: {code!r} is nothing that an examination finds{nearest(code, CODES)}")
        if setting.endswith("tolerate") and code in BEYOND_USE:
            raise UsageError(f"{setting}: {code!r} cannot be tolerated: nothing could be built of such a file")


def check_rules(tolerate: Collection[str], refuse: Collection[str]) -> None:
    """Refuse what is no code, or is tolerated and refused.

    Raises:
        UsageError: names the first such word.
    """
    check_codes(tolerate, "validate.tolerate")
    check_codes(refuse, "validate.refuse")
    for code in tolerate:
        if code in refuse:
            raise UsageError(f"{code!r} is to be tolerated and refused: leave one out")


def judged(findings: Iterable[Finding], *, tolerate: Collection[str], refuse: Collection[str]) -> tuple[Finding, ...]:
    """The findings as a user takes them, the gravest first: a tolerated one is a note, a refused one rejects."""
    found = []
    for finding in findings:
        severity = finding.severity
        if finding.code in refuse:
            severity = "reject"
        elif finding.code in tolerate and severity != "fix":
            severity = "note"
        found.append(dataclasses.replace(finding, severity=severity))
    return tuple(sorted(found, key=lambda one: -SEVERITIES.index(one.severity)))
