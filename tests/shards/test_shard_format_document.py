"""docs/shard-format.md holds: its program reads shards, and its words are enough to recompute the checksums."""

import hashlib
import json
import re
import runpy
import struct
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from small_shards import HEADER, LOOKS, RATE_HZ, clip, shard, smooth_frames

from yt360_tools.shards import open_shards

DOCUMENT = Path(__file__).parents[2] / "docs" / "shard-format.md"


def the_program() -> str:
    (program,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    return str(program)


@pytest.mark.parametrize("codec", ["raw", "jpeg"])
def test_the_program_reads_a_shard(codec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = the_program()
    assert "yt360_tools" not in program
    written = clip(codec=codec)
    shard(tmp_path / "train-00000.h5", written)
    (tmp_path / "program.py").write_text(program)
    monkeypatch.chdir(tmp_path)
    found = runpy.run_path("program.py")
    assert np.abs(found["frame"].astype(float) - smooth_frames(0)[0]).mean() < (2 if codec == "jpeg" else 1e-9)
    look = (found["yaw_deg"], found["pitch_deg"], found["roll_deg"], found["hfov_deg"])
    assert look == pytest.approx((LOOKS[0].yaw_deg, LOOKS[0].pitch_deg, LOOKS[0].roll_deg, 80))
    assert (found["fps"], found["sample_rate_hz"]) == (3, RATE_HZ)
    assert (np.stack([found[name] for name in "wyzx"]) == written.ambisonics).all()


def test_what_a_shard_says_about_itself(path: Path) -> None:
    with h5py.File(shard(path, clip())) as file:
        assert plain(file.attrs["format"]) == "yt360-shard"
        assert "+x front, +y left, +z up" in str(plain(file.attrs["conventions"]))
        assert json.loads(file.attrs["config"]) == HEADER.config


def test_the_program_imports_what_it_uses() -> None:
    program = the_program()
    for name in re.findall(r"^(?:import|from \w+ import) (.+)$", program, re.MULTILINE):
        assert re.search(rf"\b{name}\.", program), name


def plain(value: Any) -> str | int:
    return value if isinstance(value, str) else value.decode() if isinstance(value, bytes) else int(value)


def quoted(text: str) -> str:
    """A JSON text by the document's words, character by character."""
    short = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
    written = ""
    for character in text:
        if character in short:
            written += short[character]
        elif " " <= character <= "~":
            written += character
        else:
            pairs = character.encode("utf-16-be")
            written += "".join(f"\\u{unit:04x}" for (unit,) in struct.iter_unpack(">H", pairs))
    return f'"{written}"'


def json_of(values: Mapping[str, Any]) -> str:
    def one(value: Any) -> str:
        if isinstance(value, Mapping):
            return json_of(value)
        return quoted(value) if isinstance(value, str) else str(value)

    return "{" + ",".join(f"{quoted(name)}:{one(values[name])}" for name in sorted(values)) + "}"


def attributes(group: h5py.Group, *without: str) -> dict[str, Any]:
    return {name: plain(value) for name, value in group.attrs.items() if name not in without}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


STRANGE = 'täglich "360°" \\ \t\x01\x7f 𝄞'


@pytest.mark.parametrize("codec", ["raw", "jpeg"])
def test_the_checksums_follow_from_the_words(codec: str, path: Path) -> None:
    """Attributes read by h5py alone, JSON written by hand."""
    content = replace(clip(codec=codec, looks=[*LOOKS] * 6), source={"title": STRANGE, "fps": 29.97})
    header = replace(HEADER, tools={"ffmpeg": STRANGE}, split=STRANGE.replace("\x01", ""))
    with h5py.File(shard(path, content, header=header)) as file:
        group = file["clips/-v-54.5"]
        stored: dict[str, np.ndarray] = {}
        group.visititems(lambda at, item: stored.update({at: item[()]} if isinstance(item, h5py.Dataset) else {}))
        names = {"float64": "<f8", "float32": "<f4", "int64": "<i8", "uint8": "|u1"}
        data = b""
        for at in sorted(stored):
            values = stored[at]
            sizes = ", ".join(map(str, values.shape)) + ("," if values.ndim == 1 else "")
            data += f"{at}\0{names[values.dtype.name]}\0({sizes})\0".encode() + values.tobytes()
        assert plain(group.attrs["content_sha256"]) == sha256(data)

        by_group = {f"views/{k}": attributes(group[f"views/{k}"]) for k in range(12)}
        by_group[""] = attributes(group, "content_sha256", "record_sha256")
        record = f"{sha256(data)}\0{json_of(by_group)}"
        assert plain(group.attrs["record_sha256"]) == sha256(record.encode("ascii"))

        own = json_of(attributes(file, "header_sha256"))
        assert json.loads(own)["tools"] == plain(file.attrs["tools"])
        assert plain(file.attrs["header_sha256"]) == sha256(own.encode("ascii"))
    with open_shards(path) as shards:
        assert shards.content_hash == sha256(f"-v-54.5\0{sha256(data)}\n".encode())


def test_the_documents_example_of_a_record_is_one(path: Path) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    (example,) = re.findall(r"^CONTENT_SHA256 NUL (.*)$", text, re.MULTILINE)
    assert json_of(json.loads(example)) == example
    with h5py.File(shard(path, clip(looks=LOOKS[:1]))) as file:
        group = file["clips/-v-54.5"]
        stored = {"": attributes(group, "content_sha256", "record_sha256"), "views/0": attributes(group["views/0"])}
    assert {at: set(values) for at, values in json.loads(example).items()} == {at: set(stored[at]) for at in stored}
