"""From a build's options to the views of one clip."""

import numpy as np
from numpy.typing import NDArray

from yt360_tools.ambisonics import BEAM_PATTERNS, loudest_directions
from yt360_tools.config import BuildConfig
from yt360_tools.errors import UsageError, nearest
from yt360_tools.geometry import Array
from yt360_tools.projection import panorama, viewport
from yt360_tools.projection.view_sets import ViewSettings, make_views, parse_size, parse_view, parse_view_set
from yt360_tools.records import View

__all__ = ["check_view_options", "clip_views", "parse_size", "parse_view", "parse_view_set"]


def clip_views(config: BuildConfig, clip_id: str, foa: NDArray[np.float32]) -> tuple[View, ...]:
    """The views of a clip; only ``sound:K`` depends on its sound (4, samples), only ``random:K`` on its id.

    Raises:
        UsageError: the options do not make views; `check_view_options` finds that out before any work.
    """
    if config.layout == "panorama":
        return (panorama(config.width),)
    settings = _settings(config)
    if config.layout == "cube":
        return make_views("cube", settings)
    if config.view:
        looks = [parse_view(text, config.hfov) for text in config.view]
        return tuple(viewport(direction, hfov, settings.width, settings.height) for direction, hfov in looks)

    def loudest(count: int, min_separation: float) -> Array:
        return loudest_directions(foa, count, sample_rate_hz=config.sample_rate, min_separation=min_separation)

    return make_views(config.views, settings, name=clip_id, loudest=loudest)


def check_view_options(config: BuildConfig) -> int:
    """How many views a clip gets.

    Raises:
        UsageError: an option does not serve, or the views do not fit.
    """
    if config.beam not in BEAM_PATTERNS:
        raise UsageError(f"unknown beam pattern {config.beam!r}{nearest(config.beam, BEAM_PATTERNS)}")
    return len(clip_views(config, "a clip", np.zeros((4, config.sample_rate), np.float32)))


def _settings(config: BuildConfig) -> ViewSettings:
    width, height = parse_size(config.size)
    return ViewSettings(
        width,
        height,
        hfov_deg=config.hfov,
        hfov_range_deg=_range("hfov_range", config.hfov_range, "in degrees, such as 25,90"),
        aspect_range=_range("aspect_range", config.aspect_range, "such as 0.75,1.3333"),
        min_separation_deg=config.min_separation_deg,
        max_pitch_deg=config.max_pitch_deg,
        seed=config.seed,
    )


def _range(key: str, text: str, example: str) -> tuple[float, float] | None:
    if not text:
        return None
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"build.{key} is LEAST,GREATEST {example}; got {text!r}") from None
    return low, high
