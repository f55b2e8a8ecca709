"""Every layout of media files that a user may have: two tracks apart or in one file, on disk or served.

Each layout is a small scene of three clips: two with a dot and its sound, and one with four different tones
in W, Y, Z and X, because a swap of channels can hide in a sound that comes from one direction.
"""

import functools
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from worlds import dot
from worlds.dot_finder import find_dot, is_well_inside, sound_direction, view_axes

TONES_HZ = (440.0, 950.0, 1700.0, 2600.0)  # W, Y, Z, X
DIRECTIONS = ((50.0, 28.0), (-70.0, -20.0), (0.0, 0.0))  # azimuth, elevation of each clip
VIEWS = ("40,20,0,90", "-80,-15,20,80")  # each sees one of the first two
SIZE = 112
FPS = 4
RATE_HZ = 24_000
PICTURE_DEG = 1.0
SOUND_DEG = 2.0


@dataclass(frozen=True)
class Layout:
    """How a video lies on disk; the id begins with '-' or '_' as some of YouTube's do."""

    container: str
    sound: str
    muxed: bool = False
    audio_extension: str | None = None
    sample_rate_hz: int = 48_000

    @property
    def video_id(self) -> str:
        in_ = f"-in-{self.audio_extension}" if self.audio_extension else ""
        return f"{'_' if self.muxed else '-'}{self.container}-{self.sound}{in_}"

    @property
    def group(self) -> str:
        """The layouts that share a folder: one template of addresses names them all."""
        return self.container if self.muxed else "apart"


APART = (
    *(Layout(container, sound) for container in ("mp4", "webm", "mkv") for sound in dot.AUDIO_EXTENSION),
    Layout("mp4", "opus", audio_extension="opus"),
    Layout("mkv", "vorbis", audio_extension="webm", sample_rate_hz=44_100),
)
MUXED = tuple(
    Layout(container, sound, muxed=True)
    for container, sounds in {
        "mkv": ("flac", "opus", "aac", "vorbis", "wav"),
        "mp4": ("flac", "opus", "aac"),
        "webm": ("opus", "vorbis"),
    }.items()
    for sound in sounds
)
LAYOUTS = APART + MUXED
ADDRESSES = {"apart": "{video_id}.{track}.{ext}", **{name: f"{{video_id}}.{name}" for name in ("mkv", "mp4", "webm")}}


@dataclass(frozen=True)
class Group:
    """Layouts in one folder, rebuilt from that folder."""

    media: Path
    manifest: Path
    workspace: Path
    scenes: dict[str, dot.SceneTruth]
    clips: dict[str, Any]


def write_layout(media: Path, layout: Layout) -> dot.SceneTruth:
    azimuths, elevations = zip(*DIRECTIONS, strict=True)
    return dot.write_dot_scene(
        media,
        layout.video_id,
        azimuth_deg=azimuths,
        elevation_deg=elevations,
        seconds=len(DIRECTIONS),
        fps=8,
        width=480,
        container=layout.container,
        video_codec="libvpx-vp9" if layout.container == "webm" else "libx264",
        sound=layout.sound,
        muxed=layout.muxed,
        audio_extension=layout.audio_extension,
        sample_rate_hz=layout.sample_rate_hz,
        tones_hz=TONES_HZ,
        seed=7,
    )


def rebuild(run_yt360: Any, manifest: Path, workspace: Path, *source: object) -> None:
    """One ``yt360 rebuild`` with the options that all workspaces of this module share."""
    views = [f"--view={view}" for view in VIEWS]
    numbers = ("--size", SIZE, "--fps", FPS, "--sample-rate", RATE_HZ, "--codec", "raw", "--workers", 1)
    as_they_are = "--no-examine"  # a tone of its own in each channel is no sound field
    layout = ("--layout", "viewport", *views, *numbers, as_they_are)
    run_yt360("rebuild", manifest, "--workspace", workspace, *source, *layout)


@pytest.fixture(scope="module")
def group_of(
    tmp_path_factory: pytest.TempPathFactory, run_yt360: Any, write_manifest: Any, extract: Any
) -> Callable[[str], Group]:
    """A group by its name, written and rebuilt from its folder once."""

    @functools.cache
    def make(name: str) -> Group:
        folder = tmp_path_factory.mktemp(name)
        media, workspace = folder / "media", folder / "workspace"
        scenes = {layout.video_id: write_layout(media, layout) for layout in LAYOUTS if layout.group == name}
        manifest = write_manifest(folder / "manifest.csv", scenes.values())
        rebuild(run_yt360, manifest, workspace, "--media", media)
        clip_ids = [segment.clip_id for scene in scenes.values() for segment in scene.segments]
        return Group(media, manifest, workspace, scenes, extract(workspace, clip_ids, folder / "clips"))

    return make


@pytest.fixture
def serve() -> Iterator[Callable[[Path], str]]:
    """Serves a folder on this machine alone: ``serve(folder)`` is its address."""
    servers = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing: the tests print their own failures."""

    def start(folder: Path) -> str:
        handler = functools.partial(Handler, directory=str(folder))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def loudest_hz(signal: np.ndarray) -> float:
    """The frequency of a signal's strongest tone."""
    spectrum = np.abs(np.fft.rfft(signal * np.hanning(signal.size)))
    return float(spectrum.argmax() * RATE_HZ / signal.size)


def content_hash(run_yt360: Any, workspace: Path) -> str:
    return json.loads(run_yt360("shard", "info", workspace / "shards", "--json").stdout)["content_hash"]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.video_id)
def test_a_local_layout_keeps_picture_and_sound_together(layout: Layout, group_of: Any) -> None:
    group = group_of(layout.group)
    pairs = 0
    for segment in group.scenes[layout.video_id].segments[:-1]:
        clip = group.clips[segment.clip_id]
        for view in clip.views:
            heard = sound_direction(clip.sound(f"view{view['index']}"))
            assert dot.angle_deg(heard, view_axes(view) @ segment.direction) < SOUND_DEG
            if is_well_inside(view, segment.direction):
                pairs += 1
                for frame in (0, -1):
                    found = find_dot(clip.picture(view["index"], frame), view)
                    assert found is not None
                    assert dot.angle_deg(found.world_ray, segment.direction) < PICTURE_DEG
    assert pairs >= 2


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.video_id)
def test_a_local_layout_keeps_its_channels_in_order(layout: Layout, group_of: Any) -> None:
    group = group_of(layout.group)
    tones = group.clips[group.scenes[layout.video_id].segments[-1].clip_id].sound("ambisonics")
    assert [loudest_hz(channel) for channel in tones] == pytest.approx(TONES_HZ, abs=3)
    peak = np.sqrt(2 * np.mean(tones**2, axis=1))
    assert peak == pytest.approx(np.full(4, dot.TONE_PEAK), rel=0.05)


@pytest.mark.parametrize("name", ADDRESSES)
def test_served_files_make_the_same_shards_as_the_folder(
    name: str, tmp_path: Path, group_of: Any, serve: Callable[[Path], str], run_yt360: Any
) -> None:
    group = group_of(name)
    address = f"{serve(group.media)}/{ADDRESSES[name]}"
    rebuild(run_yt360, group.manifest, tmp_path / "workspace", "--source", address)
    assert content_hash(run_yt360, tmp_path / "workspace") == content_hash(run_yt360, group.workspace)
