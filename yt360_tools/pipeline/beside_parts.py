"""What lies beside a run in the folder that it is given: parts of one job each, or the workspace that joins them.

A folder ``W`` holds ``part-0001-of-0002/ledger.sqlite`` for each job, and ``ledger.sqlite`` once they are joined.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from yt360_tools.config import Config, as_plain
from yt360_tools.errors import EnvironmentMissing, TransientError, UsageError
from yt360_tools.pipeline.found_workspaces import agreed_options, options_of
from yt360_tools.pipeline.options import LASTING
from yt360_tools.pipeline.parts import Selection
from yt360_tools.pipeline.workspace import Workspace


def refuse_unjoined(named: Path, selection: Selection) -> None:
    """Refuse to work on a whole list where parts of it lie that nobody has joined: all would be done twice.

    Args:
        named: the workspace, as somebody wrote it.

    Raises:
        UsageError: as for a command that only reads.
    """
    workspace = Workspace(named.resolve())
    if selection.part is None and not workspace.ledger.exists() and workspace.parts():
        raise workspace.missing(named)


def refuse_unlike(
    part: Workspace, config: Config, remembered: Collection[str], above: Path, stages: Collection[str]
) -> None:
    """Refuse to begin a part with other options than what it will be joined with.

    Args:
        remembered: the sections that the part has begun with already, and keeps.
        above: the folder of all parts.
        stages: those that will be run; the options of others are not fixed yet.

    Raises:
        UsageError: the workspace above, or another part, was begun with others; names the first option.
    """
    asked = {
        section: as_plain(getattr(config, section))
        for section in LASTING
        if section in stages and section not in remembered
    }
    for root, options in _options_beside(part, above):
        try:
            agreed_options({root: options, part.root: asked})
        except UsageError as error:
            raise UsageError(f"{error}; give the same options, or name a new workspace") from error
        asked = {section: kept for section, kept in asked.items() if section not in options}
        if not asked:  # what lies there agrees, or has been refused itself
            return


def _options_beside(part: Workspace, above: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The options of the workspace above, then those of the other parts, each by its root."""
    parts = [root for roots in Workspace(above).parts().values() for root in roots]
    for root in (above, *parts):
        if root == part.root:
            continue
        try:
            yield from options_of(Workspace(root)).items()
        except (EnvironmentMissing, TransientError):
            continue  # another job is just making it
