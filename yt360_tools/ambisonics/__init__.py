"""Ambisonics as AmbiX (ACN, SN3D), orders 0 to 7, with directions and rotations as in `geometry`."""

from yt360_tools.ambisonics.bands import (
    BandCovariances,
    CovarianceStream,
    band_covariances,
    bands_between,
    fractional_octaves,
)
from yt360_tools.ambisonics.beams import BEAM_PATTERNS, beam, beam_channels, beam_gain, beam_weights
from yt360_tools.ambisonics.channels import (
    MAX_ORDER,
    XYZ_CHANNELS,
    Sound,
    channel_degrees,
    channels_of,
    check_finite,
    order_of,
    sound_order,
)
from yt360_tools.ambisonics.directivity import directivity_index_db, front_back_ratio_db, half_power_width_deg
from yt360_tools.ambisonics.field import direction_of_arrival, energy_map
from yt360_tools.ambisonics.formats import FORMATS, convert
from yt360_tools.ambisonics.harmonics import harmonics
from yt360_tools.ambisonics.headphones import BinauralStream, binaural
from yt360_tools.ambisonics.intensity import DIFFUSE, Arrivals, arrivals, arrivals_of
from yt360_tools.ambisonics.loudest import loudest_directions, peaks_of_votes
from yt360_tools.ambisonics.maps import EnergyMaps, beam_power, energy_maps, energy_maps_of
from yt360_tools.ambisonics.rotation import channel_matrix, rotation_matrix
from yt360_tools.ambisonics.scene import encode, mirror, rotate

__all__ = [
    "BEAM_PATTERNS",
    "DIFFUSE",
    "FORMATS",
    "MAX_ORDER",
    "XYZ_CHANNELS",
    "Arrivals",
    "BandCovariances",
    "BinauralStream",
    "CovarianceStream",
    "EnergyMaps",
    "Sound",
    "arrivals",
    "arrivals_of",
    "band_covariances",
    "bands_between",
    "beam",
    "beam_channels",
    "beam_gain",
    "beam_power",
    "beam_weights",
    "binaural",
    "channel_degrees",
    "channel_matrix",
    "channels_of",
    "check_finite",
    "convert",
    "direction_of_arrival",
    "directivity_index_db",
    "encode",
    "energy_map",
    "energy_maps",
    "energy_maps_of",
    "fractional_octaves",
    "front_back_ratio_db",
    "half_power_width_deg",
    "harmonics",
    "loudest_directions",
    "mirror",
    "order_of",
    "peaks_of_votes",
    "rotate",
    "rotation_matrix",
    "sound_order",
]
