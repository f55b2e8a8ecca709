"""Sampling tables between the projections of the sphere, and applying them to frames."""

from yt360_tools.projection.density import sufficient_height, sufficient_width
from yt360_tools.projection.directions import random_directions, ring_directions
from yt360_tools.projection.layouts import EAC_BORDER_PX, eac_pixels_from_rays
from yt360_tools.projection.sampling import Frame, Sampler, sampler
from yt360_tools.projection.views import panorama, view_rays, viewport

__all__ = [
    "EAC_BORDER_PX",
    "Frame",
    "Sampler",
    "eac_pixels_from_rays",
    "panorama",
    "random_directions",
    "ring_directions",
    "sampler",
    "sufficient_height",
    "sufficient_width",
    "view_rays",
    "viewport",
]
