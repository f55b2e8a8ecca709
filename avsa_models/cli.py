"""The command line `avsa`: each command parses, calls one function, and prints.

Results go to stdout, messages to stderr. Exit codes are those of `yt360`. Nothing here imports torch before a
command runs, so that ``avsa --help`` answers at once.
"""

import logging
import os
import shlex
import sys
import traceback

import click

from avsa_models.commands.bench import bench
from avsa_models.commands.pretrain import pretrain
from avsa_models.commands.tour import tour
from yt360_tools import __version__
from yt360_tools.errors import EXIT_BUG, EXIT_ENVIRONMENT, EXIT_INTERRUPTED, Interrupted, Yt360Error


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="avsa")
@click.option("-q", "--quiet", is_flag=True, help="Tell no progress; warnings and results only.")
def avsa(quiet: bool) -> None:
    """Models that learn from panorama shards whether a sound comes from where a crop looks.

    \b
    Example, on shards that 'yt360 rebuild ... --layout panorama' made in the workspace W:
      avsa pretrain --config tiny --shards W --out RUN
      avsa bench avsa-bin --checkpoint RUN --shards W

    \b
    Exit codes: 0 done; 1 a bug; 2 usage; 3 something failed or is damaged; 4 the environment lacks
    something; 130 interrupted, and the same command goes on.
    """
    logging.basicConfig(level=logging.WARNING if quiet else logging.INFO, format="%(message)s")


for command in (pretrain, bench, tour):
    avsa.add_command(command)


def main() -> None:
    """Run the command line and exit with the code that fits how it ended."""
    try:
        sys.exit(avsa(standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except Interrupted as error:
        click.echo(f"interrupted: {error}; go on with\n  {shlex.join(['avsa', *sys.argv[1:]])}", err=True)
        sys.exit(EXIT_INTERRUPTED)
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted: what is done is kept; run the same command again to go on", err=True)
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left to flush
        sys.exit(0)
    except Yt360Error as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        if error.name not in ("torch", "torchmetrics", "tensorboard"):
            raise
        click.echo(
            f"error: {error.name} is not installed; the models need: pip install 'yt360-tools[models]'", err=True
        )
        sys.exit(EXIT_ENVIRONMENT)
    except Exception:
        traceback.print_exc()
        click.echo("this is a bug in avsa: please report it with the lines above", err=True)
        sys.exit(EXIT_BUG)
