"""Where a film cuts from one scene to another, as PySceneDetect's content detector judges it.

The detector alone is PySceneDetect's; frames come from our own decoder, small and with the source's times, so that no
second reader of files is needed, and a cut is on the clock that windows are on.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from yt360_tools.errors import EnvironmentMissing
from yt360_tools.media.containers import foreign_errors, opened

_WIDTH = 256
"""Frames are looked at this wide: PySceneDetect, too, scales them to about that."""


def check_scene_detector() -> None:
    """Refuse to begin where PySceneDetect is not installed.

    Raises:
        EnvironmentMissing: it says what to install.
    """
    try:
        import scenedetect.detectors  # noqa: F401
    except ImportError as error:
        raise EnvironmentMissing(
            f"segment.scene_cuts needs PySceneDetect ({error}): pip install 'yt360-tools[scenes]'"
        ) from error


def scene_cuts(path: Path, threshold: float = 27.0) -> tuple[float, ...]:
    """When each scene but the first begins, in seconds on the source's clock; the whole film is decoded.

    Args:
        threshold: the mean change of hue, saturation and brightness, 0 to 255, from which on a frame begins a scene.

    Raises:
        EnvironmentMissing: PySceneDetect is not installed.
        MediaError: the picture cannot be read.
    """
    check_scene_detector()
    from scenedetect import FrameTimecode
    from scenedetect.detectors import ContentDetector

    # Scenes may be as short as they like: a cut that is passed over would lie in a window.
    detector = ContentDetector(threshold=threshold, min_scene_len=0)
    times_s: list[float] = []
    found: list[float] = []
    for time_s, picture in _small_frames(path):
        times_s.append(time_s)
        # The number alone counts here; the rate is only what a timecode cannot be without.
        cuts = detector.process_frame(FrameTimecode(len(times_s) - 1, 25.0), picture)
        found += [times_s[cut.frame_num] for cut in cuts if cut.frame_num]
    return tuple(sorted(set(found)))


def _small_frames(path: Path) -> Iterator[tuple[float, Any]]:
    """(time, BGR picture) of every frame that has a time."""
    with (
        opened(path, "video") as (container, stream),
        foreign_errors(path, "unreadable_video", "looking for cuts"),
    ):
        stream.codec_context.thread_count = 1
        for frame in container.decode(stream):
            if frame.pts is None:
                continue
            width = min(_WIDTH, frame.width)
            height = max(1, round(width * frame.height / frame.width))
            small = frame.reformat(width=width, height=height, format="bgr24", interpolation="AREA")
            yield float(frame.pts * frame.time_base), small.to_ndarray()
