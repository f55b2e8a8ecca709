"""What a run may be told: one frozen dataclass a stage, read from TOML, overridden by the command line.

An unknown section or key is refused with the nearest known one. The defaults stand here and nowhere else.
"""

import dataclasses
import math
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yt360_tools.errors import UsageError, nearest
from yt360_tools.records import (
    CHROMAS,
    EYES,
    FRAME_CODECS,
    PROJECTIONS,
    SOUND_CODECS,
    STEREO_LAYOUTS,
    layout_hint,
)
from yt360_tools.thresholds import PictureThresholds, SoundThresholds, TimingThresholds
from yt360_tools.toml import load_toml

LAYOUTS = ("panorama", "viewport", "cube")
POSES = ("metadata", "ignore")
CAPS = ("first", "spread")
POSE_SIGNS = tuple(f"{yaw}{pitch}{roll}" for yaw in "+-" for pitch in "+-" for roll in "+-")


@dataclass(frozen=True)
class DownloadConfig:
    """How media are fetched.

    Attributes:
        source: ``youtube``, or URL templates with ``{video_id}``; several when tracks lie apart.
        media: a folder of local files, instead of a source.
        jobs: downloads at once.
        attempts: tries of one download before it counts as failed for this run.
        pause_s: seconds before the second try of what may heal, doubled with every further one, across runs too; 30
            times as long behind a bot wall or a rate limit. A server's ``Retry-After`` is kept where it is longer.
        pause_max_s: the longest of these pauses, as far as no server asks for a longer one; a wall that does stops the
            run.
        jitter: by which share pauses are lengthened or shortened at random.
        wait_s: seconds that a run waits when nothing else is left to do; what is due later waits for another run.
        brake_s: seconds that nothing new is begun behind a bot wall or a burst of 429s, or when no server answers;
            doubled as long as it lasts.
        brake_stops: after so many of these pauses in a row the run stops, and the rest stays to do.
        min_free_gb: gigabytes that stay free on the workspace's disk: no download begins that would not leave them.
        discard_raw: `rebuild` fetches, builds and removes a few videos at a time.
        raw_budget_gb: with `discard_raw`, gigabytes that raw media may take; 0 for as many videos as `jobs`.
        timeout_s: seconds that a server may be silent.
        rate_limit_mb_s: megabytes a second and download; 0 is unlimited.
        picture: of YouTube, which pictures are taken, by preference: a ladder of rungs such as
            ``eac height<=2160 vp9 fps<=60`` (docs/downloads-youtube.md). The default takes the tallest sphere.
        sound: of YouTube, which spatial sounds are taken, by preference. Stereo is never one.
        max_height: the tallest picture asked for on any rung, in pixels.
        sleep_s: seconds that each download waits between its requests and before each file; 0 does not wait.
        player_clients: YouTube player clients to ask, in order; empty leaves it to yt-dlp.
        extractor_args: yt-dlp's ``--extractor-args``, one a string, such as
            ``youtube:po_token=web.gvs+TOKEN;skip=hls``.
        cookies_file: a Netscape cookie file, which is read and never written; empty for none.
        cookies_from_browser: yt-dlp's ``BROWSER[+KEYRING][:PROFILE][::CONTAINER]``, empty for none.
        proxy: a proxy's address, empty for none.
    """

    source: tuple[str, ...] = ()
    media: str = ""
    jobs: int = 4
    attempts: int = 3
    pause_s: float = 5.0
    pause_max_s: float = 3600.0
    jitter: float = 0.25
    wait_s: float = 120.0
    brake_s: float = 60.0
    brake_stops: int = 4
    min_free_gb: float = 1.0
    discard_raw: bool = False
    raw_budget_gb: float = 0.0
    timeout_s: float = 30.0
    rate_limit_mb_s: float = 0.0
    picture: tuple[str, ...] = ("360",)
    sound: tuple[str, ...] = ("ambisonics_quad", "foa_with_non_diegetic", "ambisonics_5_1")
    max_height: int = 2160
    sleep_s: float = 0.0
    player_clients: tuple[str, ...] = ()
    extractor_args: tuple[str, ...] = ()
    cookies_file: str = ""
    cookies_from_browser: str = ""
    proxy: str = ""


@dataclass(frozen=True)
class ValidateConfig:
    """What a medium must be.

    Attributes:
        projection: ``auto`` (manifest column, metadata, content), ``er``, ``eac`` or ``cubemap`` for all.
        stereo: ``auto``, ``mono``, ``top-bottom``, ``left-right``, ``bottom-top`` or ``right-left`` for all; the left
            eye's place is named first.
        faces: how the faces lie in all cubemaps, ``ARRANGEMENT:ORDER[:TURNS]`` such as ``3x2:RLUDFB:002200``;
            ``auto`` for the manifest column, then the metadata.
        pose: ``metadata``: a header's pose turns the picture; ``ignore``: it does not.
        pose_signs: how a header's yaw, pitch and roll count. ``+++`` is Google's specification (yaw to the left, pitch
            up, roll clockwise), ``-++`` ffmpeg's documentation (yaw to the right).
        channel_map: ``auto``, or which decoded channels are W, Y, Z, X, counted from 0, such as ``2,1,4,0``.
        examine: whether the content is examined, too: without it a file's own word counts, and that it decodes.
        tolerate: findings (docs/examining.md has the words) that are taken as notes.
        refuse: findings that reject a video.
        decode_timeout_s: seconds that decoding a file's start and end may take.
        examine_timeout_s: seconds that examining a file's content may take.
        examine_memory_mib: memory that it may take.
    """

    projection: str = "auto"
    stereo: str = "auto"
    faces: str = "auto"
    pose: str = "metadata"
    pose_signs: str = "+++"
    channel_map: str = "auto"
    examine: bool = True
    tolerate: tuple[str, ...] = ()
    refuse: tuple[str, ...] = ()
    decode_timeout_s: float = 120.0
    examine_timeout_s: float = 300.0
    examine_memory_mib: float = 4096.0


@dataclass(frozen=True)
class SegmentConfig:
    """How a whole video becomes clips; docs/segmenting.md has the rule.

    Attributes:
        clip_s: length of a clip in seconds; clips of one video do not overlap.
        min_level_dbfs: a window whose W is quieter than this (RMS, full scale 0 dB) is left out.
        most_below_track_db: so is one whose W is more than this below the track's own loud level (the level that W
            exceeds for a twentieth of the time); 0 does not ask.
        silent_dbfs: W is silent where it stays below this (RMS over hundredths of a second, full scale 0 dB).
        most_silent_s: a window with a silent span of this length or more is left out; 0 does not ask.
        scene_cuts: no window reaches over a cut of the picture; needs the extra ``scenes``.
        scene_threshold: how much the picture must change to be a cut, 0 to 255 (of PySceneDetect's ContentDetector,
            whose default it is); less finds more cuts.
        max_clips_per_video: 0 for no limit.
        cap_takes: where there are more: the ``first`` ones, or some that are ``spread`` over the video.
    """

    clip_s: float = 10.0
    min_level_dbfs: float = -60.0
    most_below_track_db: float = 0.0
    silent_dbfs: float = -60.0
    most_silent_s: float = 1.0
    scene_cuts: bool = False
    scene_threshold: float = 27.0
    max_clips_per_video: int = 0
    cap_takes: str = "first"


@dataclass(frozen=True)
class BuildConfig:
    """What a clip becomes.

    Attributes:
        layout: ``panorama`` (one unrotated equirectangular view), ``viewport`` or ``cube``.
        views: for viewports, ``cube``, ``fibonacci:N`` (even on the sphere), ``ring:N``, ``random:K`` or ``sound:K``;
            or several of them at once, such as ``cube+ring:8``.
        view: for viewports, explicit ``YAW,PITCH[,ROLL[,HFOV]]`` in degrees, instead of `views`.
        hfov: true horizontal opening angle of viewports, in degrees.
        hfov_range: of ``random:K``, opening angles drawn evenly from ``LEAST,GREATEST`` degrees instead of `hfov`, such
            as ``25,90``; empty draws none.
        aspect_range: of ``random:K``, what a view sees across over what it sees down, drawn by its logarithm from
            ``LEAST,GREATEST`` such as ``0.75,1.3333`` (the paper's); empty keeps pixels square.
        size: a viewport's or cube face's pixels: ``S`` or ``WIDTHxHEIGHT``.
        width: a panorama's width in pixels; it is half as high.
        fps: frames a second.
        sample_rate: sound samples a second.
        codec: ``jpeg``, ``h264`` (groups of pictures, for when room is scarce) or ``raw`` frames.
        quality: JPEG quality, 1 to 100.
        chroma: of JPEG, ``420`` (colours at half the width and height) or ``444``.
        crf: x264's constant rate factor of ``h264`` frames, 0 (lossless) to 51.
        group: frames of ``h264`` that decode together, and no others with them.
        sound_codec: ``int16``, ``flac`` (the same, packed) or ``float32``.
        beam: pattern of a view's beam.
        min_separation_deg: least angle between ``random:K`` or ``sound:K`` views.
        max_pitch_deg: ``random:K`` looks at most so far above or below the horizon.
        eac_border_px: border of YouTube's EAC frames, in source pixels.
        eye: of a stereo picture, the ``left`` or the ``right`` one.
        turn_sound_with_pose: whether the pose that turns a picture (see `validate.pose`) turns its sound too: yes for
            a microphone that is fixed to the camera, no for a sound that is right as it is.
        shard_mb: a shard holds clips of about so many megabytes.
        seed: of ``random:K``.
    """

    layout: str = "panorama"
    views: str = "ring:4"
    view: tuple[str, ...] = ()
    hfov: float = 90.0
    hfov_range: str = ""
    aspect_range: str = ""
    size: str = "224"
    width: int = 448
    fps: float = 16.0
    sample_rate: int = 24000
    codec: str = "jpeg"
    quality: int = 90
    chroma: str = "420"
    crf: int = 20
    group: int = 8
    sound_codec: str = "int16"
    beam: str = "cardioid"
    min_separation_deg: float = 30.0
    max_pitch_deg: float = 30.0
    eac_border_px: float = 2.0
    eye: str = "left"
    turn_sound_with_pose: bool = False
    shard_mb: float = 96.0
    seed: int = 0


@dataclass(frozen=True)
class Config:
    """Everything a rebuild may be told."""

    download: DownloadConfig = field(default_factory=DownloadConfig)
    validate: ValidateConfig = field(default_factory=ValidateConfig)
    segment: SegmentConfig = field(default_factory=SegmentConfig)
    build: BuildConfig = field(default_factory=BuildConfig)
    picture: PictureThresholds = field(default_factory=PictureThresholds)
    sound: SoundThresholds = field(default_factory=SoundThresholds)
    timing: TimingThresholds = field(default_factory=TimingThresholds)


_SECTIONS: dict[str, Any] = {item.name: getattr(Config(), item.name) for item in dataclasses.fields(Config)}
"""Each section of the configuration with its defaults."""

Overrides = dict[str, dict[str, Any]]
"""Values by section and key, as given by a file or the command line; no defaults among them."""

_KINDS = {tuple: "list of strings"}
"""How a type is called in TOML, where that is another name."""

_MAY_BE_SECRET = ("source", "proxy", "extractor_args", "cookies_file", "cookies_from_browser")
"""Keys of which no message shows a wrong value: it may hold a password."""

_ANY = math.inf
_TINY = sys.float_info.min
_RANGES: dict[tuple[str, str], tuple[float, float]] = {
    ("download", "jobs"): (1, 64),
    ("download", "attempts"): (1, 100),
    ("download", "pause_s"): (0, 86_400),
    ("download", "pause_max_s"): (0, 30 * 86_400),
    ("download", "jitter"): (0, 1),
    ("download", "wait_s"): (0, 30 * 86_400),
    ("download", "brake_s"): (0, 86_400),
    ("download", "brake_stops"): (1, 100),
    ("download", "min_free_gb"): (0, _ANY),
    ("download", "raw_budget_gb"): (0, _ANY),
    ("download", "timeout_s"): (0.1, 3600),
    ("download", "rate_limit_mb_s"): (0, _ANY),
    ("download", "max_height"): (1, _ANY),
    ("download", "sleep_s"): (0, 3600),
    ("validate", "decode_timeout_s"): (_TINY, _ANY),
    ("validate", "examine_timeout_s"): (_TINY, _ANY),
    ("validate", "examine_memory_mib"): (64, _ANY),
    ("segment", "clip_s"): (_TINY, _ANY),
    ("segment", "most_below_track_db"): (0, 200),
    ("segment", "most_silent_s"): (0, _ANY),
    ("segment", "scene_threshold"): (_TINY, 255),
    ("segment", "max_clips_per_video"): (0, _ANY),
    ("build", "width"): (1, 32768),
    ("build", "fps"): (_TINY, 1000),
    ("build", "sample_rate"): (1, 768_000),
    ("build", "quality"): (1, 100),
    ("build", "crf"): (0, 51),
    ("build", "group"): (1, 250),
    ("build", "min_separation_deg"): (0, 180),
    ("build", "max_pitch_deg"): (0, 90),
    ("build", "eac_border_px"): (0, 64),
    ("build", "shard_mb"): (_TINY, _ANY),
    ("build", "seed"): (0, _ANY),
}
"""The least and the greatest value of a number, both allowed."""

_CHOICES: dict[tuple[str, str], tuple[str, ...]] = {
    ("validate", "projection"): ("auto", *PROJECTIONS),
    ("validate", "stereo"): ("auto", *STEREO_LAYOUTS),
    ("validate", "pose"): POSES,
    ("validate", "pose_signs"): POSE_SIGNS,
    ("segment", "cap_takes"): CAPS,
    ("build", "layout"): LAYOUTS,
    ("build", "codec"): FRAME_CODECS,
    ("build", "chroma"): CHROMAS,
    ("build", "sound_codec"): SOUND_CODECS,
    ("build", "eye"): EYES,
}


def read_toml(path: Path) -> Overrides:
    """The values of a configuration file, checked.

    Raises:
        UsageError: it is not there, not TOML, or holds an unknown section, key or type.
    """
    return check_overrides(load_toml(path, "configuration"), where=str(path))


def check_overrides(values: dict[str, Any], *, where: str) -> Overrides:
    """`values` with every section, key, type and range checked; lists become tuples.

    Raises:
        UsageError: names the first wrong value, where it stands and what is allowed.
    """
    checked: Overrides = {}
    for section, entries in values.items():
        if section not in _SECTIONS or not isinstance(entries, dict):
            raise UsageError(
                f"{where}: unknown section [{section}]{nearest(section, _SECTIONS)}; known: {', '.join(_SECTIONS)}"
            )
        defaults = _SECTIONS[section]
        checked[section] = {key: _check_value(where, section, key, value, defaults) for key, value in entries.items()}
    return checked


def _check_value(where: str, section: str, key: str, value: Any, defaults: Any) -> Any:
    known = [item.name for item in dataclasses.fields(defaults)]
    if key not in known:
        raise UsageError(f"{where}: unknown key {section}.{key}{nearest(key, known)}; known: {', '.join(known)}")
    kind = type(getattr(defaults, key))
    if kind is tuple and isinstance(value, str):
        value = (value,)
    if kind is tuple and isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        value = tuple(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if kind is str and key == "size" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    name = f"{where}: {section}.{key}"
    if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
        shown = f"a {type(value).__name__}" if key in _MAY_BE_SECRET else repr(value)
        raise UsageError(f"{name} must be of type {_KINDS.get(kind, kind.__name__)}; got {shown}")
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{name} must be a finite number; got {value}")
    low, high = _range_of(section, key, defaults)
    if isinstance(value, int | float) and not low <= value <= high:
        raise UsageError(f"{name} must be {_range_text(low, high)}; got {value:g}")
    allowed = _CHOICES.get((section, key))
    if allowed and value not in allowed:
        raise UsageError(f"{name} must be one of {', '.join(allowed)}; got {value!r}{layout_hint(value, allowed)}")
    return value


def _range_of(section: str, key: str, defaults: Any) -> tuple[float, float]:
    (item,) = (item for item in dataclasses.fields(defaults) if item.name == key)
    found: tuple[float, float] = item.metadata.get("range") or _RANGES.get((section, key), (-_ANY, _ANY))
    return found


def _range_text(low: float, high: float) -> str:
    if low == _TINY:
        return "greater than 0" if high == _ANY else f"greater than 0 and at most {high:g}"
    return f"at least {low:g}" if high == _ANY else f"{low:g} to {high:g}"


def merge(*layers: Overrides) -> Overrides:
    """The layers' values together; what stands in a later layer wins."""
    merged: Overrides = {}
    for layer in layers:
        for section, entries in layer.items():
            merged.setdefault(section, {}).update(entries)
    return merged


def resolve(overrides: Overrides) -> Config:
    """The defaults with `overrides` put over them."""
    sections = {name: dataclasses.replace(defaults, **overrides.get(name, {})) for name, defaults in _SECTIONS.items()}
    return Config(**sections)


def as_plain(config: Any) -> dict[str, Any]:
    """A configuration as plain values, fit for JSON (tuples as lists)."""
    plain: dict[str, Any] = {}
    for key, value in dataclasses.asdict(config).items():
        plain[key] = list(value) if isinstance(value, tuple) else value
    return plain
