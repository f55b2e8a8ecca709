"""How much is in a mesh, by its counts, and meshes that are none."""

import struct
import zlib

import pytest
from worlds.boxes import box, mp4, mshp_payload, prhd, sv3d, trak

from yt360_tools.media.mesh_counts import MeshCounts, NoMesh, count_meshes
from yt360_tools.media.spherical import read_spherical
from yt360_tools.media.spherical_mesh import eac_label


def mesh(
    coordinates: int = 3, vertices: int = 2, lists: tuple[int, ...] = (3,), *, list_count: int | None = None
) -> bytes:
    """A mesh of zeros: three coordinates are told apart by 3 bits of step, two vertices by 2."""
    data = struct.pack(">I", coordinates) + bytes(12) + struct.pack(">I", vertices) + bytes((2 * 5 * 3 + 7) // 8)
    data += struct.pack(">I", len(lists) if list_count is None else list_count)
    return box("mesh", data, *(struct.pack(">BBI", 0, 0, count) + bytes((2 * count + 7) // 8) for count in lists))


def packed(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def test_the_mesh_that_is_written_here() -> None:
    (found,) = count_meshes(eac_label(1920, 1080).contents)
    assert (found.vertices, found.lists, found.indices) == (6 * 17**2, 1, 6 * 16**2 * 6)


def test_one_mesh_or_two() -> None:
    one = MeshCounts(3, 2, 2, 13)
    assert count_meshes(mshp_payload(mesh(lists=(3, 10)))) == (one,)
    assert count_meshes(mshp_payload(box("free") + mesh(lists=(3, 10)) + mesh())) == (one, MeshCounts(3, 2, 1, 3))
    assert count_meshes(mshp_payload(packed(mesh(lists=(3, 10))), b"dfl8")) == (one,)


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        (bytes(11), "of 11 bytes"),
        (mshp_payload(mesh())[:-1], "whose checksum is wrong"),
        (mshp_payload(mesh(), b"zstd"), "coded as b'zstd'"),
        (mshp_payload(mesh(), b"dfl8"), "that does not unpack"),
        (mshp_payload(packed(bytes(2**23 + 1)), b"dfl8"), "of more than 8388608 bytes"),
        (mshp_payload(b""), "box with no mesh in it"),
        (mshp_payload(mesh() * 3), "box with more than two meshes in it"),
        (mshp_payload(struct.pack(">I4s", 999, b"mesh") + bytes(20)), "whose box of 999 bytes has room for 28"),
        (mshp_payload(box("mesh", bytes(3))), "that ends before the number of its coordinates"),
        (mshp_payload(mesh(coordinates=2**31 - 1)), "of 2147483647 coordinates in "),
        (mshp_payload(mesh(vertices=2**32 - 1)), "of 4294967295 vertices in "),
        (mshp_payload(mesh(list_count=2)), "of 2 lists of triangles"),
        (mshp_payload(mesh(lists=(0,) * 1001)), "of 1001 lists of triangles"),
        (mshp_payload(box("mesh", mesh()[8:-1])), "of 3 corners of triangles in 0 bytes"),
    ],
)  # fmt: skip
def test_what_is_none(contents: bytes, words: str) -> None:
    with pytest.raises(NoMesh) as seen:
        count_meshes(contents)
    assert str(seen.value).startswith(words)


def test_a_header_with_such_a_mesh_says_so_and_stays_a_mesh(tmp_path) -> None:
    path = tmp_path / "a.mp4"
    for contents, doubt in (
        (bytes(20), "a mesh whose checksum is wrong"),
        (bytes(2**21 + 1), "a mesh of 2097153 bytes"),
    ):
        path.write_bytes(mp4(trak(sv3d(box("mshp", contents), prhd((10.0, 0.0, 0.0))))))
        found = read_spherical(path)
        assert found is not None
        assert (found.projection, found.pose_deg, found.doubts) == ("mesh", (10.0, 0.0, 0.0), (doubt,))
