"""What a workspace remembers of its options, and what a new run may ask for."""

from pathlib import Path
from typing import Any

from yt360_tools.config import Config, Overrides, as_plain, merge, resolve
from yt360_tools.errors import UsageError
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.validate import check_validate_options
from yt360_tools.pipeline.views import check_view_options

LASTING = ("segment", "build")
"""The stages whose options shape the shards: from their first run on, a workspace keeps them for life."""

_BEFORE: dict[str, dict[str, Any]] = {"segment": {"most_silent_s": 0.0}}
"""What a workspace that is older than an option did, where that is not what the option's default does."""


def agreed_config(remembered: dict[str, Any], overrides: Overrides, root: Path) -> Config:
    """The remembered options where nothing else is asked for.

    Args:
        remembered: by section, as `remember` laid them down.
        root: the workspace, for the message.

    Raises:
        UsageError: something else is asked for, or options that exclude each other.
    """
    overrides = with_implied_layout(overrides)
    remembered = {section: with_younger_options(section, kept) for section, kept in remembered.items()}
    for section, kept in remembered.items():
        for key, value in overrides.get(section, {}).items():
            asked = list(value) if isinstance(value, tuple) else value
            if key in kept and asked != kept[key]:
                raise UsageError(
                    f"workspace {root} was begun with {section}.{key} = {kept[key]!r}, and {asked!r} is asked "
                    "for now: leave the option out, or name a new workspace"
                )
    kept_options: Overrides = {
        section: {key: tuple(value) if isinstance(value, list) else value for key, value in entries.items()}
        for section, entries in remembered.items()
    }
    return resolve(merge(overrides, kept_options))


def with_younger_options(section: str, kept: dict[str, Any]) -> dict[str, Any]:
    """What a workspace remembers of a section, with the options that are younger than it as it did without them."""
    return {**as_plain(getattr(resolve({}), section)), **_BEFORE.get(section, {}), **kept}


def check_options(config: Config) -> None:
    """Refuse options that no stage could work with, before the first one begins.

    Raises:
        UsageError: views, faces or channels are none, or a budget is given that nothing keeps.
    """
    check_view_options(config.build)
    check_validate_options(config.validate)
    if config.download.raw_budget_gb and not config.download.discard_raw:
        raise UsageError("--raw-budget-gb goes with --discard-raw: without it, raw media stay and take what they take")


def with_implied_layout(overrides: Overrides) -> Overrides:
    """The options with the layout that asking for views implies.

    Raises:
        UsageError: views are asked for, and a layout that has its own, or both a set and single views.
    """
    build = overrides.get("build", {})
    if build.get("view") and "views" in build:
        raise UsageError(
            f"either a set of views or single ones: got views {build['views']!r} and view "
            f"{', '.join(build['view'])!r}; leave one out"
        )
    if "views" not in build and "view" not in build:
        return overrides
    layout = build.get("layout", "viewport")
    if layout != "viewport":
        raise UsageError(f"views are chosen for the layout 'viewport'; with {layout!r} leave out view and views")
    return merge(overrides, {"build": {"layout": layout}})


def remember(ledger: Ledger, config: Config, stage: str) -> None:
    """Fix a stage's options in the ledger, if they shape the shards."""
    if stage in LASTING:
        ledger.remember_options({stage: as_plain(getattr(config, stage))})
