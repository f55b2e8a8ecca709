"""Commands on manifests, each group of them in a file of its own."""

import click

from yt360_tools.cli.manifest_lists import fetch, import_
from yt360_tools.cli.manifest_stats import stats


@click.group()
def manifest() -> None:
    """Make manifests of published lists, and ask them what they hold.

    \b
    Example:
      yt360 manifest stats clips.csv
    """


for command in (stats, fetch, import_):
    manifest.add_command(command)
