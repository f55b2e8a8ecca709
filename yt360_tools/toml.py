"""TOML, read in one place."""

import sys
from pathlib import Path
from typing import Any

from yt360_tools.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def load_toml(path: Path, what: str) -> dict[str, Any]:
    """The values of a TOML file, as they stand; `what` it is, for the message.

    Raises:
        UsageError: it is not there, or not TOML.
    """
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise UsageError(f"{what} {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{what} {path} is not TOML: {error}") from error


def parse_value(text: str) -> Any:
    """One value as TOML writes it, such as ``[25, 90]``; what is not TOML is a word, which so needs no quotes."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
