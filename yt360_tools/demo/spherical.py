"""What a demo file says of its picture: the words that YouTube's files use."""

import struct
import zlib

from yt360_tools.media.labelling import label_patch
from yt360_tools.media.spherical_boxes import PictureLabel, box, equirectangular_label, packed_bits


def _mesh_contents() -> bytes:
    """What is in an ``mshp`` box: the smallest valid mesh, one triangle.

    YouTube's EAC files carry the cube's faces as a mesh of thousands of triangles, and say "EAC" nowhere.
    A reader can only tell that there is a mesh, and so it can here; nobody should draw with this one.
    """
    coordinates = struct.pack(">I2f", 2, 0.0, 1.0)
    # Three vertices (x, y, z, u, v), each number the zigzag-coded step of an index into the coordinates.
    steps = [2, 0, 0, 0, 0, 1, 2, 0, 2, 0, 0, 1, 2, 1, 2]
    vertices = struct.pack(">I", 3) + packed_bits([(step, 2) for step in steps])
    one_list = struct.pack(">IBBI", 1, 0, 0, 3) + packed_bits([(0, 3), (2, 3), (2, 3)])
    coded = b"raw " + box(b"mesh", coordinates, vertices, one_list)
    return struct.pack(">II", 0, zlib.crc32(coded)) + coded


def with_spherical_metadata(data: bytes, container: str, *, projection: str, stereo: str) -> bytes:
    """The file `data` (``mp4`` or ``webm``, as `encode.encode_video` writes it) that says what it shows.

    Args:
        projection: ``er`` becomes equirectangular, ``eac`` becomes a mesh, as YouTube labels it.
        stereo: ``mono`` or ``top-bottom``.

    Raises:
        MediaError: the container is not built as expected.
    """
    label = equirectangular_label(stereo) if projection == "er" else PictureLabel(b"mshp", _mesh_contents(), stereo)
    patch = label_patch(data, "mp4" if container == "mp4" else "matroska", label)
    return data[: patch.start] + patch.new + data[patch.end :]
