"""Ambisonics as AmbiX (ACN, SN3D), with directions and rotations as in `geometry`."""

from yt360_tools.ambisonics.beams import BEAM_PATTERNS, beam
from yt360_tools.ambisonics.channels import XYZ_CHANNELS, Sound
from yt360_tools.ambisonics.field import direction_of_arrival, energy_map
from yt360_tools.ambisonics.loudest import loudest_directions
from yt360_tools.ambisonics.scene import channel_matrix, encode, mirror, rotate

__all__ = [
    "BEAM_PATTERNS",
    "XYZ_CHANNELS",
    "Sound",
    "beam",
    "channel_matrix",
    "direction_of_arrival",
    "encode",
    "energy_map",
    "loudest_directions",
    "mirror",
    "rotate",
]
