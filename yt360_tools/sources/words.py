"""What servers say, made fit for a terminal and a ledger."""

import re

_UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
"""Control characters (a terminal obeys them), what turns the direction of writing, and halves of characters."""


def one_line(text: str) -> str:
    """A text in one line: what would be obeyed rather than shown, and what no file can hold, becomes a space."""
    return " ".join(_UNSHOWN.sub(" ", text).split())
