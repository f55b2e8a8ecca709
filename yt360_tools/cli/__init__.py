"""The command line: each command parses, calls one function of the library, and prints.

Results go to stdout, messages to stderr. Exit codes: 0 all done, or rejected for the data's fault;
1 a bug; 2 usage; 3 something failed and may heal; 4 a tool or the environment is missing; 130 interrupted.
"""

import errno
import logging
import os
import sys
import threading
import traceback

import click

from yt360_tools import __version__
from yt360_tools.cli.demo import demo
from yt360_tools.cli.doctor import doctor
from yt360_tools.cli.inspect import inspect
from yt360_tools.cli.ledger import ledger
from yt360_tools.cli.line import build, download, rebuild, segment, status, validate
from yt360_tools.cli.manifest import manifest
from yt360_tools.cli.project import project
from yt360_tools.cli.shard import shard
from yt360_tools.cli.sheets import sheets
from yt360_tools.cli.sound import sound
from yt360_tools.cli.survival import survival
from yt360_tools.cli.tour import tour
from yt360_tools.errors import EXIT_BUG, EXIT_ENVIRONMENT, EXIT_INTERRUPTED, Yt360Error


class _Commands(click.Group):
    """Click makes a reader that goes away, as in ``yt360 ... | head``, an exit code of 1, which is a bug's."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left to flush
            return None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="yt360")
@click.option("-v", "--verbose", is_flag=True, help="Say more on stderr.")
def yt360(verbose: bool) -> None:
    """From a manifest of 360° clips with spatial audio to HDF5 shards.

    \b
    Example, on a world that is made on the spot:
      yt360 demo world --videos 4 --seconds 24 --seed 1
      yt360 rebuild world/manifest.csv --media world/media --workspace work
      yt360 shard info work/shards

    \b
    Exit codes: 0 all done, or rejected for the data's fault; 1 a bug; 2 usage; 3 something failed and
    may heal; 4 a tool or the environment is missing; 130 interrupted.
    """
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(levelname)s: %(message)s")


for command in (
    rebuild,
    download,
    validate,
    segment,
    build,
    status,
    inspect,
    sheets,
    ledger,
    survival,
    shard,
    manifest,
    project,
    sound,
    demo,
    tour,
    doctor,
):
    yt360.add_command(command)


def main() -> None:
    """Run the command line and exit with the code that fits how it ended."""
    try:
        code = yt360(standalone_mode=False)
        sys.stdout.flush()
        sys.exit(code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted: what is done is kept; run the same command again to go on", err=True)
        sys.stdout.flush()
        if not any(thread.name.startswith("yt360") for thread in threading.enumerate()):
            sys.exit(EXIT_INTERRUPTED)
        os._exit(EXIT_INTERRUPTED)  # a download in a thread would hold an orderly exit until it has ended
    except BrokenPipeError:
        sys.exit(0)
    except OSError as error:
        if not _is_of_stdout(error):
            _end_with_a_bug()
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left to flush
        click.echo(f"error: standard output: {error.strerror}", err=True)
        sys.exit(EXIT_ENVIRONMENT)
    except Yt360Error as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except Exception:
        _end_with_a_bug()


def _is_of_stdout(error: OSError) -> bool:
    """Whether writing what a command says failed: a full disk behind ``> FILE``, and no file of a command's own."""
    return error.errno == errno.ENOSPC and error.filename is None


def _end_with_a_bug() -> None:
    traceback.print_exc()
    click.echo("this is a bug in yt360-tools: please report it with the lines above", err=True)
    sys.exit(EXIT_BUG)
