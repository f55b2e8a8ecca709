"""The options of the line's commands, by the section of the configuration that they belong to."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from yt360_tools.pipeline.parts import Selection


def line_options(*names: str) -> Callable[[Any], Any]:
    """Decorate a command with the options of some sections of the configuration."""

    def decorate(command: Any) -> Any:
        for name in reversed(names):
            for option in reversed(_OPTIONS[name]):
                command = option(command)
        return command

    return decorate


_OPTIONS: dict[str, list[Any]] = {
    "line": [
        click.argument("manifest", type=click.Path(path_type=Path)),
        click.option(
            "--workspace", "-w", required=True, type=click.Path(path_type=Path), help="Folder to work in; it remembers."
        ),
        click.option("--config", type=click.Path(path_type=Path), help="TOML file; options given here win over it."),
        click.option("--workers", type=click.IntRange(1), help="Worker processes.  [default: all processors]"),
        click.option("--split", multiple=True, metavar="NAME", help="Only the rows of a split; repeatable."),
        click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N videos of MANIFEST."),
        click.option(
            "--part",
            metavar="I/N",
            help="Only job I's share of N jobs, by video, in a folder of its own in the workspace; "
            "'yt360 ledger merge' joins them.",
        ),
        click.option("--retry-rejected", is_flag=True, help="Take up again what was rejected before."),
        click.option("--strict", is_flag=True, help="Exit with 3 when anything was rejected."),
        click.option("--json", "as_json", is_flag=True, help="Print the report as JSON."),
    ],
    "download": [
        click.option(
            "--source",
            multiple=True,
            metavar="youtube|URL",
            help="YouTube, or a URL template with {video_id}; {track} becomes video and audio, {ext} is tried. "
            "http(s)://, and what fsspec opens, such as s3://. "
            "Twice for picture and sound apart.  [default: youtube]",
        ),
        click.option("--media", metavar="DIR", help="Folder of <video_id>.video.* with .audio.*, or <video_id>.*"),
        click.option(
            "--retry",
            multiple=True,
            metavar="REASON|all",
            help="Ask now for videos that were not fetched, whatever they wait for; repeatable.",
        ),
    ],
    "discard": [
        click.option(
            "--discard-raw",
            is_flag=True,
            default=None,
            help="Fetch, build and remove a few videos at a time; shards are the same.",
        ),
        click.option(
            "--raw-budget-gb",
            type=float,
            metavar="X",
            help="With --discard-raw, what fetched media may take together.  [default: download.jobs videos]",
        ),
    ],
    "validate": [
        click.option(
            "--projection", metavar="auto|er|eac|cubemap", help="How the sphere lies in all videos.  [default: auto]"
        ),
        click.option(
            "--stereo",
            metavar="auto|mono|top-bottom|left-right|bottom-top|right-left",
            help="How two eyes lie in all videos, the left one's place first.  [default: auto]",
        ),
        click.option(
            "--faces",
            metavar="auto|ARRANGEMENT:ORDER[:TURNS]",
            help="How the faces lie in all cubemaps, such as 3x2:RLUDFB:002200: columns x rows, then front, right, "
            "back, left, up and down row by row, then quarter turns clockwise.  [default: auto]",
        ),
        click.option(
            "--examine/--no-examine",
            default=None,
            help="Whether to examine what picture and sound really are: accept, mend, doubt or reject "
            "(docs/examining.md); without it their headers count, and that they decode.  [default: --examine]",
        ),
        click.option("--tolerate", multiple=True, metavar="CODE", help="Take a finding as a note; repeatable."),
        click.option("--refuse", multiple=True, metavar="CODE", help="Reject for a finding; repeatable."),
        click.option(
            "--pose",
            metavar="metadata|ignore",
            help="Whether a pose in a file's header turns its picture.  [default: metadata]",
        ),
    ],
    "segment": [
        click.option("--clip-s", type=float, help="Length of the clips of whole videos.  [default: 10]"),
        click.option(
            "--min-level-dbfs", type=float, help="A window of a whole video that is quieter is no clip.  [default: -60]"
        ),
        click.option(
            "--scene-cuts",
            is_flag=True,
            default=None,
            help="No clip of a whole video reaches over a cut of its picture.",
        ),
    ],
    "build": [
        click.option(
            "--layout", metavar="panorama|viewport|cube", help="What pictures a clip gets.  [default: panorama]"
        ),
        click.option(
            "--views",
            metavar="cube|fibonacci:N|ring:N|random:K|sound:K[+...]",
            help="Set of viewports.  [default: ring:4]",
        ),
        click.option(
            "--view", multiple=True, metavar="YAW,PITCH[,ROLL[,HFOV]]", help="A viewport, in degrees; repeatable."
        ),
        click.option("--hfov", type=float, help="True horizontal opening angle of viewports.  [default: 90]"),
        click.option("--size", metavar="S|WxH", help="Pixels of a viewport or cube face.  [default: 224]"),
        click.option("--width", type=int, help="Width of a panorama in pixels.  [default: 448]"),
        click.option("--fps", type=float, help="Frames a second.  [default: 16]"),
        click.option("--sample-rate", type=int, help="Sound samples a second.  [default: 24000]"),
        click.option("--codec", metavar="jpeg|h264|raw", help="How frames are stored.  [default: jpeg]"),
        click.option("--quality", type=int, help="Of JPEG frames, 1 to 100.  [default: 90]"),
        click.option("--crf", type=int, help="Of h264 frames, 0 (lossless) to 51.  [default: 20]"),
        click.option("--sound-codec", metavar="int16|flac|float32", help="How sound is stored.  [default: int16]"),
        click.option(
            "--beam", help="A view's beam: omni, cardioid, supercardioid or hypercardioid.  [default: cardioid]"
        ),
        click.option("--eye", metavar="left|right", help="The eye that is taken of a stereo picture.  [default: left]"),
        click.option(
            "--turn-sound-with-pose",
            is_flag=True,
            default=None,
            help="Let the pose that turns a picture turn its sound too.",
        ),
        click.option("--shard-mb", type=float, help="Megabytes of clips a shard.  [default: 96]"),
        click.option("--seed", type=int, help="Of random:K.  [default: 0]"),
    ],
}

_SECTION_OF = {
    "source": "download", "media": "download", "discard_raw": "download", "raw_budget_gb": "download",
    "projection": "validate", "stereo": "validate", "faces": "validate",
    "pose": "validate", "examine": "validate", "tolerate": "validate", "refuse": "validate", "clip_s": "segment",
    "min_level_dbfs": "segment", "scene_cuts": "segment", "eye": "build", "turn_sound_with_pose": "build",
    "layout": "build", "views": "build", "view": "build", "hfov": "build", "size": "build", "width": "build",
    "fps": "build", "sample_rate": "build", "codec": "build", "quality": "build", "crf": "build",
    "sound_codec": "build", "beam": "build", "shard_mb": "build", "seed": "build",
}  # fmt: skip


def selection_of(options: dict[str, Any]) -> "Selection":
    """What of the manifest is asked for."""
    from yt360_tools.pipeline.parts import Selection, parse_part

    part = parse_part(options["part"]) if options.get("part") else None
    return Selection(tuple(options.get("split") or ()), options.get("limit"), part)


def overrides_of(options: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What the configuration file and the options say, by section; what is left out is not there."""
    from yt360_tools.config import check_overrides, merge, read_toml

    given: dict[str, dict[str, Any]] = {}
    for name, section in _SECTION_OF.items():
        value = options.get(name)
        if value is not None and value != ():
            given.setdefault(section, {})[name] = value
    from_file = read_toml(options["config"]) if options.get("config") else {}
    return merge(from_file, check_overrides(given, where="option"))
