"""How much is in a mesh that a header carries, counted without taking it apart, whatever bytes it holds.

Mesh Projection Box in https://github.com/google/spatial-media/blob/master/docs/spherical-video-v2-rfc.md. Its counts
are a stranger's: nothing is made of that size, only compared with the bytes that are there.
"""

import struct
import zlib
from dataclasses import dataclass

_MOST_BYTES = 8 * 1024 * 1024
_MOST_LISTS = 1000
_HEAD = 12  # version and flags, checksum, encoding
_LIST_HEAD = 6  # texture, kind, count
_MESHES = (1, 2)


@dataclass(frozen=True)
class MeshCounts:
    """What one mesh says it has, and what its bytes have room for."""

    coordinates: int
    vertices: int
    lists: int
    indices: int


class NoMesh(ValueError):
    """These bytes are not what a mesh is; the words say why, behind "a mesh"."""


def count_meshes(contents: bytes) -> tuple[MeshCounts, ...]:
    """The counts of the one mesh (or two, an eye each) in the contents of an ``mshp`` box, version and flags first.

    Raises:
        NoMesh: a checksum, a coding or a count does not fit.
    """
    if len(contents) < _HEAD:
        raise NoMesh(f"of {len(contents)} bytes")
    (checksum,) = struct.unpack_from(">I", contents, 4)
    if zlib.crc32(contents[8:]) != checksum:
        raise NoMesh("whose checksum is wrong")
    data = _unpacked(contents[8:12], contents[12:])
    meshes, start = [], 0
    while start + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, start)
        if size < 8 or start + size > len(data):
            raise NoMesh(f"whose box of {size} bytes has room for {len(data) - start}")
        if kind == b"mesh":
            meshes.append(_count(data, start + 8, start + size))
        if len(meshes) > max(_MESHES):
            break
        start += size
    if len(meshes) not in _MESHES:
        raise NoMesh(f"box with {'no mesh' if not meshes else 'more than two meshes'} in it")
    return tuple(meshes)


def _unpacked(coding: bytes, data: bytes) -> bytes:
    if coding == b"raw ":
        return data
    if coding != b"dfl8":
        raise NoMesh(f"coded as {coding!r}")
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        unpacked = unpacker.decompress(data, _MOST_BYTES + 1)
    except zlib.error as error:
        raise NoMesh("that does not unpack") from error
    if len(unpacked) > _MOST_BYTES:
        raise NoMesh(f"of more than {_MOST_BYTES} bytes")
    return unpacked


def _count(data: bytes, at: int, end: int) -> MeshCounts:
    coordinates, at = _number(data, at, end, "coordinates")
    at = _behind(at, 32 * coordinates, end, f"of {coordinates} coordinates")
    vertices, at = _number(data, at, end, "vertices")
    at = _behind(at, 5 * vertices * _index_bits(coordinates), end, f"of {vertices} vertices")
    lists, at = _number(data, at, end, "lists")
    if lists > min(_MOST_LISTS, (end - at) // _LIST_HEAD):
        raise NoMesh(f"of {lists} lists of triangles")
    indices = 0
    for _ in range(lists):
        count, behind = _number(data, at + 2, end, "indices")
        at = _behind(behind, count * _index_bits(vertices), end, f"of {count} corners of triangles")
        indices += count
    return MeshCounts(coordinates, vertices, lists, indices)


def _number(data: bytes, at: int, end: int, what: str) -> tuple[int, int]:
    """The count at a place, and where it ends."""
    if at + 4 > end:
        raise NoMesh(f"that ends before the number of its {what}")
    return struct.unpack_from(">I", data, at)[0], at + 4


def _behind(at: int, bits: int, end: int, what: str) -> int:
    """Where so many bits end, filled up to a whole byte."""
    behind = at + (bits + 7) // 8
    if behind > end:
        raise NoMesh(f"{what} in {end - at} bytes")
    return behind


def _index_bits(count: int) -> int:
    """The bits of a step between indices below `count`: the logarithm of twice of it, rounded up."""
    return max(0, 2 * count - 1).bit_length()
