"""The command `tour`."""

import shlex
from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--config", "preset", default="tiny", show_default=True, help="A preset, or a TOML file.")
@click.option("--set", "settings", multiple=True, metavar="SECTION.KEY=VALUE", help="Put over it. Repeatable.")
def tour(folder: Path, preset: str, settings: tuple[str, ...]) -> None:
    """Train on what 'yt360 tour FOLDER' made, and measure the model on videos that it has not seen.

    Trains in FOLDER/run on FOLDER/panorama, asks both benchmarks' questions, and says how often the model was right,
    where everything is and what to try next. Run again, it goes on where it was.

    \b
    Example:
      avsa tour demo-world
    """
    from avsa_models.benchmarks.table import outcome_table
    from avsa_models.config import load_config
    from avsa_models.tour import run_tour

    done = run_tour(folder, load_config(preset, settings), say=lambda text: click.echo(text, err=True))
    run, shards, other = (shlex.quote(str(path)) for path in (done.run, done.shards, folder / "run-logmel"))
    like_this = "".join(f" --set {shlex.quote(setting)}" for setting in settings)
    click.echo()
    for outcome in done.outcomes:
        click.echo(f"{outcome['benchmark']}: {outcome['question']}")
    click.echo(f"\n{outcome_table(done.outcomes)}\n")
    for warning in dict.fromkeys(warning for outcome in done.outcomes for warning in outcome["warnings"]):
        click.echo(f"Beware: {warning}.")
    click.echo(
        "Measured on videos that no training has seen; the interval says how far other such videos might lie apart.\n"
        f"Results: {done.run}/bench; the model: {done.run}/checkpoint.pt; its course: {done.run}/tensorboard\n"
        "What to try next:\n"
        f"  avsa bench avsa-bin --checkpoint {run} --shards {shards} --views 1\n"
        f"  avsa bench avsa-bin --checkpoint {run} --shards {shards} --json\n"
        f"  avsa pretrain --config {shlex.quote(preset)}{like_this} --set features.kind=logmel "
        f"--shards {shards} --out {other}\n"
        f"  tensorboard --logdir {run}/tensorboard"
    )
