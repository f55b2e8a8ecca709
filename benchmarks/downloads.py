"""Downloads from a slow server: how much several at once bring, and what memory they take.

    python benchmarks/downloads.py [--files 100] [--megabytes 2] [--rate 1] [--jobs 1 4]

A server in a process of its own sends each connection at most `--rate` MB/s. The files are real media (an MP4 with a
padding box), and the whole command `yt360 download` is measured: start, verification and checksums included, and the
greatest resident memory of it and of what it starts. Goals: four at once at least 3.5 times as fast as one, and less
than 300 MiB.
"""

import argparse
import contextlib
import functools
import hashlib
import http.server
import multiprocessing
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg

GOAL_TIMES, GOAL_MIB = 3.5, 300
_BLOCK = 16_384


def picture(folder: Path) -> bytes:
    """A second of moving picture as MP4."""
    path = folder / "picture.mp4"
    source = ("-f", "lavfi", "-i", "testsrc2=s=320x160:r=8:d=1", "-c:v", "libx264", "-pix_fmt", "yuv420p")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *source, "-movflags", "+faststart", str(path)]
    subprocess.run(command, check=True)
    return path.read_bytes()


def padded(media: bytes, size: int, seed: int) -> bytes:
    """An MP4 of `size` bytes, each seed another one."""
    noise = random.Random(seed).randbytes(size - len(media) - 8)
    return media + struct.pack(">I4s", len(noise) + 8, b"free") + noise


class Slow(http.server.BaseHTTPRequestHandler):
    """Sends file ``/<number>.mp4`` at so many bytes a second."""

    def __init__(self, media: bytes, size: int, rate: float, *arguments: object) -> None:
        self.media, self.size, self.rate = media, size, rate
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        body = padded(self.media, self.size, int(self.path[1:].partition(".")[0]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        begun = time.monotonic()
        for at in range(0, len(body), _BLOCK):
            early_s = at / self.rate - (time.monotonic() - begun)
            if early_s > 0:
                time.sleep(early_s)
            self.wfile.write(body[at : at + _BLOCK])

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


def _serve(media: bytes, size: int, rate: float, ports: "multiprocessing.Queue[int]") -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Slow, media, size, rate))
    ports.put(server.server_port)
    server.serve_forever()


@contextlib.contextmanager
def slow_server(media: bytes, size: int, rate: float) -> Iterator[str]:
    ports: multiprocessing.Queue[int] = multiprocessing.Queue()
    process = multiprocessing.Process(target=_serve, args=(media, size, rate, ports), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ports.get(timeout=30)}"
    finally:
        process.terminate()
        process.join()


def measure(address: str, folder: Path, files: int, jobs: int) -> tuple[float, float]:
    """Seconds of one run, and the MiB of its greatest process."""
    manifest, settings = folder / "manifest.csv", folder / f"jobs{jobs}.toml"
    manifest.write_text("video_id\n" + "".join(f"{number}\n" for number in range(files)), encoding="utf-8")
    settings.write_text(f"[download]\njobs = {jobs}\n", encoding="utf-8")
    command = [sys.executable, "-m", "yt360_tools.cli", "download", str(manifest), "--config", str(settings)]
    command += ["-w", str(folder / f"work{jobs}"), "--source", f"{address}/{{video_id}}.mp4"]
    begun = time.monotonic()
    process = subprocess.Popen(command, env=os.environ | {"NO_PROXY": "127.0.0.1"}, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"the download failed: {' '.join(command)}")
    return time.monotonic() - begun, usage.ru_maxrss / 1024


def check(folder: Path, media: bytes, size: int, files: int, jobs: int) -> None:
    """Every file is what was served."""
    for number in range(files):
        found = (folder / f"work{jobs}" / "raw" / str(number) / f"{number}.mp4").read_bytes()
        if hashlib.sha256(found).digest() != hashlib.sha256(padded(media, size, number)).digest():
            raise SystemExit(f"file {number} is not what was served")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--megabytes", type=float, default=2.0, help="of each file")
    parser.add_argument("--rate", type=float, default=1.0, help="megabytes a second and connection")
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 4])
    given = parser.parse_args()
    size = round(given.megabytes * 1e6)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        media = picture(folder)
        print(f"{given.files} files of {given.megabytes:g} MB, {given.rate:g} MB/s a connection")
        print(f"{'jobs':>4} {'seconds':>9} {'MB/s':>7} {'times':>7} {'MiB':>6}")
        first = 0.0
        with slow_server(media, size, given.rate * 1e6) as address:
            for jobs in given.jobs:
                seconds, mib = measure(address, folder, given.files, jobs)
                check(folder, media, size, given.files, jobs)
                first = first or seconds
                row = f"{jobs:>4} {seconds:>9.1f} {given.files * size / 1e6 / seconds:>7.2f}"
                print(f"{row} {first / seconds:>7.2f} {mib:>6.0f}", flush=True)
    print(f"goals: {GOAL_TIMES} times as fast with 4 as with 1, less than {GOAL_MIB} MiB")


if __name__ == "__main__":
    main()
