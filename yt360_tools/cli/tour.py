"""The command `tour`."""

import sys
from pathlib import Path

import click


@click.command()
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option("--videos", default=400, show_default=True, type=click.IntRange(1), help="How many videos to render.")
@click.option("--seconds", default=24.0, show_default=True, type=click.FloatRange(10), help="The length of each.")
@click.option("--width", default=480, show_default=True, help="The pictures' width, a multiple of 8.")
@click.option("--fps", default=16.0, show_default=True, help="Frames a second.")
@click.option("--seed", default=1, show_default=True, help="Of the world.")
@click.option("--workers", type=click.IntRange(1), help="Worker processes.  [default: all processors]")
def tour(out: Path, videos: int, seconds: float, width: int, fps: float, seed: int, workers: int | None) -> None:
    """Run the whole line on a world that is made on the spot, into the folder OUT.

    Renders 360° videos, builds panorama shards of all and viewport shards of the first few, verifies these,
    draws a contact sheet, and says what was made, where it is and what to try next. Run again, it goes on
    where it was.

    \b
    Example:
      yt360 tour demo-world --videos 8
    """
    from yt360_tools.demo.options import DemoOptions
    from yt360_tools.pipeline.executors import default_workers
    from yt360_tools.tour import run_tour

    options = DemoOptions(videos=videos, seconds=seconds, width=width, fps=fps, seed=seed)
    done = run_tour(out, options, workers=workers or default_workers(), say=lambda text: click.echo(text, err=True))
    click.echo()
    for stop in done.stops:
        click.echo(f"{stop.what:<17} {stop.how_much:<32} {stop.seconds:>6.1f} s  {stop.where}")
    click.echo(
        f"\nLook at {done.sheet}: frames with the sound's energy laid over, what the views see, levels over time.\n"
        f"What to try next ({sys.argv[0]} is the command):\n"
        f"  yt360 shard info {out}/panorama\n"
        f"  yt360 rebuild {out}/viewport.csv --media {out}/world/media --workspace {out}/cube --layout cube"
    )
    if done.exit_code:
        click.get_current_context().exit(done.exit_code)
