"""The command `project`."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from yt360_tools.explore.project_asked import Projected
    from yt360_tools.explore.project_source import InputHints
    from yt360_tools.explore.project_track import SoundWish
    from yt360_tools.explore.project_views import Request

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("path", metavar="INPUT", type=_FILE)
@click.option("--out", "-o", required=True, type=_FILE, help="The file to write; its ending says what it is.")
@click.option("--to", required=True, metavar="viewport|cube|er|eac", help="What to make of it.")
@click.option("--yaw", default=0.0, show_default=True, help="Where the middle looks, in degrees; left is positive.")
@click.option("--pitch", default=0.0, show_default=True, help="And how far up, -90 to 90.")
@click.option("--roll", default=0.0, show_default=True, help="And how far turned clockwise about that axis.")
@click.option(
    "--path",
    "path_file",
    type=_FILE,
    help="CSV of where a viewport looks over time: the columns time_s, yaw_deg, pitch_deg and, if wanted, roll_deg, "
    "hfov_deg. Between rows it follows great circles; two rows of one time are a cut.",
)
@click.option("--hfov", type=float, help="A viewport's true horizontal opening angle.  [default: 90]")
@click.option("--vfov", type=float, help="Its vertical one.  [default: square pixels]")
@click.option(
    "--size",
    default="",
    metavar="S|WxH",
    help="Pixels: S is a viewport's side, an ER picture's width, a face's side.  [default: as fine as the input]",
)
@click.option(
    "--to-faces",
    default="",
    metavar="ARRANGEMENT:ORDER[:TURNS]",
    help="How a cube's faces are laid.  [default: 3x2:FRBLUD; in videos 3x2:RLUDFB:002200, which headers can name]",
)
@click.option(
    "--interpolation",
    default="linear",
    show_default=True,
    metavar="nearest|linear|cubic|lanczos",
    help="Between the input's pixels; nearest for pictures of labels.",
)
@click.option("--from", "from_", default="", metavar="er|eac|cubemap", help="What the input is.  [default: as it says]")
@click.option(
    "--stereo",
    default="",
    metavar="mono|top-bottom|left-right|bottom-top|right-left",
    help="How two eyes lie in it, the left one's place first.  [default: as it says]",
)
@click.option("--eye", default="left", show_default=True, metavar="left|right", help="Which eye is taken.")
@click.option("--faces", default="", metavar="ARRANGEMENT:ORDER[:TURNS]", help="How the faces of an input cubemap lie.")
@click.option(
    "--bounds", default="", metavar="TOP,BOTTOM,LEFT,RIGHT", help="The shares that a cropped input lacks, 0 to 1."
)
@click.option(
    "--pose",
    default="metadata",
    show_default=True,
    metavar="metadata|ignore|YAW,PITCH,ROLL",
    help="Where in the world the input's middle lies.",
)
@click.option(
    "--pose-signs",
    default="+++",
    show_default=True,
    metavar="+++|-++|...",
    help="How a header's yaw, pitch and roll count; -++ for a yaw to the right.",
)
@click.option(
    "--eac-border", type=float, help="Pixels of an EAC input's border; 0 for some that ffmpeg made.  [default: 2]"
)
@click.option("--start", type=float, help="From when on, in seconds on the video's clock.  [default: its start]")
@click.option("--end", type=float, help="Until when.  [default: its end]")
@click.option("--fps", type=float, help="Frames a second.  [default: every frame of the input, at its own time]")
@click.option("--sound", type=_FILE, help="Another file with the sound, on the same clock.")
@click.option("--no-sound", is_flag=True, help="Leave the sound out.")
@click.option(
    "--turn-sound/--keep-sound", default=True, show_default=True, help="Whether the sound turns with the picture."
)
@click.option("--turn-sound-with-pose", is_flag=True, help="Let the pose that turns the input turn its sound too.")
@click.option(
    "--channel-map",
    default="auto",
    show_default=True,
    metavar="auto|N,N,N,N",
    help="Which channels are W, Y, Z, X, counted from 0, such as 2,1,4,0.",
)
@click.option("--beam", default="", metavar="PATTERN", help="Write one channel: a microphone along the view.")
@click.option("--codec", default="", metavar="h264|vp9|ffv1", help="Of the pictures.  [default: the container's own]")
@click.option("--sound-codec", default="", metavar="aac|opus|flac|pcm", help="Of the sound.  [default: likewise]")
@click.option(
    "--quality", type=int, help="CRF of a video, 0 is best; of JPEG and WebP 1 to 100.  [default: 18, VP9 24; 95]"
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def project(path: Path, out: Path, as_json: bool, **options: Any) -> None:
    """Turn a 360° picture, or a video with its sound, into another projection.

    INPUT is a picture (PNG, JPEG, WebP, TIFF) or a video, equirectangular (er), an equi-angular cubemap (eac) or a
    cubemap of plain faces, mono or stereo. What comes to the middle of the new picture is heard from the front: the
    ambisonic sound turns with it. The frames of a video keep their times; a name of a picture as output takes the frame
    at --start.

    \b
    Examples:
      yt360 project panorama.png -o view.png --to viewport --yaw 30 --pitch 10 --hfov 75 --size 640x480
      yt360 project video.mp4 -o view.mp4 --to viewport --path directions.csv --size 1280x720
      yt360 project youtube.webm -o panorama.mkv --to er --size 1920
      yt360 project panorama.jpg -o faces.png --to cube --size 512
    """
    from yt360_tools.errors import Interrupted
    from yt360_tools.explore.project import project as turn
    from yt360_tools.explore.project_asked import Settings, Span
    from yt360_tools.media.writing import Encoding

    encoding = Encoding(options["codec"], options["sound_codec"], options["quality"])
    try:
        done = turn(
            path,
            out,
            _request(options),
            hints=_hints(options),
            sound=_sound_wish(options),
            span=Span(options["start"], options["end"], options["fps"]),
            settings=Settings(options["interpolation"], encoding),
            note=lambda text: click.echo(text, err=True),
            progress=_with_bar,
        )
    except KeyboardInterrupt:
        raise Interrupted(f"interrupted: {out} was not written") from None
    _print(done, as_json)


def _request(options: dict[str, Any]) -> "Request":
    from yt360_tools.explore.project_views import Request
    from yt360_tools.geometry import Direction

    return Request(
        to=options["to"],
        direction=Direction(options["yaw"], options["pitch"], options["roll"]),
        hfov_deg=options["hfov"],
        vfov_deg=options["vfov"],
        size=options["size"],
        faces=options["to_faces"],
        path=options["path_file"],
    )


def _hints(options: dict[str, Any]) -> "InputHints":
    from yt360_tools.explore.project_source import InputHints

    return InputHints(
        projection=options["from_"],
        stereo=options["stereo"],
        faces=options["faces"],
        bounds=options["bounds"],
        pose=options["pose"],
        pose_signs=options["pose_signs"],
        eye=options["eye"],
        eac_border_px=options["eac_border"],
    )


def _sound_wish(options: dict[str, Any]) -> "SoundWish":
    from yt360_tools.explore.project_track import SoundWish

    return SoundWish(
        is_wanted=not options["no_sound"],
        file=options["sound"],
        channel_map=options["channel_map"],
        turns=options["turn_sound"],
        turns_with_pose=options["turn_sound_with_pose"],
        beam=options["beam"],
    )


def _with_bar(frames: Iterable[Any], total: int) -> Iterable[Any]:
    from tqdm import tqdm

    return tqdm(frames, total=total, desc="project", unit="frame", disable=None)


def _print(done: "Projected", as_json: bool) -> None:
    layout = done.layout
    if as_json:
        summary = {
            "output": str(done.output),
            "to": done.to,
            "width": done.width,
            "height": done.height,
            "frames": done.frames,
            "seconds": done.seconds,
            "sound_channels": done.sound_channels,
            "sample_rate_hz": done.sample_rate_hz,
            "input": {
                "projection": layout.projection,
                "stereo": layout.stereo,
                "decided_by": layout.decided_by,
                "faces": layout.faces,
                "bounds": list(layout.bounds),
                "pose_deg": list(layout.pose_deg),
            },
        }
        click.echo(json.dumps(summary, indent=2))
        return
    text = f"{done.output}: {done.to} {done.width}x{done.height}"
    if done.seconds:
        sound = f"{done.sound_channels} channels at {done.sample_rate_hz} Hz" if done.sound_channels else "no sound"
        text += f", {done.frames} frames, {done.seconds:g} s, {sound}"
    click.echo(text)
