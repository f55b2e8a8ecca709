"""``yt360 demo``: a small world whose truth is known."""

import json
import shlex
from pathlib import Path

import click


@click.command()
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option("--videos", default=8, show_default=True, help="How many videos.")
@click.option("--seconds", default=24.0, show_default=True, help="The length of each video.")
@click.option("--seed", default=0, show_default=True, help="The world is a function of it and the options.")
@click.option(
    "--projection",
    type=click.Choice(["mix", "er", "eac"]),
    default="mix",
    show_default=True,
    help="Equirectangular, YouTube's equi-angular cube, or both and stereo.",
)
@click.option("--width", default=960, show_default=True, help="The picture's width, a multiple of 8.")
@click.option("--fps", default=24.0, show_default=True, help="Frames a second.")
@click.option("--test-share", default=0.25, show_default=True, help="How much of the videos is for testing.")
@click.option("--workers", type=int, default=None, help="Processes; all processors unless given.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def demo(
    out: Path,
    videos: int,
    seconds: float,
    seed: int,
    projection: str,
    width: int,
    fps: float,
    test_share: float,
    workers: int | None,
    as_json: bool,
) -> None:
    """Render 360° videos with spatial audio whose truth is known into the folder OUT.

    Ten classes of objects, each with a look and a sound of its own, rest and move anywhere on the sphere,
    among silent ones that only look like objects; every one to three seconds all is new. The files are
    like YouTube's: H.264 and VP9, equirectangular and equi-angular cube, sound as four ambisonic channels.
    OUT/truth.json tells what is where. The same options give the same files, and running the command
    again finishes a world that was interrupted.

    \b
    Example:
      yt360 demo world --videos 40 --seed 7
      yt360 rebuild world/manifest.csv --media world/media --workspace work
    """
    from yt360_tools.config import SegmentConfig
    from yt360_tools.demo.options import DemoOptions
    from yt360_tools.demo.world import make_world

    options = DemoOptions(
        videos=videos,
        seconds=seconds,
        seed=seed,
        projection=projection,
        width=width,
        fps=fps,
        test_share=test_share,
    )
    world = make_world(options, out, workers=workers)
    words = ["yt360", "rebuild", str(world.manifest), "--media", str(world.media), "--workspace", "W"]
    words += [] if seconds >= SegmentConfig.clip_s else ["--clip-s", f"{seconds / 2:g}"]
    next_step = shlex.join(words)
    if as_json:
        summary = {
            "videos": world.videos,
            "rendered": world.rendered,
            "hours": world.hours,
            "manifest": str(world.manifest),
            "media": str(world.media),
            "truth": str(world.truth),
            "next": next_step,
        }
        click.echo(json.dumps(summary))
        return
    click.echo(f"{world.videos} videos, {world.hours:.2f} hours ({world.rendered} rendered now)")
    click.echo(f"manifest  {world.manifest}\nmedia     {world.media}\ntruth     {world.truth}")
    click.echo(f"next      {next_step}")
