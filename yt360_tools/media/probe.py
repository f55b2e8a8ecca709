"""What is in a media file, which files belong to a video, and whether they decode from end to end."""

import time
from dataclasses import dataclass
from pathlib import Path
from subprocess import TimeoutExpired

from yt360_tools.errors import MediaError
from yt360_tools.media.completeness import check_complete
from yt360_tools.media.containers import (
    INPUT_OPTIONS,
    announced_end,
    container_end,
    foreign_errors,
    last_packet_end,
    opened,
    safe_name,
    start_of,
)
from yt360_tools.media.ffmpeg import run_ffmpeg
from yt360_tools.media.kept_layouts import kept_layout

_PICTURES = ("gif", "jpeg", "jpg", "png", "webp")
_TEXTS = (
    "ass",
    "csv",
    "description",
    "html",
    "json",
    "log",
    "lrc",
    "md",
    "sha256",
    "srt",
    "txt",
    "vtt",
    "xml",
)
_UNFINISHED = ("part", "temp", "tmp", "ytdl")
_NOT_MEDIA = frozenset((*_PICTURES, *_TEXTS, *_UNFINISHED))
_HEAD_FRAMES, _TAILS_S, _SLACK_S = 5, (2.0, 20.0, float("inf")), 1.0
_TAIL_OPTIONS = ("-skip_loop_filter", "all", "-skip_frame", "noref")
"""The tail is only decoded to see that it is there: frames that no other needs are skipped, at half the cost."""


@dataclass(frozen=True)
class PictureProbe:
    """A file's first picture stream; times in seconds on the source's clock, `end_s` exclusive."""

    codec: str
    width: int
    height: int
    fps: float
    start_s: float
    end_s: float
    has_sound: bool


@dataclass(frozen=True)
class SoundProbe:
    """A file's sound stream; times in seconds on the source's clock, `end_s` exclusive.

    Attributes:
        track: which one of the file's sound streams it is, counted from 0.
    """

    codec: str
    channels: int
    sample_rate_hz: int
    start_s: float
    end_s: float
    layout_name: str
    track: int = 0


def probe_video(path: Path) -> PictureProbe:
    """Codec, size, mean frame rate and span of the first picture stream of `path`.

    Raises:
        MediaError: ``empty_file``, ``unreadable_video`` or ``no_picture``.
    """
    with opened(path, "video") as (container, stream), foreign_errors(path, "unreadable_video", "probing it"):
        codec = stream.codec_context
        rate = stream.average_rate or stream.guessed_rate or stream.base_rate
        if not rate or codec.width <= 0 or codec.height <= 0:
            raise MediaError(
                "unreadable_video",
                f"{path.name}: its picture is {codec.width}x{codec.height} at {rate} frames a second; "
                "a size and a rate above zero were expected",
            )
        return PictureProbe(
            codec=codec.codec.canonical_name,
            width=codec.width,
            height=codec.height,
            fps=float(rate),
            start_s=start_of(stream),
            end_s=_end_of(path, container, stream, "unreadable_video"),
            has_sound=any(other.type == "audio" for other in container.streams),
        )


def probe_sound(path: Path) -> SoundProbe:
    """Codec, channels, rate and span of the first sound stream of `path`.

    Raises:
        MediaError: ``empty_file``, ``unreadable_sound`` or ``no_sound``.
    """
    with opened(path, "audio") as (container, stream), foreign_errors(path, "unreadable_sound", "probing it"):
        codec = stream.codec_context
        layout = kept_layout(codec)
        if layout.nb_channels <= 0 or codec.sample_rate <= 0:
            raise MediaError(
                "unreadable_sound",
                f"{path.name}: its sound has {layout.nb_channels} channels at {codec.sample_rate} Hz; "
                "numbers above zero were expected",
            )
        return SoundProbe(
            codec=codec.codec.canonical_name,
            channels=layout.nb_channels,
            sample_rate_hz=codec.sample_rate,
            start_s=start_of(stream),
            end_s=_end_of(path, container, stream, "unreadable_sound"),
            layout_name=layout.name,
            track=[one.index for one in container.streams if one.type == "audio"].index(stream.index),
        )


def _end_of(path: Path, container: object, stream: object, reason: str) -> float:
    """The stream's own word, else its last packets', else the container's (of its longest stream)."""
    end = announced_end(container, stream)
    if end is None:
        limit = container_end(container)
        end = last_packet_end(container, [stream], limit)
        end = limit if end is None else end
    if end is None:
        raise MediaError(reason, f"{path.name}: neither its header nor its packets tell how long it is")
    return end


def find_tracks(folder: Path, video_id: str) -> tuple[Path, Path]:
    """The files with a video's picture and its sound, the same one twice when they are muxed.

    They are called ``<video_id>.video.<ext>`` and ``<video_id>.audio.<ext>``, or ``<video_id>.<ext>`` for
    both. The folder is listed and names are compared: an id is never a pattern.

    Raises:
        MediaError: ``missing_media``, or ``ambiguous_media`` when two files could be meant.
    """
    found: dict[str, list[Path]] = {"video": [], "audio": [], "muxed": []}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if not path.name.startswith(f"{video_id}.") or path.name.startswith(".") or not path.is_file():
            continue
        kind, _, suffix = path.name[len(video_id) + 1 :].rpartition(".")
        if (kind or "muxed") in found and suffix and suffix.lower() not in _NOT_MEDIA:
            found[kind or "muxed"].append(path)
    for paths in (found["video"], found["audio"], [] if found["video"] else found["muxed"]):
        if len(paths) > 1:
            names = ", ".join(path.name for path in paths)
            raise MediaError("ambiguous_media", f"{video_id}: {names} could all be meant; keep one of them")
    pictures = found["video"] or found["muxed"]
    if not pictures:
        seen = f"; only {found['audio'][0].name} is there" if found["audio"] else ""
        raise MediaError(
            "missing_media",
            f"{video_id}: {folder} has neither {video_id}.video.* nor {video_id}.*{seen}; fetch it again",
        )
    return pictures[0], (found["audio"] or pictures)[0]


def check_decodes(path: Path, kind: str, duration_s: float, timeout_s: float = 60) -> None:
    """Make sure that the picture (`kind` ``v``) or sound (``a``) decodes at its beginning and to its end.

    Decoding happens in a process of its own. `duration_s` is how long the track should be; where the file
    announces more, that counts.

    Raises:
        MediaError: ``unreadable_video``, ``unreadable_sound``, ``truncated`` or ``decode_timeout``.
        TransientError: as `run_ffmpeg`.
    """
    unreadable = "unreadable_video" if kind == "v" else "unreadable_sound"
    stream, start_s, end_s, zero_s = _announced_span(path, kind, duration_s)
    check_complete(path)
    deadline = time.monotonic() + timeout_s
    head = _decoded_end(path, kind, stream, None, deadline, timeout_s)
    if head is None:
        raise MediaError(unreadable, f"{path.name}: nothing decodes at its beginning")
    if head >= end_s - _SLACK_S:
        return
    tail = None
    for back_s in _TAILS_S:
        if tail is None:  # a coarse index may lead behind the last key frame
            tail = _decoded_end(path, kind, stream, max(start_s, end_s - back_s) - zero_s, deadline, timeout_s)
    if tail is None or tail < end_s - _SLACK_S:
        seen = "nothing decodes at its end" if tail is None else f"the last that decodes is at {tail:.2f} s"
        raise MediaError(
            "truncated",
            f"{path.name}: it should reach to {end_s:.2f} s, and {seen}; it is cut short or damaged, fetch it again",
        )


def _announced_span(path: Path, kind: str, duration_s: float) -> tuple[int, float, float, float]:
    """The track's index among the streams; its beginning, its end as announced and the container's beginning (s).

    Refuses a container that ends before it says.
    """
    name, reason = ("video", "unreadable_video") if kind == "v" else ("audio", "unreadable_sound")
    with opened(path, name) as (container, stream), foreign_errors(path, reason, "reading its header"):
        start_s = start_of(stream)
        end_s = announced_end(container, stream)
        whole_s = container_end(container)
        if end_s is None and whole_s is not None:
            last_s = last_packet_end(container, list(container.streams), whole_s)
            if last_s is None or last_s < whole_s - _SLACK_S:
                raise MediaError(
                    "truncated",
                    f"{path.name}: it announces {whole_s:.2f} s, and its last packet ends at "
                    f"{last_s or 0:.2f} s; it is cut short, fetch it again",
                )
        return stream.index, start_s, max(end_s or 0.0, start_s + duration_s), (container.start_time or 0) / 1_000_000


def _decoded_end(
    path: Path, kind: str, stream: int, seek_s: float | None, deadline: float, timeout_s: float
) -> float | None:
    """When the last frame ends that decodes: of the first ones, or of all from `seek_s` on; None without any.

    `seek_s` counts from the container's beginning (ffmpeg's ``-ss``), the answer is on the source's clock.
    """
    options = [part for key, value in INPUT_OPTIONS.items() for part in (f"-{key}", value)]
    seek = [] if seek_s is None else ["-ss", f"{max(0.0, seek_s):.6f}"]
    seek += _TAIL_OPTIONS if seek and kind == "v" else ()
    limit = [f"-frames:{kind}", str(_HEAD_FRAMES)] if seek_s is None else []
    arguments = ["-threads", "1", *options, *seek, "-copyts", "-xerror", "-i", safe_name(path)]
    arguments += [
        "-map",
        f"0:{stream}",
        *limit,
        *(["-fps_mode", "passthrough", "-c:v", "wrapped_avframe"] if kind == "v" else []),
    ]
    try:
        done = run_ffmpeg([*arguments, "-f", "framecrc", "-"], timeout_s=max(0.001, deadline - time.monotonic()))
    except TimeoutExpired as error:
        raise MediaError(
            "decode_timeout",
            f"{path.name}: decoding its beginning and end took longer than {timeout_s:g} s; is it damaged?",
        ) from error
    return _last_time(done.stdout.decode("ascii", "replace"))


def _last_time(framecrc: str) -> float | None:
    """The latest end (seconds) of the frames in what ffmpeg's framecrc muxer wrote."""
    tick_s, ends = 0.0, []
    for line in framecrc.splitlines():
        if line.startswith("#tb 0:"):
            numerator, _, denominator = line.partition(":")[2].strip().partition("/")
            tick_s = int(numerator) / int(denominator)
        elif line and not line.startswith("#"):
            _, _, pts, duration, *_ = line.split(",")
            ends.append((int(pts) + int(duration)) * tick_s)
    return max(ends, default=None)
