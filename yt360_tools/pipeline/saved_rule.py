"""The file beside a list of clips that says how they were found; it is a configuration that finds them again."""

import json
import textwrap
from typing import Any

from yt360_tools import __version__
from yt360_tools.files import write_whole
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.options import with_younger_options
from yt360_tools.pipeline.windows import RULE
from yt360_tools.pipeline.workspace import Workspace


def write_rule(ledger: Ledger, workspace: Workspace) -> None:
    """Lay down ``clips.toml``, once the workspace has options of its own.

    Raises:
        EnvironmentMissing: it cannot be written.
    """
    kept = ledger.options().get("segment")
    if kept is not None:
        write_whole(workspace.rule, rule_text(with_younger_options("segment", kept)).encode())


def rule_text(options: dict[str, Any]) -> str:
    """All options of the section ``segment`` as TOML, with the rule in words and the program's version above them."""
    words = [
        f"How the clips in clips.csv were found, by yt360-tools {__version__}. Rows of the manifest with times are "
        "taken as they are; of whole videos this is the rule:",
        RULE,
        "This file is a configuration: with --config it finds the same clips in another workspace.",
    ]
    lines = [line for text in words for line in [*textwrap.wrap(text, 116), ""]][:-1]
    head = "".join(f"# {line}".rstrip() + "\n" for line in lines)
    # JSON's numbers, strings and booleans are TOML's as well.
    return head + "\n[segment]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in options.items())
