"""The sound track beside a projected video: which file's, which channels, turned with the picture."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from yt360_tools.errors import MediaError, UsageError
from yt360_tools.explore.ambisonic_channels import Ambisonics, choose_channels
from yt360_tools.explore.project_sound import (
    Samples,
    beamed,
    check_beam,
    silence,
    turned,
    turned_along,
)
from yt360_tools.explore.project_views import Looking
from yt360_tools.geometry import Array, Direction
from yt360_tools.media.ambisonic_channels import parse_channel_map
from yt360_tools.media.probe import SoundProbe, probe_sound
from yt360_tools.media.sound import EDGE_S
from yt360_tools.media.sound_pieces import open_sound
from yt360_tools.media.writing import SoundTrack
from yt360_tools.projection import Source

_WAYS_OUT = "--no-sound leaves it out, --sound FILE takes another file's"


@dataclass(frozen=True)
class SoundWish:
    """What shall become of the sound.

    Attributes:
        is_wanted: False leaves it out.
        file: another file to take it from, on the same clock.
        channel_map: ``auto``, or the places of W, Y, Z, X among the channels, such as ``2,1,4,0``.
        turns: whether it turns with the picture; else it stays in the frame of the recording.
        turns_with_pose: whether the pose that turns the source's picture turns its sound too.
        beam: a pattern, to write one channel: a microphone along the view. Empty for the whole scene.
    """

    is_wanted: bool = True
    file: Path | None = None
    channel_map: str = "auto"
    turns: bool = True
    turns_with_pose: bool = False
    beam: str = ""


def planned_sound(
    path: Path,
    has_sound: bool,
    wish: SoundWish,
    looking: Looking,
    source: Source,
    start_s: float,
    end_s: float,
    note: Callable[[str], None],
) -> SoundTrack | None:
    """The sound from `start_s` to `end_s` as it shall be written; None without any.

    Raises:
        UsageError: its channels are not ambisonics, or wishes contradict each other.
        MediaError: it cannot be read.
    """
    _check(wish)
    if not wish.is_wanted:
        return None
    file = wish.file or path
    if wish.file is None and not has_sound:
        note("note: the video has no sound; --sound FILE takes another file's")
        return None
    if not file.is_file():
        raise UsageError(f"--sound {file}: that file is not there")
    probe = probe_sound(file)
    named = parse_channel_map(wish.channel_map, "--channel-map")
    chosen = choose_channels(file.name, probe.channels, probe.layout_name, named, ways_out=_WAYS_OUT)
    if chosen.left_out:
        note(f"note: {chosen.left_out} channels behind the ambisonics do not turn with a head, and are left out")
    blocks = _between(file, probe, chosen, start_s, end_s, note)
    if blocks is None:
        return None
    blocks = _turned(blocks, wish, looking, source, start_s, probe.sample_rate_hz)
    if wish.beam:
        return SoundTrack(beamed(blocks, wish.beam), 1, probe.sample_rate_hz, is_ambisonic=False)
    return SoundTrack(blocks, len(chosen.channel_map), probe.sample_rate_hz)


def _check(wish: SoundWish) -> None:
    if not wish.is_wanted and (wish.file or wish.beam or wish.channel_map != "auto"):
        raise UsageError("--no-sound leaves the sound out; leave out --sound, --beam and --channel-map")
    if wish.beam:
        check_beam(wish.beam)
        if not wish.turns:
            raise UsageError("--beam is a microphone along the view, and --keep-sound does not turn the sound to it")


def _between(
    file: Path, probe: SoundProbe, chosen: Ambisonics, start_s: float, end_s: float, note: Callable[[str], None]
) -> Iterator[Samples] | None:
    """The sound of a span, silence where the file has none; None when it has none at all there."""
    first_s, last_s = max(start_s, probe.start_s), min(end_s, probe.end_s)
    if first_s >= last_s:
        note(f"note: {file.name} sounds from {probe.start_s:g} s to {probe.end_s:g} s, not in what is taken: no sound")
        return None
    rate, channels = probe.sample_rate_hz, len(chosen.channel_map)
    late, early = first_s - start_s, end_s - last_s
    if max(late, early) > EDGE_S:
        note(f"note: {file.name} sounds from {first_s:g} s to {last_s:g} s only; the rest is silent")
    sound = open_sound(file, channel_map=chosen.channel_map, start_s=first_s, end_s=last_s)
    if sound.sample_rate_hz != rate:
        raise MediaError(
            "unexpected_channels", f"{file.name}: its sound says {rate} Hz and has {sound.sample_rate_hz} Hz"
        )
    whole = round((end_s - start_s) * rate)
    before = min(whole, round(late * rate))
    behind = max(0, whole - before - round((last_s - first_s) * rate))
    return chain(silence(channels, before), sound.pieces, silence(channels, behind))


def _turned(
    blocks: Iterator[Samples], wish: SoundWish, looking: Looking, source: Source, start_s: float, rate: int
) -> Iterator[Samples]:
    """The sound turned to the view, from the world or, with `turns_with_pose`, from the source's own picture."""
    pose = Direction(*source.layout.pose_deg).view_from_world
    to_world = pose.T if wish.turns_with_pose else np.eye(3)
    if wish.turns and looking.is_moving:

        def rotations(times_s: Array) -> Array:
            return np.asarray(looking.rotations_at(times_s + start_s) @ to_world)

        return turned_along(blocks, rotations, rate)
    view = looking.rotations_at(np.array([start_s]))[0] if wish.turns else np.eye(3)
    rotation = view @ to_world
    return blocks if np.array_equal(rotation, np.eye(3)) else turned(blocks, rotation)
