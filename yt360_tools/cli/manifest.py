"""Commands on manifests, each group of them in a file of its own."""

import click

from yt360_tools.cli.manifest_lists import fetch, import_, list_
from yt360_tools.cli.manifest_parts import diff, merge, subset
from yt360_tools.cli.manifest_sql import overlap, query
from yt360_tools.cli.manifest_stats import check, stats


@click.group()
def manifest() -> None:
    """Make manifests of published lists, and ask them what they hold.

    \b
    Example:
      yt360 manifest stats clips.csv
    """


for command in (stats, check, fetch, import_, list_, query, overlap, subset, merge, diff):
    manifest.add_command(command)
