"""The table of signs in docs/conventions.md, the rows about pictures: each tool measured against what its row says.

What a tool reads is seen by giving it a picture of ramps: each pixel's value is its own column, or its row. The rays
against which that is held are `worlds.layouts`', drawn without the project, or the project's own where a row
makes one of its objects.
"""

import re
from pathlib import Path

import numpy as np
import py360convert
import pytest
from numpy.typing import NDArray
from table_of_signs import PAGE, formulas, here
from worlds.layouts import Cube, Globe

from yt360_tools.media.ffmpeg import run_ffmpeg
from yt360_tools.projection import Source, source_pixels, view_rays, viewport, whole_sphere
from yt360_tools.records import SourceLayout

Values = NDArray[np.float64]

LOOKS = ((37.0, -24.0, 11.0), (-141.0, 52.0, -68.0), (163.0, 13.0, 124.0))
WIDTH, HEIGHT = 512, 256
NEAR_PX = 0.1
"""What both tools' fixed-point interpolation rounds; a wrong half pixel is five times as much."""

each_look = pytest.mark.parametrize("look", LOOKS, ids=str)


def grid(width: int, height: int) -> tuple[Values, Values]:
    columns, rows = np.meshgrid(np.arange(width, dtype=float), np.arange(height, dtype=float))
    return columns, rows


def ramps(width: int, height: int) -> NDArray[np.float32]:
    return np.stack(grid(width, height), axis=-1).astype(np.float32)


def read_by_v360(options: str, size: tuple[int, int], made: tuple[int, int], folder: Path) -> tuple[Values, Values]:
    """Where in a frame of `size` each pixel of the picture that ffmpeg makes was read: columns and rows."""
    scale = 64
    source, target = folder / "ramps.raw", folder / "read.raw"
    source.write_bytes((np.moveaxis(ramps(*size), -1, 0) * scale).astype("<u2").tobytes())
    raw = ["-f", "rawvideo", "-pix_fmt", "gray16le"]
    chain = f"v360={options}:interp=linear:w={made[0]}:h={made[1]}"
    done = run_ffmpeg(["-y", *raw, "-s", f"{size[0]}x{size[1]}", "-i", source, "-vf", chain, *raw, target])
    assert done.returncode == 0, done.stderr.decode()
    columns, rows = np.fromfile(target, "<u2").reshape(2, made[1], made[0]) / scale
    return columns, rows


def inside(columns: Values, rows: Values, width: float = WIDTH, height: float = HEIGHT) -> NDArray[np.bool_]:
    """Positions whose neighbours are neighbours on the sphere: not beside an edge of a panorama, or of a face."""
    return (columns % width > 2) & (columns % width < width - 3) & (rows % height > 2) & (rows % height < height - 3)


def differ(found: tuple[Values, Values], wanted: tuple[Values, Values], of: NDArray[np.bool_]) -> float:
    """The greatest distance in pixels between two sets of positions, of more than half of all."""
    assert of.mean() > 0.5
    return float(np.hypot(found[0] - wanted[0], found[1] - wanted[1])[of].max())


def test_every_row_is_measured() -> None:
    """What no test here asks for would be words."""
    files = Path(__file__).parent.glob("test_conventions_*.py")
    asked = [row for file in files for row in re.findall(r'(?<!\w)here\(\s*"([^"]+)"', file.read_text())]
    assert set(asked) == set(formulas())


def test_the_page_shows_the_figure() -> None:
    figure = PAGE.with_name("axes.png")
    assert "](axes.png)" in PAGE.read_text()
    assert figure.stat().st_size < 150_000


class TestPy360Convert:
    SIZE, FOV = (97, 73), (75.0, 50.0)

    @each_look
    def test_e2p(self, look: tuple[float, float, float]) -> None:
        u_deg, v_deg, in_rot_deg = look
        width, height = self.SIZE
        read = py360convert.e2p(ramps(WIDTH, HEIGHT), self.FOV, u_deg, v_deg, (height, width), in_rot_deg=in_rot_deg)
        direction = here("py360convert e2p: direction", u_deg=u_deg, v_deg=v_deg, in_rot_deg=in_rot_deg)
        hfov, vfov = (
            here("py360convert e2p: opening", fov_deg=fov_deg, width=side)
            for fov_deg, side in zip(self.FOV, self.SIZE, strict=True)
        )
        wanted = Globe(WIDTH, HEIGHT).pixels(_unit(view_rays(viewport(direction, hfov, width, height, vfov))))
        assert differ((read[..., 0], read[..., 1]), wanted, inside(*wanted)) < NEAR_PX
        plain = Globe(WIDTH, HEIGHT).pixels(
            _unit(view_rays(viewport(direction, self.FOV[0], width, height, self.FOV[1])))
        )
        assert differ((read[..., 0], read[..., 1]), plain, inside(*plain)) > 0.3

    def test_one_opening_is_for_both_sides(self) -> None:
        width, height = self.SIZE
        one, two = (
            py360convert.e2p(ramps(WIDTH, HEIGHT), fov, 20, 30, (height, width)) for fov in (75.0, (75.0, 75.0))
        )
        assert (one == two).all()

    def test_cube(self) -> None:
        """Its six faces in a row, their outermost centres moved half a pixel outwards."""
        face_w = 60
        faces = here("py360convert e2c, c2e: faces")
        read = py360convert.e2c(ramps(WIDTH, HEIGHT), face_w=face_w, cube_format="horizon")
        cube = _cube(faces, 6 * face_w, face_w)
        within = here("py360convert e2c: pixels", column=np.arange(face_w), face_w=face_w)
        assert within[[0, -1]].tolist() == pytest.approx([-0.5, face_w - 0.5])
        within = np.clip(within, -0.5 + 1e-7, face_w - 0.5 - 1e-7)  # or the edge would belong to the next face
        columns = (np.arange(6)[:, None] * face_w + within).ravel()
        wanted = Globe(WIDTH, HEIGHT).pixels(cube.rays(*np.meshgrid(columns, within)))
        assert differ((read[..., 0], read[..., 1]), wanted, inside(*wanted)) < NEAR_PX
        ours = view_rays(whole_sphere("cubemap", 6 * face_w, face_w, faces=faces))
        assert np.abs(_unit(ours) - cube.rays(*grid(6 * face_w, face_w))).max() < 1e-9

    def test_c2e(self) -> None:
        face_w = 60
        faces = here("py360convert e2c, c2e: faces")
        read = py360convert.c2e(ramps(6 * face_w, face_w), HEIGHT, WIDTH, cube_format="horizon")
        columns, rows = grid(WIDTH, HEIGHT)
        place = {"width": WIDTH, "height": HEIGHT}
        rays = np.array(
            [
                [here("py360convert c2e: pixels", column=column, row=row, **place).ray for column in columns[0, ::17]]
                for row in rows[::13, 0]
            ]
        )
        found = source_pixels(rays, Source(SourceLayout("cubemap", faces=faces), 6 * face_w, face_w))
        half_too_far = found.columns + 0.5, found.rows + 0.5
        seen = read[::13, ::17, 0], read[::13, ::17, 1]
        assert differ(seen, half_too_far, inside(found.columns, found.rows, face_w, face_w)) < NEAR_PX


class TestV360:
    SIZE, H_FOV, V_FOV = (97, 73), 75.0, 50.0

    @each_look
    def test_flat(self, look: tuple[float, float, float], tmp_path: Path) -> None:
        yaw, pitch, roll = look
        width, height = self.SIZE
        angles = f"yaw={yaw}:pitch={pitch}:roll={roll}:h_fov={self.H_FOV}"
        direction = here("ffmpeg v360: direction", yaw=yaw, pitch=pitch, roll=roll)
        for options, v_fov in ((f"{angles}:v_fov={self.V_FOV}:rorder=ypr", self.V_FOV), (angles, 45.0)):
            read = read_by_v360(f"input=e:output=flat:{options}", (WIDTH, HEIGHT), self.SIZE, tmp_path)
            view = here(
                "ffmpeg v360: flat", direction=direction, h_fov=self.H_FOV, v_fov=v_fov, width=width, height=height
            )
            ours = Globe(WIDTH, HEIGHT).pixels(_unit(view_rays(view)))
            wanted = (
                here("ffmpeg v360: reading ER", column=ours[0], width=WIDTH),
                here("ffmpeg v360: reading ER", column=ours[1], width=HEIGHT),
            )
            assert differ(read, wanted, inside(*ours)) < NEAR_PX

    def test_er_is_read_half_a_pixel_off_at_its_edges(self, tmp_path: Path) -> None:
        columns, rows = read_by_v360("input=e:output=e", (WIDTH, HEIGHT), (WIDTH, HEIGHT), tmp_path)
        for read, side in ((columns[100], WIDTH), (rows[:, 100], HEIGHT)):
            wanted = here("ffmpeg v360: reading ER", column=np.arange(side), width=side)
            off = wanted - np.arange(side)
            assert np.abs(read - wanted)[2:-2].max() < NEAR_PX
            assert off[[0, side // 4, -1]] == pytest.approx([0.5, 0.25, -0.5], abs=2 / side)
            assert abs(off[side // 2]) < 1 / side

    def test_er_is_written_and_eac_read_as_here(self, tmp_path: Path) -> None:
        source = here("ffmpeg v360: eac", width=384, height=256)
        read = read_by_v360("input=eac:output=e", (384, 256), (WIDTH, HEIGHT), tmp_path)
        found = source_pixels(Globe(WIDTH, HEIGHT).rays(*grid(WIDTH, HEIGHT)), source)
        face = (384 - 4) / 3, 256 / 2
        assert differ(read, (found.columns, found.rows), inside(found.columns - 2, found.rows, *face)) < NEAR_PX

    def test_eac_is_written_as_here(self, tmp_path: Path) -> None:
        assert here("ffmpeg v360: eac", width=384, height=256).border_px == (2, 2)
        read = read_by_v360("input=e:output=eac", (WIDTH, HEIGHT), (384, 256), tmp_path)
        wanted = self._as_it_reads_er(view_rays(whole_sphere("eac", 384, 256)))
        across, down = grid(384, 256)
        in_the_border = (across < 2) | (across > 381) | (down % 128 < 2) | (down % 128 > 125)
        assert differ(read, wanted, inside(*wanted) & ~in_the_border) < NEAR_PX

    @pytest.mark.parametrize(
        ("name", "size", "forder", "frot"),
        [
            ("c3x2", (384, 256), "rludfb", "000000"),
            ("c3x2", (384, 256), "flrubd", "013203"),
            ("c6x1", (720, 120), "dbrulf", "321010"),
            ("c1x6", (120, 720), "urbdfl", "203131"),
        ],
    )
    def test_cubemaps(self, name: str, size: tuple[int, int], forder: str, frot: str, tmp_path: Path) -> None:
        faces = here("ffmpeg v360: c3x2, c6x1, c1x6", name=name, forder=forder, frot=frot)
        side = size[0] // int(name[1])
        chosen = "" if (forder, frot) == ("rludfb", "000000") else f":in_forder={forder}:in_frot={frot}"
        read = read_by_v360(f"input={name}{chosen}:output=e", size, (WIDTH, HEIGHT), tmp_path)
        found = source_pixels(
            Globe(WIDTH, HEIGHT).rays(*grid(WIDTH, HEIGHT)), Source(SourceLayout("cubemap", faces=faces), *size)
        )
        assert differ(read, (found.columns, found.rows), inside(found.columns, found.rows, side, side)) < NEAR_PX
        read = read_by_v360(f"input=e:output={name}{chosen.replace('in_', 'out_')}", (WIDTH, HEIGHT), size, tmp_path)
        wanted = self._as_it_reads_er(view_rays(whole_sphere("cubemap", *size, faces=faces)))
        assert differ(read, wanted, inside(*wanted)) < NEAR_PX

    @pytest.mark.parametrize("in_stereo", ["sbs", "tb", "2d"])
    def test_stereo(self, in_stereo: str, tmp_path: Path) -> None:
        layout = SourceLayout("cubemap", here("ffmpeg v360: in_stereo", in_stereo=in_stereo), faces="3x2:RLUDFB:000000")
        read = read_by_v360(f"input=c3x2:in_stereo={in_stereo}:output=e", (384, 256), (240, 120), tmp_path)
        found = source_pixels(Globe(240, 120).rays(*grid(240, 120)), Source(layout, 384, 256))
        face = {"sbs": (64, 128), "tb": (128, 64), "2d": (128, 128)}[in_stereo]
        assert differ(read, (found.columns, found.rows), inside(found.columns, found.rows, *face)) < NEAR_PX

    @staticmethod
    def _as_it_reads_er(rays: Values) -> tuple[Values, Values]:
        columns, rows = Globe(WIDTH, HEIGHT).pixels(_unit(rays))
        return (
            here("ffmpeg v360: reading ER", column=columns, width=WIDTH),
            here("ffmpeg v360: reading ER", column=rows, width=HEIGHT),
        )


def _unit(rays: Values) -> Values:
    return np.asarray(rays / np.linalg.norm(rays, axis=-1, keepdims=True))


def _cube(faces: str, width: int, height: int) -> Cube:
    arrangement, order, turns = faces.split(":")
    return Cube(width, height, int(arrangement[0]), order, turns)
