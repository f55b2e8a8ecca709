"""What clips cost in a shard, by codec: ``python benchmarks/shards.py``, or ``make bench``.

Clips of 10 s of panorama (448 x 224, 16 frames a second) with four channels of sound at 24 kHz: scenes of the demo
world, drawn at twice the width and averaged; and photographs (of scikit-image) that a camera pans over, with grain of
some grey levels (standard deviation) that is new in each frame. The first table: bytes a clip, luma PSNR, CPU
milliseconds to read half a second at a random moment, in one process with one thread. The second: the bytes of
``h264`` over those of ``jpeg`` at the same luma PSNR, between the measured points by a line over the logarithm of
bytes; both are 4:2:0, full range. Grain of s grey levels lies at 20 log10(255 / s) dB: what is nearer to the original
than that has to carry the grain. Nothing is asserted: a person reads the tables.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from yt360_tools.geometry import Direction
from yt360_tools.records import SOUND_CODECS, ClipWindow, View
from yt360_tools.shards import ClipContent, ShardHeader, ShardWriter, Track, ViewContent, open_shards
from yt360_tools.shards.codecs import encode_frames, writing_codec
from yt360_tools.shards.sound_codecs import encode_sound

WIDTH, HEIGHT, FPS, SECONDS, RATE_HZ = 448, 224, 16, 10, 24000
QUALITIES, CRFS, GROUPS = (50, 65, 75, 85, 90, 95), (14, 17, 20, 23, 26, 29, 32), (8, 16)
PSNRS_DB = (36, 38, 40, 42)
MOST_SHARE = 1 / 3
PHOTOGRAPHS = (
    ("astronaut", 1),
    ("coffee", 1),
    ("chelsea", 1),
    ("rocket", 1),
    ("coffee", 2),
    ("rocket", 2),
    ("coffee", 3),
    ("rocket", 3),
)
"""Each with its grain in grey levels."""

Frames = Any


def demo_frames(index: int, seconds: int) -> Frames:
    """A scene of the demo world, uint8 (frames, height, width, 3)."""
    from yt360_tools.demo.options import DemoOptions, scene_of
    from yt360_tools.demo.picture import render_frames

    options = DemoOptions(videos=index + 1, seconds=seconds, projection="er", width=2 * WIDTH, fps=FPS, seed=3)
    drawn = render_frames(scene_of(options, index), 2 * WIDTH)
    return np.stack([cv2.resize(frame, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) for frame in drawn])


def photograph_frames(name: str, grain: int, seconds: int) -> Frames:
    """A camera that pans over a photograph by 1.3 pixels a frame across and 0.2 down, with grain."""
    from skimage import data

    picture, rng = getattr(data, name)()[..., :3], np.random.default_rng(len(name))
    enough = max((WIDTH + 1.3 * FPS * seconds) / picture.shape[1], (HEIGHT + 0.2 * FPS * seconds) / picture.shape[0])
    finer = max(1.0, enough)
    picture = cv2.resize(picture, None, fx=finer, fy=finer, interpolation=cv2.INTER_CUBIC)
    frames = []
    for number in range(FPS * seconds):
        place = np.float32([[1, 0, -1.3 * number], [0, 1, -0.2 * number]])
        seen = cv2.warpAffine(picture, place, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR).astype(np.float32)
        grainy = seen + rng.normal(0, grain, (HEIGHT, WIDTH, 1)).astype(np.float32)
        frames.append(np.clip(np.rint(grainy), 0, 255).astype(np.uint8))
    return np.stack(frames)


def sound(seconds: int) -> Any:
    """Four channels of noise with the spectrum of speech, louder and softer."""
    noise = np.random.default_rng(5).normal(0, 1, (4, RATE_HZ * seconds))
    spectrum = np.fft.rfft(noise)
    spectrum /= 1 + np.arange(spectrum.shape[1]) / (500 * seconds)
    shaped = np.fft.irfft(spectrum) * (1 + np.sin(2 * np.pi * 3 * np.arange(noise.shape[1]) / RATE_HZ))
    return (0.3 * shaped / np.abs(shaped).max()).astype(np.float32)


def luma_psnr(frames: Frames, decoded: Frames) -> float:
    """Of BT.601's luma, in decibels."""
    weights = np.float32([0.299, 0.587, 0.114])
    error = np.mean(
        [np.mean(((one.astype(np.float32) - two) @ weights) ** 2) for one, two in zip(frames, decoded, strict=True)]
    )
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def write(path: Path, frames: Frames, pictures: Track, heard: Track) -> None:
    """A shard of one clip."""
    view = View("er", Direction(0.0), 360.0, 180.0, WIDTH, HEIGHT)
    beam = encode_sound(np.zeros((1, heard.count), np.float32), "int16", RATE_HZ)
    window = ClipWindow("a-0", "a", 0.0, len(frames) / FPS, "train")
    with ShardWriter(path, ShardHeader("train", {})) as writer:
        writer.add(ClipContent(window, FPS, RATE_HZ, heard, (ViewContent(view, pictures, beam),), {}))
        writer.publish()


def reading_ms(read: Callable[[int], object], moments: Sequence[int]) -> float:
    """CPU milliseconds a read."""
    read(0)
    began = time.process_time()
    for moment in moments:
        read(moment)
    return 1000 * (time.process_time() - began) / len(moments)


def picture_line(path: Path, frames: Frames, codec: str, **options: int) -> dict[str, Any]:
    """Bytes, PSNR and time of pictures with one codec."""
    pictures = encode_frames(writing_codec(codec, **options), frames, FPS)
    write(path, frames, pictures, encode_sound(np.zeros((4, 100), np.float32), "int16", RATE_HZ))
    with open_shards(path) as shards:
        stored = shards.clip("a-0").views[0].frames
        psnr = luma_psnr(frames, stored[:])
        moments = np.random.default_rng(1).integers(0, len(frames) - 8, 60).tolist()
        cost = reading_ms(lambda first: stored[first : first + 8], moments)
    return {"codec": codec, **options, "bytes": pictures.nbytes, "psnr_db": psnr, "ms": cost}


def sound_line(path: Path, frames: Frames, codec: str, seconds: int) -> dict[str, Any]:
    """Bytes, signal to noise and time of sound with one codec."""
    heard = sound(seconds)
    track = encode_sound(heard, codec, RATE_HZ)
    write(path, frames, encode_frames(writing_codec("jpeg"), frames[:1], FPS), track)
    with open_shards(path) as shards:
        clip = shards.clip("a-0")
        off = float(np.square(clip.ambisonics - heard).mean())
        snr = 10 * np.log10(np.square(heard).mean() / off) if off else float("inf")
        moments = np.random.default_rng(1).integers(0, RATE_HZ * (seconds - 1), 60).tolist()
        cost = reading_ms(lambda first: clip.ambisonics_between(first, first + RATE_HZ // 2), moments)
    return {"codec": codec, "bytes": track.nbytes, "snr_db": snr, "ms": cost}


def bytes_at(lines: list[dict[str, Any]], psnr_db: float) -> float:
    """Bytes at a PSNR, between the measured points; NaN outside of them."""
    ordered = sorted(lines, key=lambda line: line["psnr_db"])
    places = [line["psnr_db"] for line in ordered]
    if not places[0] <= psnr_db <= places[-1]:
        return float("nan")
    return float(np.exp(np.interp(psnr_db, places, np.log([line["bytes"] for line in ordered]))))


def measure(folder: Path, seconds: int) -> dict[str, Any]:
    """Both tables."""
    path = folder / "clip.h5"
    scenes = {f"demo scene {index}": demo_frames(index, seconds) for index in range(3)}
    scenes |= {f"{name}, grain {grain}": photograph_frames(name, grain, seconds) for name, grain in PHOTOGRAPHS}
    pictures: dict[str, list[dict[str, Any]]] = {}
    for name, frames in scenes.items():
        lines = [picture_line(path, frames, "jpeg", quality=quality) for quality in QUALITIES]
        lines += [picture_line(path, frames, "h264", crf=crf, group=group) for group in GROUPS for crf in CRFS]
        pictures[name] = [*lines, picture_line(path, frames, "raw")]
    sounds = [sound_line(path, scenes["demo scene 0"], codec, seconds) for codec in SOUND_CODECS]
    shares = {
        (name, group, psnr): bytes_at([line for line in lines if line.get("group") == group], psnr)
        / bytes_at([line for line in lines if line["codec"] == "jpeg"], psnr)
        for name, lines in pictures.items()
        for group in GROUPS
        for psnr in PSNRS_DB
    }
    return {"pictures": pictures, "sounds": sounds, "shares": shares}


def tell(found: dict[str, Any]) -> None:
    """Print the tables."""
    print(f"a clip of {WIDTH} x {HEIGHT} at {FPS} fps; half a second read at random, CPU ms\n")
    chosen = (
        {"quality": 75},
        {"quality": 90},
        {"quality": 95},
        *({"crf": crf, "group": group} for group in GROUPS for crf in (20, 26)),
        {},
    )
    for name, lines in found["pictures"].items():
        print(f"{name:<42}{'KB':>9}{'luma dB':>9}{'ms':>8}")
        for line in lines:
            options = {key: line[key] for key in ("quality", "crf", "group") if key in line}
            if options in chosen:
                told = " ".join([line["codec"], *(f"{key} {value}" for key, value in options.items())])
                print(f"  {told:<40}{line['bytes'] / 1000:>9.0f}{min(line['psnr_db'], 99):>9.1f}{line['ms']:>8.2f}")
    print(f"\n{'sound, four channels':<42}{'KB':>9}{'SNR dB':>9}{'ms':>8}")
    for line in found["sounds"]:
        print(f"  {line['codec']:<40}{line['bytes'] / 1000:>9.0f}{min(line['snr_db'], 999):>9.1f}{line['ms']:>8.2f}")
    heads = "".join(f"{psnr:>8} dB" for psnr in PSNRS_DB)
    print(f"\nbytes of h264 over those of jpeg at equal luma PSNR; at most {MOST_SHARE:.3f} is wanted\n{'':<42}{heads}")
    for name in found["pictures"]:
        for group in GROUPS:
            shares = [found["shares"][name, group, psnr] for psnr in PSNRS_DB]
            missed = any(share > MOST_SHARE for share in shares)
            told = "".join(f"{share:>11.3f}" if share == share else f"{'-':>11}" for share in shares)
            print(f"  {name + f', groups of {group}':<40}{told}{'  not met' if missed else ''}")


def main() -> None:
    """Print the tables, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=SECONDS, help="length of the clips")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    cv2.setNumThreads(0)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), options.seconds)
    if options.json:
        shares = {
            f"{name}, groups of {group}, {psnr} dB": share for (name, group, psnr), share in found["shares"].items()
        }
        print(json.dumps({**found, "shares": shares}, indent=2))
    else:
        tell(found)


if __name__ == "__main__":
    main()
