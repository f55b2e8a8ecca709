"""What a machine must have: what is imported is declared, and what only the demo uses is not needed."""

import ast
import re
import sys
from pathlib import Path

import pytest

from yt360_tools.media import ffmpeg as tool
from yt360_tools.report.doctor import examine_machine

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PROJECT_OF = {"cv2": "opencv-python-headless", "yt_dlp": "yt-dlp", "ffmpeg": "ffmpeg-python", "tomllib": "tomli"}
PROJECT_OF |= {
    "imageio_ffmpeg": "imageio-ffmpeg",
    "scenedetect": "scenedetect-headless",
    "dask": "dask",
    "distributed": "dask",
}


def test_a_machine_without_encoders_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Distributions ship an ffmpeg without libx264; decoding, which the line does, is all there."""
    monkeypatch.setattr(tool, "ffmpeg_encoders", lambda: frozenset({"libopus"}))
    found = {finding.name: finding for finding in examine_machine() if finding.name.startswith("encoder ")}
    assert found["encoder libopus"].is_there
    absent = found["encoder libx264"]
    assert (absent.is_there, absent.is_needed) == (False, False)
    assert "yt360 demo" in absent.detail
    assert "YT360_FFMPEG" in absent.detail
    assert not any(finding.is_needed for finding in found.values())


def test_every_import_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = [line for lines in project["optional-dependencies"].values() for line in lines]
    declared = {re.match(r"[\w-]+", line)[0].lower() for line in (*project["dependencies"], *optional)}  # type: ignore[index]
    imported: dict[str, str] = {}
    for path in (ROOT / "yt360_tools").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [name.name for name in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [str(node.module)]
            imported |= {name.partition(".")[0]: path.name for name in names}
    foreign = {name: where for name, where in imported.items() if name not in sys.stdlib_module_names}
    foreign.pop("yt360_tools")
    missing = {name: where for name, where in foreign.items() if PROJECT_OF.get(name, name) not in declared}
    assert missing == {}
