"""The test that decides, carried on into the loader: a dot and its sound are where a view's label says.

Dots and sounds of known direction (`worlds.dot` draws them without the package) are sampled as training samples
them. Where they must be in a view follows from its label by spherical trigonometry; where they are is found in the
picture by `worlds.dot_finder`, and in the sound from the features that the net is given.

    truth: azimuth, elevation -- label: yaw, pitch, mirrored --> where it must be
    panorama    --> shard --> draw_sample --> crop       ------> where the dot is
    plane wave  -->                       --> features   ------> where the sound is
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import pytest
from drawn_panoramas import panorama_clip, write_shard
from numpy.typing import NDArray
from worlds import dot
from worlds.dot_finder import find_dot, is_well_inside

import avsa_models.dataset
import avsa_models.features
import avsa_models.views
import yt360_tools.geometry
import yt360_tools.projection.er
import yt360_tools.projection.views
from avsa_models.dataset import MomentConfig, PanoramaClips, Sample, draw_sample, open_panoramas
from avsa_models.features import FeatureConfig
from avsa_models.views import ViewConfig, Viewpoint
from yt360_tools.ambisonics import channel_matrix
from yt360_tools.geometry import Direction, rotation_y, rotation_z

Array = NDArray[np.float64]

FPS, RATE_HZ, WIDTH = 16.0, 24_000, 448
FEATURES = FeatureConfig()
VIEWS = ViewConfig(brightness=0, contrast=0, saturation=0, hue_deg=0)
"""What is drawn by default (4 views, each with its own opening, half of the samples mirrored), in true colours."""

CLIPS, DRAWS, DRAWS_OF_A_FAULT = 12, 40, 8

# By a crop's size: median and worst. Half a pixel is 0.4 degrees of the panorama, up to 0.5 of a crop of 112 pixels,
# up to 1.2 of one of 48, and up to 1.6 of the panorama scaled down for it: there a dot is two or three pixels wide.
PICTURE_DEG = {112: (0.06, 0.2), 48: (0.15, 0.8)}
SOUND_WORST_DEG = 0.01

# A dot that goes 9.4 degrees a frame; its sound goes 1.5 degrees a time step, 0.15 a millisecond.
TURN_DEG_PER_S, MOVING_ELEVATION_DEG = 150.0, 17.0
MOVING_STEP_WORST_DEG, MOVING_MEAN_WORST_DEG = 0.3, 0.05

NOT_FOUND = np.array([-1.0, 0.0, 0.0])
"""Behind the camera: as wrong as a dot in a crop can be."""


@dataclass(frozen=True)
class Seen:
    """A view of a resting dot; directions are unit vectors (to the front, to the left, up) in the view.

    Attributes:
        expected: where the label says that dot and sound are.
        dot: where it is in the picture; None when the view need not show the whole of it.
        sound: where it comes from by the features.
    """

    viewpoint: Viewpoint
    expected: Array
    dot: Array | None
    sound: Array


def expected_in_view(viewpoint: Viewpoint, azimuth_deg: float, elevation_deg: float) -> Array:
    """Where a direction lies in a view: Snyder's gnomonic projection (eqs. 5-3, 22-4, 22-5) before its division."""
    look = viewpoint.view.direction
    aside, elevation, pitch = np.radians([azimuth_deg - look.yaw_deg, elevation_deg, look.pitch_deg])
    front = np.sin(pitch) * np.sin(elevation) + np.cos(pitch) * np.cos(elevation) * np.cos(aside)
    left = np.cos(elevation) * np.sin(aside)
    up = np.cos(pitch) * np.sin(elevation) - np.sin(pitch) * np.cos(elevation) * np.cos(aside)
    return np.array([front, -left if viewpoint.mirrored else left, up])


def dot_in_view(crop: NDArray[np.uint8], viewpoint: Viewpoint, azimuth_deg: float, elevation_deg: float) -> Any:
    """Where the dot is in a crop; None when by truth and label the crop need not show the whole of it."""
    view = viewpoint.view
    label = {
        "projection": view.projection,
        "yaw_deg": view.direction.yaw_deg,
        "pitch_deg": view.direction.pitch_deg,
        "roll_deg": view.direction.roll_deg,
        "hfov_deg": view.hfov_deg,
        "vfov_deg": view.vfov_deg,
    }
    if not is_well_inside(label, dot.unit_vector(azimuth_deg, elevation_deg)):
        return None
    found = find_dot(crop, label)
    return found.view_ray if found else NOT_FOUND


def heard(features: NDArray[np.float32]) -> Array:
    """Where the energy of features (7, steps, mels) comes from: the intensity's mean, weighted with W's energy."""
    decibels = 20 * features[0].astype(np.float64) - 50
    flow = (10 ** (decibels / 10) * features[4:]).reshape(3, -1).sum(axis=1)
    return flow / np.linalg.norm(flow)


def draw_samples(
    clips: PanoramaClips,
    count: int,
    *,
    moment: MomentConfig,
    size: int,
    seed: int = 0,
    views: ViewConfig = VIEWS,
    viewpoints: int = 4,
) -> list[Sample]:
    """`count` samples of each clip, each of so many viewpoints."""
    rng, sized = np.random.default_rng(seed), replace(views, size=size)
    return [
        draw_sample(clips, index, rng, count=viewpoints, moment=moment, views=sized, features=FEATURES)
        for index in range(len(clips))
        for _ in range(count)
    ]


def look_at(samples: Sequence[Sample], truths: Sequence[tuple[float, float]]) -> list[Seen]:
    """Every view of samples, given each clip's azimuth and elevation in degrees."""
    return [
        Seen(
            viewpoint,
            expected_in_view(viewpoint, *truths[sample.clip_index]),
            dot_in_view(crops[-1], viewpoint, *truths[sample.clip_index]),
            heard(features),
        )
        for sample in samples
        for viewpoint, crops, features in zip(sample.viewpoints, sample.video, sample.audio, strict=True)
    ]


@dataclass(frozen=True)
class Errors:
    """In degrees: of the dots, of the sounds, and of the dots from their sounds."""

    picture: Array
    sound: Array
    apart: Array

    @classmethod
    def of(cls, seen: Sequence[Seen]) -> "Errors":
        with_dot = [one for one in seen if one.dot is not None]
        return cls(
            np.array([dot.angle_deg(one.dot, one.expected) for one in with_dot]),
            np.array([dot.angle_deg(one.sound, one.expected) for one in seen]),
            np.array([dot.angle_deg(one.dot, one.sound) for one in with_dot]),
        )

    def __str__(self) -> str:
        return "; ".join(
            f"{name}: {len(values)} views, median {np.median(values):.4f}, worst {values.max():.4f} degrees"
            for name, values in vars(self).items()
        )


def assert_together(seen: Sequence[Seen]) -> Errors:
    """Dots and sounds are where labels say, to a fraction of a pixel and of a degree."""
    errors = Errors.of(seen)
    median_deg, worst_deg = PICTURE_DEG[seen[0].viewpoint.view.width]
    assert np.median(errors.picture) < median_deg, str(errors)
    assert errors.picture.max() < worst_deg, str(errors)
    assert errors.sound.max() < SOUND_WORST_DEG, str(errors)
    assert errors.apart.max() < worst_deg + SOUND_WORST_DEG, str(errors)
    return errors


# --- Dots that rest


RESTING = MomentConfig(frames=2, fps=FPS, audio_s=0.2)


@dataclass(frozen=True)
class World:
    """Clips of one dot each, and their truth: azimuth and elevation in degrees."""

    clips: PanoramaClips
    truths: tuple[tuple[float, float], ...]


@pytest.fixture(scope="module")
def resting(tmp_path_factory: pytest.TempPathFactory) -> World:
    rng = np.random.default_rng(5)
    background = dot.draw_background(WIDTH, WIDTH // 2, seed=5)
    # In twelve parts of the circle, as high and low as views of +-30 degrees look.
    truths = [(30 * k - 180 + rng.uniform(0, 30), rng.uniform(-35, 35)) for k in range(CLIPS)]
    contents = []
    for k, truth in enumerate(truths):
        picture = dot.draw_er(WIDTH, WIDTH // 2, dot.unit_vector(*truth), background)
        sound = dot.encode_source(0.1 * dot.band_noise(RATE_HZ // 4, RATE_HZ, rng), *truth)
        contents.append(panorama_clip(f"v{k:02}-0", [picture] * 4, sound, fps=FPS, sample_rate_hz=RATE_HZ))
    path = write_shard(tmp_path_factory.mktemp("resting") / "train-00000.h5", *contents)
    return World(open_panoramas([path], "train", RESTING), tuple(truths))


@pytest.fixture(scope="module", params=PICTURE_DEG, ids="{} pixels".format)
def seen(request: pytest.FixtureRequest, resting: World) -> list[Seen]:
    """Many views of all clips, in crops of one size."""
    return look_at(draw_samples(resting.clips, DRAWS, moment=RESTING, size=request.param), resting.truths)


@pytest.mark.parametrize("mirrored", [False, True])
def test_dots_and_sounds_are_where_labels_say(
    mirrored: bool, seen: list[Seen], record_testsuite_property: Callable[..., None]
) -> None:
    """In views that show the dot, and by ear in those that look elsewhere."""
    errors = assert_together([one for one in seen if one.viewpoint.mirrored == mirrored])
    size = seen[0].viewpoint.view.width
    record_testsuite_property(f"loader, crops of {size} pixels, mirrored {mirrored}", str(errors))


def test_dots_are_seen_in_all_parts_of_crops_of_all_openings(seen: list[Seen]) -> None:
    """Or else the test above would prove less than it says."""
    shown = [one for one in seen if one.dot is not None]
    assert sum(one.viewpoint.mirrored for one in shown) > 60
    assert sum(not one.viewpoint.mirrored for one in shown) > 60
    half_width, half_height = np.tan(
        np.radians([[one.viewpoint.view.hfov_deg for one in shown], [one.viewpoint.view.vfov_deg for one in shown]]) / 2
    )
    front, left, up = np.array([one.expected for one in shown]).T
    for place in (left / front / half_width, up / front / half_height):  # -1 to 1 from edge to edge
        assert place.min() < -0.6
        assert place.max() > 0.6
    assert half_width.min() < np.tan(np.radians(40) / 2)
    assert half_width.max() > np.tan(np.radians(80) / 2)
    assert np.ptp(half_width / half_height) > 0.5


def test_jittered_colours_leave_the_dot_in_its_place(resting: World) -> None:
    samples = draw_samples(resting.clips, DRAWS_OF_A_FAULT, moment=RESTING, size=112, views=ViewConfig())
    assert_together(look_at(samples, resting.truths))


def test_views_that_are_drawn_towards_the_sound_show_the_dot(resting: World) -> None:
    views = replace(VIEWS, toward_sound=1, hfov_deg=(60, 90), mirror=0.5)
    seen = look_at(draw_samples(resting.clips, 4, moment=RESTING, size=112, views=views), resting.truths)
    firsts = seen[::4]
    assert all(one.dot is not None for one in firsts)
    assert_together(firsts)


# --- What must be noticed: plant it, and the test fails


TURN = Direction.view_from_world.fget  # type: ignore[attr-defined]
LEFT_TO_RIGHT = np.diag([1.0, -1.0, 1.0, 1.0])


def turn_with_pitch_undone_first(yaw: float, pitch: float, roll: float = 0.0) -> Array:
    """The order that the published code has."""
    return rotation_z(-yaw) @ rotation_y(pitch)


def sound_with_pitch_undone_first(patch: pytest.MonkeyPatch) -> None:
    def turn(look: Direction) -> Array:
        return turn_with_pitch_undone_first(*np.radians([look.yaw_deg, look.pitch_deg]))

    patch.setattr(Direction, "view_from_world", property(turn))


def picture_and_sound_with_pitch_undone_first(patch: pytest.MonkeyPatch) -> None:
    """They agree with each other, and both miss the label."""
    patch.setattr(yt360_tools.geometry, "view_from_world", turn_with_pitch_undone_first)


def sound_turned_the_other_way(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Direction, "view_from_world", property(lambda look: TURN(look).T))


def picture_mirrored_without_its_sound(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(avsa_models.views, "channel_matrix", lambda turn, mirrored: channel_matrix(turn))


def sound_mirrored_without_its_picture(patch: pytest.MonkeyPatch) -> None:
    cut = avsa_models.dataset.cut_crops

    def unmirrored(frames: Any, viewpoints: Sequence[Viewpoint]) -> Any:
        return cut(frames, [replace(viewpoint, mirrored=False) for viewpoint in viewpoints])

    patch.setattr(avsa_models.dataset, "cut_crops", unmirrored)


def sound_mirrored_before_it_is_turned(patch: pytest.MonkeyPatch) -> None:
    def mixing(turn: Array, *, mirrored: bool) -> Array:
        return channel_matrix(turn) @ (LEFT_TO_RIGHT if mirrored else np.eye(4))

    patch.setattr(avsa_models.views, "channel_matrix", mixing)


def opening_without_a_tangent(patch: pytest.MonkeyPatch) -> None:
    """The image plane as wide as the opening angle in radians, as in the published code."""
    rays = yt360_tools.projection.views.viewport_rays

    def narrower(yaw: float, pitch: float, roll: float, hfov: float, width: int, height: int, vfov: float) -> Array:
        return rays(yaw, pitch, roll, 2 * np.arctan(hfov / 2), width, height, 2 * np.arctan(vfov / 2))

    patch.setattr(yt360_tools.projection.views, "viewport_rays", narrower)


def opening_angles_exchanged(patch: pytest.MonkeyPatch) -> None:
    cut = avsa_models.dataset.cut_crops

    def exchanged(frames: Any, viewpoints: Sequence[Viewpoint]) -> Any:
        views = [replace(one.view, hfov_deg=one.view.vfov_deg, vfov_deg=one.view.hfov_deg) for one in viewpoints]
        return cut(frames, [replace(one, view=view) for one, view in zip(viewpoints, views, strict=True)])

    patch.setattr(avsa_models.dataset, "cut_crops", exchanged)


def half_a_pixel_lost(patch: pytest.MonkeyPatch) -> None:
    """Pixels counted from their edges: half a pixel of the panorama to the left and up."""
    pixels = yt360_tools.projection.er.er_pixels_from_rays

    def from_edges(rays: Array, width: int, height: int) -> tuple[Array, Array]:
        column, row = pixels(rays, width, height)
        return column + 0.5, row + 0.5

    patch.setattr(yt360_tools.projection.er, "er_pixels_from_rays", from_edges)


def panorama_scaled_from_its_corner(patch: pytest.MonkeyPatch) -> None:
    def every_nth(frame: Any, size: tuple[int, int], interpolation: int) -> Any:
        rows, columns = (np.arange(n) * whole // n for n, whole in zip(size[::-1], frame.shape, strict=False))
        return frame[np.ix_(rows, columns)]

    patch.setattr(cv2, "resize", every_nth)


def each_view_with_another_ones_sound(patch: pytest.MonkeyPatch) -> None:
    features = avsa_models.dataset.view_features
    patch.setattr(
        avsa_models.dataset, "view_features", lambda means, mixings, config: features(means, mixings[::-1], config)
    )


def channels_in_another_order(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(avsa_models.features, "XYZ_CHANNELS", (1, 2, 3))


@pytest.mark.parametrize(
    ("size", "plant"),
    [
        (112, sound_with_pitch_undone_first),
        (112, picture_and_sound_with_pitch_undone_first),
        (112, sound_turned_the_other_way),
        (112, picture_mirrored_without_its_sound),
        (112, sound_mirrored_without_its_picture),
        (112, sound_mirrored_before_it_is_turned),
        (112, opening_without_a_tangent),
        (112, opening_angles_exchanged),
        (112, half_a_pixel_lost),
        (48, panorama_scaled_from_its_corner),
        (112, each_view_with_another_ones_sound),
        (112, channels_in_another_order),
    ],
)
def test_a_fault_is_noticed(
    size: int, plant: Callable[[pytest.MonkeyPatch], None], resting: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError, match=r"median .* worst .* degrees"):
        assert_together(
            look_at(draw_samples(resting.clips, DRAWS_OF_A_FAULT, moment=RESTING, size=size), resting.truths)
        )


@pytest.mark.parametrize("size", PICTURE_DEG)
def test_without_a_fault_the_same_draws_pass(size: int, resting: World) -> None:
    assert_together(look_at(draw_samples(resting.clips, DRAWS_OF_A_FAULT, moment=RESTING, size=size), resting.truths))


# --- A dot that moves: picture and sound run on one clock


MOVING = MomentConfig(frames=4, fps=FPS, audio_s=0.5)


def azimuth_at(time_s: Array | float) -> Any:
    return -170.0 + TURN_DEG_PER_S * np.asarray(time_s)


@pytest.fixture(scope="module")
def moving(tmp_path_factory: pytest.TempPathFactory) -> PanoramaClips:
    """A clip of two seconds in which dot and sound go around together, most of the circle."""
    background = dot.draw_background(WIDTH, WIDTH // 2, seed=6)
    pictures = [
        dot.draw_er(WIDTH, WIDTH // 2, dot.unit_vector(azimuth_at(n / FPS), MOVING_ELEVATION_DEG), background)
        for n in range(round(2 * FPS))
    ]
    signal = 0.1 * dot.band_noise(2 * RATE_HZ, RATE_HZ, np.random.default_rng(6))
    x, y, z = dot.unit_vector(azimuth_at(np.arange(2 * RATE_HZ) / RATE_HZ), np.full(2 * RATE_HZ, MOVING_ELEVATION_DEG))
    clip = panorama_clip("v-0", pictures, signal * np.stack([x * 0 + 1, y, z, x]), fps=FPS, sample_rate_hz=RATE_HZ)
    path = write_shard(tmp_path_factory.mktemp("moving") / "train-00000.h5", clip)
    return open_panoramas([path], "train", MOVING)


def picture_errors_deg(sample: Sample) -> list[float]:
    """Of every frame of every view that must show the dot: the last stored frame not after the frame's time."""
    times = np.floor((sample.moment.video_start_s + np.arange(MOVING.frames) / MOVING.fps) * FPS) / FPS
    errors = []
    for viewpoint, crops in zip(sample.viewpoints, sample.video, strict=True):
        for time_s, crop in zip(times, crops, strict=True):
            truth = float(azimuth_at(time_s)), MOVING_ELEVATION_DEG
            found = dot_in_view(crop, viewpoint, *truth)
            if found is not None:
                errors.append(float(dot.angle_deg(found, expected_in_view(viewpoint, *truth))))
    return errors


def sound_errors_deg(sample: Sample) -> Array:
    """How far each view's sound is ahead of the truth, (views, steps); a step's time is that of its window's middle."""
    steps = np.arange(1, sample.audio.shape[2] - 1)  # the first and the last window reach out of what is heard
    times = sample.moment.audio_start_s + (steps + 0.5) * FEATURES.hop / RATE_HZ
    ahead = np.empty((len(sample.viewpoints), len(steps)))
    for errors, viewpoint, features in zip(ahead, sample.viewpoints, sample.audio, strict=True):
        for column, (step, time_s) in enumerate(zip(steps, times, strict=True)):
            found = heard(features[:, step : step + 1])
            truth, later = (
                expected_in_view(viewpoint, float(azimuth_at(when)), MOVING_ELEVATION_DEG)
                for when in (time_s, time_s + 1e-3)
            )
            forwards = (later - truth) / np.linalg.norm(later - truth)
            errors[column] = np.degrees((found - truth) @ forwards)
    return ahead


def assert_on_one_clock(samples: Sequence[Sample]) -> str:
    median_deg, worst_deg = PICTURE_DEG[samples[0].video.shape[-2]]
    picture = np.array([error for sample in samples for error in picture_errors_deg(sample)])
    sound = [sound_errors_deg(sample) for sample in samples]
    worst_step = max(float(np.abs(ahead).max()) for ahead in sound)
    worst_mean = max(float(np.abs(ahead.mean())) for ahead in sound)
    shown = (
        f"picture: {len(picture)} frames, median {np.median(picture):.3f}, worst {picture.max():.3f}; "
        f"sound: worst step {worst_step:.3f}, worst mean of a sample {worst_mean:.3f} degrees"
    )
    assert np.median(picture) < median_deg, shown
    assert picture.max() < worst_deg, shown
    assert worst_step < MOVING_STEP_WORST_DEG, shown
    assert worst_mean < MOVING_MEAN_WORST_DEG, shown
    return shown


def test_a_moving_dot_and_its_sound_run_on_one_clock(
    moving: PanoramaClips, record_testsuite_property: Callable[..., None]
) -> None:
    samples = draw_samples(moving, 40, moment=MOVING, size=112)
    record_testsuite_property("loader, moving dot", assert_on_one_clock(samples))


def test_views_are_drawn_towards_what_sounds_while_the_pictures_are_seen(moving: PanoramaClips) -> None:
    """Before and after that the dot is up to 37 degrees elsewhere."""
    views = replace(VIEWS, toward_sound=1, hfov_deg=(40, 40), aspect=(1, 1))
    for sample in draw_samples(moving, 60, moment=MOVING, size=8, views=views, viewpoints=1):
        (viewpoint,) = sample.viewpoints
        times = np.linspace(sample.moment.video_start_s - 0.01, sample.moment.video_start_s + MOVING.video_s + 0.01, 50)
        truths = [expected_in_view(viewpoint, float(azimuth_at(time_s)), MOVING_ELEVATION_DEG) for time_s in times]
        aside_deg = [abs(float(np.degrees(np.arctan2(left, front)))) for front, left, _ in truths]
        assert min(aside_deg) < 0.8 * 20 + 1


def sound_a_millisecond_late(patch: pytest.MonkeyPatch) -> None:
    sound = PanoramaClips.sound
    patch.setattr(PanoramaClips, "sound", lambda clips, index, start_s: sound(clips, index, start_s - 1e-3))


def pictures_a_frame_late(patch: pytest.MonkeyPatch) -> None:
    frames = PanoramaClips.frames
    patch.setattr(PanoramaClips, "frames", lambda clips, index, start_s: frames(clips, index, start_s - 1 / FPS))


def windows_counted_from_their_beginning(patch: pytest.MonkeyPatch) -> None:
    """Half a window less a half hop: what a transform is off that does not centre its windows."""
    spectra = avsa_models.features.spectra
    shift = (FEATURES.n_fft - FEATURES.hop) // 2
    patch.setattr(avsa_models.features, "spectra", lambda foa, config: spectra(np.roll(foa, -shift, axis=1), config))


@pytest.mark.parametrize(
    "plant", [sound_a_millisecond_late, pictures_a_frame_late, windows_counted_from_their_beginning]
)
def test_a_fault_of_the_clock_is_noticed(
    plant: Callable[[pytest.MonkeyPatch], None], moving: PanoramaClips, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError, match=r"median .* worst"):
        assert_on_one_clock(draw_samples(moving, 20, moment=MOVING, size=112))


# --- The whole line: from media files to samples


LINE = MomentConfig(frames=2, fps=8.0, audio_s=0.5)
LINE_VIDEOS = (("-er", "er", "mp4", "flac", 1280), ("_eac", "eac", "webm", "opus", 960))
LINE_CLIPS_A_VIDEO = 8
LINE_PICTURE_DEG, LINE_SOUND_DEG = (0.15, 0.4), (0.1, 0.5)  # median, worst; half a pixel is 0.28


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory, run_yt360: Any, write_manifest: Any) -> World:
    """Panoramas that ``yt360 rebuild`` made of an equirectangular mp4 and an equi-angular webm."""
    folder = tmp_path_factory.mktemp("rebuilt")
    rng = np.random.default_rng(7)
    scenes = [
        dot.write_dot_scene(
            folder / "media",
            video_id,
            azimuth_deg=[45 * k - 180 + rng.uniform(0, 45) for k in range(LINE_CLIPS_A_VIDEO)],
            elevation_deg=list(rng.uniform(-35, 35, LINE_CLIPS_A_VIDEO)),
            seconds=LINE_CLIPS_A_VIDEO,
            fps=8,
            width=width,
            projection=projection,
            container=container,
            video_codec="libvpx-vp9" if container == "webm" else "libx264",
            sound=sound,
            seed=seed,
        )
        for seed, (video_id, projection, container, sound, width) in enumerate(LINE_VIDEOS)
    ]
    manifest = write_manifest(folder / "manifest.csv", scenes, declared=[scene.video_id for scene in scenes])
    numbers = ("--width", 640, "--fps", 8, "--sample-rate", RATE_HZ, "--workers", 1)
    media = ("--media", folder / "media", "--layout", "panorama", *dot.TOLERATED)
    run_yt360("rebuild", manifest, "--workspace", folder / "workspace", *media, *numbers)
    clips = open_panoramas([folder / "workspace"], "train", LINE)
    truth = {segment.clip_id: segment for scene in scenes for segment in scene.segments}
    chosen = [truth[clip.clip_id] for clip in clips.clips]
    return World(clips, tuple((segment.azimuth_deg, segment.elevation_deg) for segment in chosen))


def test_from_media_files_to_samples_dots_and_sounds_stay_together(
    rebuilt: World, record_testsuite_property: Callable[..., None]
) -> None:
    assert len(rebuilt.clips) == len(LINE_VIDEOS) * LINE_CLIPS_A_VIDEO
    seen = look_at(draw_samples(rebuilt.clips, 10, moment=LINE, size=112), rebuilt.truths)
    errors = Errors.of(seen)
    record_testsuite_property("the line and the loader", str(errors))
    for measured, (median_deg, worst_deg) in ((errors.picture, LINE_PICTURE_DEG), (errors.sound, LINE_SOUND_DEG)):
        assert np.median(measured) < median_deg, str(errors)
        assert measured.max() < worst_deg, str(errors)
    assert len(errors.picture) > 40
    assert errors.apart.max() < LINE_PICTURE_DEG[1] + LINE_SOUND_DEG[1], str(errors)
