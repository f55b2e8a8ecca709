"""The command `inspect`."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yt360_tools.errors import EXIT_OK, EXIT_UNFINISHED

if TYPE_CHECKING:
    from yt360_tools.explore.inspection import Inspected

_PATH = click.Path(path_type=Path)
_MARKS = {"note": " ", "fix": "*", "doubt": "?", "reject": "!"}


@click.command()
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=_PATH)
@click.option("--sound", type=_PATH, metavar="FILE", help="The sound, where it is not in the one FILE that is given.")
@click.option("--sheets", type=_PATH, metavar="FOLDER", help="Draw a contact sheet of each, and a page of them all.")
@click.option("--json", "as_json", is_flag=True, help="Print everything that was measured as JSON.")
@click.option("--projection", metavar="er|eac|cubemap", help="How the sphere lies, if you know.")
@click.option("--stereo", metavar="LAYOUT", help="How two eyes lie, if you know: mono, top-bottom, left-right, ...")
@click.option("--faces", metavar="ARRANGEMENT:ORDER[:TURNS]", help="How a cubemap's faces lie, if you know.")
@click.option(
    "--channel-map", metavar="PLACES", help="Which channels are W, Y, Z, X, from 0, if you know, such as 0,2,3,1."
)
@click.option("--tolerate", multiple=True, metavar="CODE", help="Take a finding as a note; repeatable.")
@click.option("--refuse", multiple=True, metavar="CODE", help="Reject for a finding; repeatable.")
@click.option("--config", type=_PATH, help="TOML with thresholds: [validate], [picture], [sound] and [timing].")
@click.option("--strict", is_flag=True, help="Exit with 3 where a file is doubtful or rejected.")
def inspect(
    paths: tuple[Path, ...], sound: Path | None, sheets: Path | None, as_json: bool, strict: bool, **options: Any
) -> None:
    """Say what the picture and the sound of each FILE really are, and whether they serve.

    A FILE is any media file, or a folder of them; ID.video.EXT and ID.audio.EXT beside each other are one video.
    One whose name begins with - is given as ./-NAME.
    The verdict is accept, fix (what is wrong is known and mended when clips are built), doubt (look at it) or
    reject. docs/examining.md explains every finding.

    \b
    Examples:
      yt360 inspect clip.mp4
      yt360 inspect downloads/ --sheets looked-at
      yt360 inspect ID.video.mp4 --sound ID.audio.webm --json
      yt360 inspect clip.mp4 --tolerate still --refuse empty_z
    """
    from yt360_tools.config import check_overrides, merge, read_toml, resolve
    from yt360_tools.examine.declared import Declared
    from yt360_tools.examine.tolerance import check_rules
    from yt360_tools.explore.inspection import files_of
    from yt360_tools.explore.inspection import inspect as examined
    from yt360_tools.media.ambisonic_channels import parse_channel_map

    if sound is not None and (len(paths) != 1 or paths[0].is_dir()):
        raise click.UsageError("--sound goes with one FILE")
    given = {key: options[key] for key in ("projection", "stereo", "faces") if options[key]}
    rules = {key: options[key] for key in ("tolerate", "refuse", "channel_map") if options[key]}
    overrides = check_overrides({"validate": {**given, **rules}}, where="option")
    config = resolve(merge(read_toml(options["config"]) if options["config"] else {}, overrides))
    check_rules(config.validate.tolerate, config.validate.refuse)
    lies = {key: getattr(config.validate, key) for key in ("projection", "stereo", "faces")}
    known = Declared(**{key: word for key, word in lies.items() if word != "auto"})
    channels = parse_channel_map(config.validate.channel_map, "--channel-map", channels=4)
    videos = [(paths[0].name, paths[0], sound)] if sound else files_of(paths)
    found = []
    for video in examined(videos, config, declared=known, channels=channels, sheets=sheets):
        found.append(video)
        if not as_json:
            _print(video)
    if as_json:
        click.echo(json.dumps([_as_plain(video) for video in found], indent=2))
    elif len(found) > 1:
        click.echo(_totals(video.examination.verdict for video in found))
    if sheets is not None:
        click.echo(f"wrote {sheets / 'index.html'}", err=True)
    bad = any(video.examination.verdict in ("doubt", "reject") for video in found)
    click.get_current_context().exit(EXIT_UNFINISHED if strict and bad else EXIT_OK)


def _print(video: "Inspected") -> None:
    """A file: its verdict, what it is, and what was found."""
    from yt360_tools.report.examined_sheet import details_of, facts_of

    examination = video.examination
    has_sound_alone = any(finding.code == "no_picture" for finding in examination.findings)
    of_sound = f" (there is no picture; its sound: {examination.verdict_of_sound})" if has_sound_alone else ""
    click.echo(f"{video.name}: {examination.verdict}{of_sound}")
    for fact in (*facts_of(examination), *details_of(examination)):
        click.echo(f"    {fact}")
    for title, hypotheses in (("picture", examination.layouts), ("sound", examination.formats)):
        if hypotheses:
            scores = ", ".join(f"{one.name} {100 * one.score:.0f} %" for one in hypotheses[:3] if one.score >= 0.005)
            click.echo(f"    {title} may be {scores}")
    for finding in examination.findings:
        click.echo(f"  {_MARKS[finding.severity]} {finding.code}: {finding.text}")


def _totals(verdicts: Iterable[str]) -> str:
    from yt360_tools.examine.findings import VERDICTS

    counts = Counter(verdicts)
    return f"{counts.total()} videos: " + ", ".join(f"{counts[one]} {one}" for one in VERDICTS if counts[one])


def _as_plain(video: "Inspected") -> dict[str, Any]:
    plain = {"name": video.name, "picture": str(video.picture), "sound": str(video.sound)}
    return {**plain, **video.examination.as_plain(), "sheet": None if video.sheet is None else str(video.sheet)}
