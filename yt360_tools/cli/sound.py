"""The command `sound`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yt360_tools.errors import Interrupted, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from yt360_tools.explore.overlay import OverlayFile
    from yt360_tools.explore.sound_files import SoundFile

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("path", metavar="INPUT", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, each window and band too.")
@click.option("--doa", type=_FILE, metavar="CSV", help="Write a row a window and band: level, direction, diffuseness.")
@click.option("--map", "map_path", type=_FILE, metavar="PNG", help="Draw the energy over the sphere, by band and time.")
@click.option(
    "--overlay", type=_FILE, metavar="VIDEO", help="Draw it over the picture, as a video with sound: .mp4, .mkv ..."
)
@click.option("--picture", type=_FILE, metavar="FILE", help="The picture for --overlay, where it is not in INPUT.")
@click.option(
    "--beam",
    "beams",
    nargs=2,
    multiple=True,
    metavar="YAW,PITCH WAV",
    help="Write what a microphone hears that points there, in degrees; repeatable.",
)
@click.option("--binaural", type=_FILE, metavar="WAV", help="Write what two ears hear, for headphones.")
@click.option(
    "--to",
    "targets",
    nargs=2,
    multiple=True,
    metavar="FORMAT WAV",
    help="Write all channels as sn3d (AmbiX), n3d, orthonormal or fuma; repeatable.",
)
@click.option(
    "--from",
    "source_format",
    default="sn3d",
    show_default=True,
    metavar="FORMAT",
    help="What the input is: sn3d, n3d, orthonormal or fuma.",
)
@click.option(
    "--channel-map",
    metavar="PLACES",
    help="Which channels are ambisonics, from 0 and in the order of --from: 2,1,4,0 for YouTube's 5.1.  [default: all]",
)
@click.option(
    "--view",
    metavar="YAW,PITCH[,ROLL]",
    help="Turn the sound first, so that this direction, in degrees, is in front of everything that is said or written.",
)
@click.option(
    "--pattern",
    metavar="NAME",
    help="Of beams and maps: omni, cardioid, supercardioid, hypercardioid (max-di, basic) or max-re.  "
    "[default: cardioid for --beam, hypercardioid for maps]",
)
@click.option("--head", type=_FILE, metavar="SOFA", help="A measured head for --binaural.  [default: a sphere]")
@click.option("--bands", metavar="HZ,HZ,...", help="Between bands; or octaves, thirds, one.  [default: 250,1000,4000]")
@click.option("--window", "window_s", default=1.0, show_default=True, help="Length of a window in seconds.")
@click.option("--start", "start_s", type=float, help="Where to begin, in seconds.  [default: where the sound begins]")
@click.option("--end", "end_s", type=float, help="Where to end, in seconds.  [default: where the sound ends]")
def sound(
    path: Path,
    as_json: bool,
    doa: Path | None,
    map_path: Path | None,
    overlay: Path | None,
    picture: Path | None,
    beams: tuple[tuple[str, str], ...],
    binaural: Path | None,
    targets: tuple[tuple[str, str], ...],
    source_format: str,
    channel_map: str | None,
    view: str | None,
    pattern: str | None,
    head: Path | None,
    bands: str | None,
    window_s: float,
    start_s: float | None,
    end_s: float | None,
) -> None:
    """Say what comes from where in a file with ambisonic sound, and make of it what you can listen to or look at.

    INPUT is any media file with 4 channels (first order), or 9, 16, ... 64 (orders 2 to 7), AmbiX unless --from says
    otherwise. Left and up are positive. Files of any length are read in pieces; outputs appear whole or not at all,
    and replace what had their name.

    \b
    Examples:
      yt360 sound clip.mp4 --map clip.png
      yt360 sound clip.mp4 --doa clip.csv --window 0.1 --bands octaves
      yt360 sound clip.mp4 --binaural left.wav --view 90,0
      yt360 sound clip.mp4 --beam 30,-10 voice.wav --pattern max-re
      yt360 sound old.wav --from fuma --to sn3d ambix.wav
      yt360 sound clip.mp4 --overlay heard.mp4
      yt360 sound ID.audio.webm --picture ID.video.mp4 --overlay heard.mp4
    """
    from yt360_tools.explore.sound import SoundOutputs, hear
    from yt360_tools.explore.sound_answers import as_plain, as_text
    from yt360_tools.explore.sound_input import SoundInput, parse_direction
    from yt360_tools.media.ambisonic_channels import parse_channel_map

    if head is not None and binaural is None:
        raise UsageError("--head says whose ears hear; it needs --binaural WAV")
    if picture is not None and overlay is None:
        raise UsageError("--picture is what the sound is drawn over; it needs --overlay VIDEO")
    source = SoundInput(
        path,
        start_s,
        end_s,
        None if channel_map is None else parse_channel_map(channel_map, "--channel-map"),
        source_format,
        None if view is None else parse_direction("--view", view, with_roll=True),
    )
    outputs = SoundOutputs(
        tuple(_sound_files(beams, pattern, binaural, head, targets)),
        doa,
        map_path,
        _overlay(overlay, pattern, picture),
        pattern or SoundOutputs.map_pattern,
    )
    try:
        with _Progress() as progress:
            heard = hear(source, outputs, bands=bands, window_s=window_s, on_progress=progress)
    except KeyboardInterrupt:
        raise Interrupted("interrupted: what was not complete was not written") from None
    if as_json:
        plain = as_plain(heard.source, heard.opened, heard.analysis)
        click.echo(json.dumps({**plain, "written": [str(path) for path in outputs.paths]}, indent=2))
        return
    click.echo(as_text(heard.source, heard.opened, heard.analysis))
    for written in outputs.paths:
        click.echo(f"wrote {written}", err=True)


def _sound_files(
    beams: tuple[tuple[str, str], ...],
    pattern: str | None,
    binaural: Path | None,
    head: Path | None,
    targets: tuple[tuple[str, str], ...],
) -> "Iterator[SoundFile]":
    from yt360_tools.explore.sound_files import BeamFile, BinauralFile, ConvertedFile
    from yt360_tools.explore.sound_input import parse_direction

    for direction, name in beams:
        yield BeamFile(parse_direction("--beam", direction), Path(name), pattern or BeamFile.pattern)
    if binaural is not None:
        yield BinauralFile(binaural, head)
    for target, name in targets:
        yield ConvertedFile(target, Path(name))


def _overlay(path: Path | None, pattern: str | None, picture: Path | None) -> "OverlayFile | None":
    from yt360_tools.ambisonics.maps import MAP_PATTERN
    from yt360_tools.explore.overlay import OverlayFile

    return None if path is None else OverlayFile(path, pattern or MAP_PATTERN, picture)


class _Progress:
    """A bar for each thing that is done, on a terminal alone."""

    def __init__(self) -> None:
        self._doing = ""
        self._bar: Any = None

    def __enter__(self) -> "_Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, doing: str, done_s: float, expected_s: float) -> None:
        from tqdm import tqdm

        if doing != self._doing:
            self.__exit__()
            self._doing = doing
            self._bar = tqdm(desc=doing, total=round(expected_s), unit="s", disable=None)
        self._bar.update(round(done_s) - self._bar.n)
