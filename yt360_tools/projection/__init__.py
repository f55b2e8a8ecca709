"""Sampling tables between the projections of the sphere, and applying them to frames."""

from yt360_tools.projection.density import sufficient_height, sufficient_width
from yt360_tools.projection.directions import fibonacci_directions, random_directions, ring_directions
from yt360_tools.projection.er import check_er_shape
from yt360_tools.projection.faces import EAC_FACES, WRITTEN_FACES, parse_faces
from yt360_tools.projection.sampling import Frame, Sampler, sampler
from yt360_tools.projection.source import (
    EAC_BORDER_PX,
    Patch,
    Source,
    SourcePixels,
    patch_rays,
    patches,
    source_pixels,
)
from yt360_tools.projection.tables import INTERPOLATIONS
from yt360_tools.projection.views import as_source, cube_views, panorama, view_rays, viewport, whole_sphere

__all__ = [
    "EAC_BORDER_PX",
    "EAC_FACES",
    "INTERPOLATIONS",
    "WRITTEN_FACES",
    "Frame",
    "Patch",
    "Sampler",
    "Source",
    "SourcePixels",
    "as_source",
    "check_er_shape",
    "cube_views",
    "fibonacci_directions",
    "panorama",
    "parse_faces",
    "patch_rays",
    "patches",
    "random_directions",
    "ring_directions",
    "sampler",
    "source_pixels",
    "sufficient_height",
    "sufficient_width",
    "view_rays",
    "viewport",
    "whole_sphere",
]
