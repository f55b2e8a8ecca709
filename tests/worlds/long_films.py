"""Long films whose loud and silent spans are drawn, and a workspace that has them, examined, without the examiner.

Nothing of how windows are found is used here: a film is a list of spans, each with a level of W or digital silence, and
what of it sounds is told by arithmetic on these spans alone.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import soundfile
from worlds import dot

from yt360_tools.media.probe import probe_sound, probe_video
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.records import Outcome, SourceLayout, VideoRecord

FPS = 4
CODED_RATE_HZ, PLAIN_RATE_HZ = 48_000, 8_000
"""Of sound that is coded with loss, and of sound that is not: only codecs' blocks need the rate of real films."""

Window = tuple[float, float]


@dataclass(frozen=True)
class Span:
    """Noise with a level in W (RMS re full scale, in dB), or digital silence: None."""

    seconds: float
    level_dbfs: float | None


@dataclass(frozen=True)
class Film:
    """A film whose W is one span after the other; `codec` is a key of `dot.AUDIO_EXTENSION`."""

    video_id: str
    spans: tuple[Span, ...]
    codec: str = "flac"

    @property
    def seconds(self) -> float:
        return sum(span.seconds for span in self.spans)

    def edges_s(self) -> list[float]:
        return [0.0, *np.cumsum([span.seconds for span in self.spans]).tolist()]

    def silences_s(self) -> list[Window]:
        """Where nothing is heard."""
        edges = self.edges_s()
        return [(a, b) for a, b, span in zip(edges, edges[1:], self.spans, strict=False) if span.level_dbfs is None]

    def longest_silence_s(self, window: Window) -> float:
        """The longest stretch of silence that a window has."""
        inside = [min(window[1], b) - max(window[0], a) for a, b in self.silences_s()]
        return max([0.0, *inside])

    def level_dbfs(self, window: Window) -> float:
        """RMS of W over a window, as it was drawn."""
        edges, power = self.edges_s(), 0.0
        for a, b, span in zip(edges, edges[1:], self.spans, strict=False):
            if span.level_dbfs is not None:
                power += max(0.0, min(window[1], b) - max(window[0], a)) * 10 ** (span.level_dbfs / 10)
        return float(10 * np.log10(power / (window[1] - window[0]) + 1e-20))

    def most_windows(self, clip_s: int = 10, silence_s: float = 1.0) -> int:
        """How many windows without a silence of `silence_s` there can be at most: the best of all choices."""
        last = int(self.seconds + 1e-6) - clip_s
        best = [0] * (last + clip_s + 2)
        for start in range(last, -1, -1):
            sounds = self.longest_silence_s((start, start + clip_s)) < silence_s - 1e-9
            best[start] = max(best[start + 1], 1 + best[start + clip_s] if sounds else 0)
        return best[0]


def drawn_film(
    video_id: str, seconds: int, rng: np.random.Generator, *, codec: str = "flac", levels: Window = (-50, -12)
) -> Film:
    """A film of sounding spans from 1 to 40 s, most of them with a silence behind, of 0.2 to 15 s."""
    spans: list[Span] = []
    left_s = float(seconds)
    while left_s > 0:
        for span in (
            Span(float(np.exp(rng.uniform(0, np.log(40)))), float(rng.uniform(*levels))),
            Span(float(np.exp(rng.uniform(np.log(0.2), np.log(15)))) if rng.random() < 0.8 else 0.0, None),
        ):
            length_s = round(min(span.seconds, left_s), 3)
            if length_s > 0:
                spans.append(Span(length_s, span.level_dbfs))
                left_s = round(left_s - length_s, 3)
    return Film(video_id, tuple(spans), codec)


def levelled_film(video_id: str, levels_dbfs: Sequence[float], seconds_each: float, codec: str = "flac") -> Film:
    """A film whose level changes from span to span, and that is never silent."""
    return Film(video_id, tuple(Span(seconds_each, level) for level in levels_dbfs), codec)


def write_film(film: Film, raw: Path, seed: int = 0) -> tuple[Path, Path]:
    """``raw/<video_id>/<video_id>.video.mp4`` and its sound."""
    folder = raw / film.video_id
    folder.mkdir(parents=True)
    picture = folder / f"{film.video_id}.video.mp4"
    picture.write_bytes(_picture(film.seconds))
    rng = np.random.default_rng(seed)
    with TemporaryDirectory() as scratch:
        wav = Path(scratch) / "sound.wav"
        rate_hz = PLAIN_RATE_HZ if film.codec == "flac" else CODED_RATE_HZ
        soundfile.write(wav, _foa(film, rng, rate_hz), rate_hz, subtype="PCM_24")
        sound = folder / f"{film.video_id}.audio.{dot.AUDIO_EXTENSION[film.codec]}"
        dot.run_ffmpeg(["-i", wav, *dot.AUDIO_ENCODER[film.codec], f"file:{sound}"])
    return picture, sound


def _foa(film: Film, rng: np.random.Generator, rate_hz: int) -> Any:
    """Noise in W (and, weaker, in the others), float32 (samples, 4), cut hard from span to span."""
    edges = [round(edge * rate_hz) for edge in film.edges_s()]
    foa = np.zeros((edges[-1], 4), np.float32)
    for first, end, span in zip(edges, edges[1:], film.spans, strict=False):
        if span.level_dbfs is not None:
            noise = rng.standard_normal((end - first, 4), dtype=np.float32)
            noise /= np.sqrt(np.mean(noise.astype(np.float64) ** 2, axis=0))
            foa[first:end] = 10 ** (span.level_dbfs / 20) * noise * (1, 0.4, 0.1, 0.4)
    return np.clip(foa, -1, 1)


@cache
def _picture(seconds: float) -> bytes:
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "picture.mp4"
        source = f"testsrc2=s=64x32:r={FPS}:d={seconds:g}"
        encoder = ("-c:v", "libx264", "-preset", "ultrafast", "-threads", "1", "-pix_fmt", "yuv420p")
        dot.run_ffmpeg(["-f", "lavfi", "-i", source, *encoder, path])
        return path.read_bytes()


def record_of(video_id: str, picture: Path, sound: Path, root: Path, **changes: Any) -> VideoRecord:
    """What an examination would record of a film's files."""
    seen, heard = probe_video(picture), probe_sound(sound)
    values = {
        "video_id": video_id,
        "video_path": str(picture.relative_to(root)),
        "audio_path": str(sound.relative_to(root)),
        "width": seen.width,
        "height": seen.height,
        "fps": seen.fps,
        "start_s": max(seen.start_s, heard.start_s),
        "end_s": min(seen.end_s, heard.end_s),
        "sample_rate_hz": heard.sample_rate_hz,
        "channels": heard.channels,
        "channel_map": (0, 1, 2, 3),
        "layout": SourceLayout("er"),
        "video_codec": seen.codec,
        "audio_codec": heard.codec,
    }
    return VideoRecord(**{**values, **changes})


def record_examined(root: Path, records: Sequence[VideoRecord]) -> None:
    """Note in a workspace's ledger that videos were fetched and serve."""
    ledger = Ledger(root / "ledger.sqlite")
    for record in records:
        data = asdict(record)
        ledger.record(
            [Outcome(record.video_id, "download", "done"), Outcome(record.video_id, "validate", "done", data=data)]
        )
    ledger.close()


def examined_workspace(root: Path, films: Sequence[Film]) -> Path:
    """A workspace with films that were fetched and serve, and a manifest of whole videos beside it."""
    records = []
    for seed, film in enumerate(films):
        picture, sound = write_film(film, root / "raw", seed)
        records.append(record_of(film.video_id, picture, sound, root))
    record_examined(root, records)
    manifest = root.parent / "films.csv"
    manifest.write_text("\n".join(["video_id", *(film.video_id for film in films)]) + "\n", encoding="utf-8")
    return manifest
