"""docs/shard-format.md holds: its program reads shards, and its words are enough to recompute the checksums."""

import hashlib
import io
import json
import re
import runpy
import zlib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import soundfile
from PIL import Image
from small_shards import HEADER, LOOKS, RATE_HZ, clip, noise, shard, smooth_frames

from yt360_tools.shards import Measured, open_shards

DOCUMENT = Path(__file__).parents[2] / "docs" / "shard-format.md"


def the_program() -> str:
    (program,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    return str(program)


def test_the_program_shows_a_frame_and_plays_a_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = the_program()
    assert "yt360_tools" not in program
    assert len([line for line in program.splitlines() if line]) <= 15
    shard(tmp_path / "train-00000.h5", clip(codec="jpeg", sound="int16"))
    (tmp_path / "program.py").write_text(program)
    monkeypatch.chdir(tmp_path)
    found = runpy.run_path("program.py")
    assert np.abs(np.asarray(Image.open("frame.png"), float) - smooth_frames(0)[0]).mean() < 2
    look = (found["yaw_deg"], found["pitch_deg"], found["roll_deg"], found["hfov_deg"])
    assert look == pytest.approx((LOOKS[0].yaw_deg, LOOKS[0].pitch_deg, LOOKS[0].roll_deg, 80))
    assert (found["fps"], found["sample_rate_hz"]) == (3, RATE_HZ)
    assert np.abs(np.stack([found[name] for name in "wyzx"]) - noise(0)).max() < 1e-4
    heard, rate_hz = soundfile.read("sound.wav")
    assert rate_hz == RATE_HZ
    assert np.abs(heard - noise(0)[0].clip(-1, 1)).max() < 1e-3


def test_what_a_shard_says_about_itself(path: Path) -> None:
    with h5py.File(shard(path, clip())) as file:
        assert plain(file.attrs["format"]) == "yt360-shard"
        assert f"version {plain(file.attrs['version'])}\n" in DOCUMENT.read_text(encoding="utf-8")
        assert "+x front, +y left, +z up" in str(plain(file.attrs["conventions"]))
        assert json.loads(file.attrs["config"]) == HEADER.config


def test_the_program_imports_what_it_uses() -> None:
    program = the_program()
    names = re.findall(r"^(?:import|from \w+ import) (.+)$", program, re.MULTILINE)
    for name in ", ".join(names).split(", "):
        assert re.search(rf"\b{name}\.", program), name


def plain(value: Any) -> str | int:
    return value if isinstance(value, str) else value.decode() if isinstance(value, bytes) else int(value)


def attributes(group: Any, *without: str) -> dict[str, Any]:
    return {name: plain(value) for name, value in group.attrs.items() if name not in without}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


DTYPES = {"float64": "<f8", "float32": "<f4", "int64": "<i8", "int16": "<i2", "uint32": "<u4", "uint8": "|u1"}


def digest_of(stored: dict[str, np.ndarray]) -> str:
    """Over arrays by path, as the document says."""
    text = b""
    for at in sorted(stored):
        values = stored[at]
        dtype = f"|S{values.dtype.itemsize}" if values.dtype.kind == "S" else DTYPES[values.dtype.name]
        sizes = ", ".join(map(str, values.shape)) + ("," if values.ndim == 1 else "")
        text += f"{at}\0{dtype}\0({sizes})\0{sha256(values.tobytes())}\n".encode()
    return sha256(text)


def opened(capsule: np.ndarray, mark: bytes) -> Any:
    data = capsule.tobytes()
    assert data[:16] == mark
    assert int.from_bytes(data[16:24], "little") == len(data) - 56
    assert data[24:56] == hashlib.sha256(data[56:]).digest()
    return json.loads(data[56:])


STRANGE = 'täglich "360°" \\ \t\x01\x7f 𝄞'


@pytest.mark.parametrize(("codec", "sound"), [("raw", "float32"), ("jpeg", "int16"), ("h264", "flac")])
def test_the_checksums_follow_from_the_words(codec: str, sound: str, path: Path) -> None:
    """What is stored, read by h5py alone."""
    measured = Measured(np.float32([-20]), np.float32([[1, 2, 0.5]]))
    content = replace(clip(codec=codec, sound=sound, looks=[*LOOKS] * 6), source={"title": STRANGE}, measured=measured)
    header = replace(HEADER, tools={"ffmpeg": STRANGE}, split=STRANGE.replace("\x01", ""))
    image = shard(path, content, header=header).read_bytes()
    with h5py.File(path) as file:
        group = file["clips/-v-54.5"]
        stored: dict[str, np.ndarray] = {}
        by_path: dict[str, dict[str, Any]] = {"": attributes(group, "content_sha256")}

        def visit(at: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset) and at != "record":
                stored[at] = item[()]
                assert image[item.id.get_offset() :].startswith(item[()].tobytes())
            if len(item.attrs):
                by_path[at] = attributes(item)

        group.visititems(visit)
        content_sha256 = digest_of(stored)
        assert plain(group.attrs["content_sha256"]) == content_sha256

        record = opened(group["record"][:], b"\x89YT360-RECORD\r\n\x1a")
        assert record["content_sha256"] == content_sha256
        assert record["attributes"] == by_path
        assert set(record["datasets"]) == set(stored)
        for at, (dtype, shape, address, digest) in record["datasets"].items():
            values = stored[at]
            assert (dtype, tuple(shape), digest) == (DTYPES[values.dtype.name], values.shape, sha256(values.tobytes()))
            assert image[address : address + values.nbytes] == values.tobytes()

        own = json.dumps(attributes(file, "header_sha256"), sort_keys=True, separators=(",", ":"))
        assert plain(file.attrs["header_sha256"]) == sha256(own.encode("ascii"))
        without = attributes(file, "header_sha256", "catalogue_sha256")
        assert opened(file["header"][:], b"\x89YT360-HEADER\r\n\x1a") == without

        catalogue = {name: file[f"catalogue/{name}"][()] for name in file["catalogue"]}
        assert plain(file.attrs["catalogue_sha256"]) == digest_of(catalogue)
        assert catalogue["clip_id"].tolist() == [b"-v-54.5"]
        assert catalogue["record"].tolist() == [[group["record"].id.get_offset(), group["record"].size]]

        at = file["seal"].id.get_offset()
        assert image[at : at + 32].hex() == sha256(image[:at] + bytes(32) + image[at + 32 :])
    with open_shards(path) as shards:
        assert shards.content_hash == sha256(f"-v-54.5\0{content_sha256}\n".encode())


@pytest.mark.parametrize(("codec", "sound"), [("raw", "float32"), ("jpeg", "int16"), ("h264", "flac")])
def test_tracks_are_as_the_words_say(codec: str, sound: str, path: Path) -> None:
    with h5py.File(shard(path, clip(codec=codec, sound=sound, frames=19))) as file:
        group = file["clips/-v-54.5"]
        for at in ("ambisonics", "views/1/beam", "views/1/frames"):
            count, block = int(group[at].attrs["count"]), int(group[at].attrs["block"])
            data = group[at][()].tobytes()
            blocks = -(-count // block)
            offsets = group[f"{at}_offsets"][:] if f"{at}_offsets" in group else [*range(0, count, block), count]
            size = 1 if f"{at}_offsets" in group else len(data) // count
            assert len(offsets) == blocks + 1
            parts = [data[low * size : high * size] for low, high in pairwise(offsets)]
            assert [zlib.crc32(part) for part in parts] == group[f"{at}_crc32"][:].tolist()
        heard = group["ambisonics"]
        if sound == "flac":
            values, _ = soundfile.read(io.BytesIO(heard[()].tobytes()), dtype="int16")
        else:
            values = heard[()]
        scale = 1.0 if sound == "float32" else 2.0 ** (int(heard.attrs["exponent"]) - 15)
        assert values.shape == (RATE_HZ, 4)
        assert np.abs(values.T * scale - noise(0)).max() < 1e-4
