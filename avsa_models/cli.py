"""The command line `avsa`."""

import click

from yt360_tools import __version__


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="avsa")
def avsa() -> None:
    """Models that learn from shards whether a sound comes from where a crop looks.

    The data line comes first: 'yt360 --help' makes the shards.
    """


def main() -> None:
    """Run the command line."""
    avsa()
