"""The command `bench`."""

import json
from pathlib import Path

import click

from avsa_models.benchmarks import BENCHMARK_NAMES


@click.command()
@click.argument("benchmark", type=click.Choice(BENCHMARK_NAMES))
@click.option(
    "--checkpoint", "run", required=True, type=click.Path(path_type=Path), help="A run's folder, or a checkpoint."
)
@click.option(
    "--shards",
    required=True,
    multiple=True,
    type=click.Path(path_type=Path),
    help="Panoramas: shards, a folder of them or a workspace. Repeatable.",
)
@click.option("--views", type=click.Choice(["1", "4"]), default="4", show_default=True, help="Viewpoints a moment.")
@click.option("--workers", type=click.IntRange(0), help="Processes that prepare pairs.  [default: the run's]")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="SECTION.KEY=VALUE",
    help="Evaluate otherwise than the run says: benchmark.KEY, or run.test_split. Repeatable.",
)
@click.option("--allow-leak", is_flag=True, help="Measure on videos that were trained on, too, and say so.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def bench(
    benchmark: str,
    run: Path,
    shards: tuple[Path, ...],
    views: str,
    workers: int | None,
    settings: tuple[str, ...],
    allow_leak: bool,
    as_json: bool,
) -> None:
    """How often a trained model is right about videos that it has not seen.

    The model is frozen, and a head of two layers learns from what it makes of the training split to tell pairs of
    picture and sound that belong together from others. avc-bin: the others' sound is of another video. avsa-bin: it
    is their own, turned about the vertical. Half of the pairs are aligned, so 50 % is chance; the interval says how
    far other videos might lie apart. Heads that are given the sound or the picture alone are to stay at chance.

    \b
    Example:
      avsa bench avsa-bin --checkpoint RUN --shards W/shards
    """
    from avsa_models.benchmarks.measure import measure
    from avsa_models.benchmarks.table import outcome_table

    measured = measure(
        benchmark, run, shards, views=int(views), workers=workers, allow_leak=allow_leak, settings=settings
    )
    outcome = measured.to_dict()
    if as_json:
        click.echo(json.dumps(outcome, indent=2))
        return
    where = outcome["checkpoint"]
    click.echo(f"{benchmark}: {measured.question}")
    each = "1 view" if views == "1" else f"{views} views"
    click.echo(f"stage {where['stage']}, step {where['step']}; {each}; {outcome['features']}\n")
    click.echo(outcome_table([outcome]))
    for warning in measured.warnings:
        click.echo(f"\nBeware: {warning}.")
