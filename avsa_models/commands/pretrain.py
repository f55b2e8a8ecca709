"""The command `pretrain`."""

from pathlib import Path

import click


@click.command()
@click.option(
    "--config", "config_name", required=True, metavar="PRESET-OR-FILE", help="A preset, such as tiny, or FILE.toml."
)
@click.option(
    "--shards",
    required=True,
    multiple=True,
    type=click.Path(path_type=Path),
    help="Panoramas: shards, a folder of them or a workspace. Repeatable.",
)
@click.option("--out", "run", required=True, metavar="RUN", type=click.Path(path_type=Path), help="The run's folder.")
@click.option("--set", "settings", multiple=True, metavar="SECTION.KEY=VALUE", help="Override a value. Repeatable.")
@click.option("--workers", type=click.IntRange(0), help="Processes that prepare samples.  [default: run.workers]")
def pretrain(
    config_name: str, shards: tuple[Path, ...], run: Path, settings: tuple[str, ...], workers: int | None
) -> None:
    """Pretrain a model on panorama shards, into the folder RUN.

    First it learns which sound belongs to which picture (stage avc), then which sound belongs to which viewpoint
    of a moment (stage avsa). It runs on the CPU; a GPU is not used. Whatever ends it, the same command goes on from
    the last checkpoint and comes to the same weights, with the same versions of the libraries and as many threads.
    What 'avsa bench' alone takes (benchmark.*) may be set otherwise at any time. RUN/log.jsonl has a line a step;
    RUN/config.toml has every key that --set takes.

    \b
    Example:
      avsa pretrain --config tiny --shards W/shards --out RUN --set avsa.steps=3000 --set run.seed=1
      tensorboard --logdir RUN/tensorboard
    """
    from avsa_models.checkpoint import NAME
    from avsa_models.config import STAGES, load_config
    from avsa_models.pretrain import pretrain as pretrain_model

    if workers is not None:
        settings = (*settings, f"run.workers={workers}")
    config = load_config(config_name, settings)
    checkpoint = pretrain_model(config, shards, run)
    steps = ", ".join(f"{name} {config.stage(name).steps} steps" for name in STAGES)
    click.echo(f"finished    {steps}; {len(checkpoint.trained_video_ids)} videos")
    click.echo(f"checkpoint  {run / NAME}")
