"""The figure and the tables of docs/sound-field.md: what the page shows is what the code does."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from yt360_tools.ambisonics import BEAM_PATTERNS, FORMATS
from yt360_tools.errors import UsageError
from yt360_tools.report.beam_plot import DRAWN, draw_beams, main, sharpness_table

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "sound-field.md").read_text(encoding="utf-8")


def test_the_pages_figure_is_the_one_that_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Up to what another matplotlib does to the edges of letters."""
    main([str(tmp_path / "beams.png")])
    drawn, shown = (
        cv2.imread(str(path)).astype(float) for path in (tmp_path / "beams.png", DOCS / "beam-patterns.png")
    )
    assert drawn.shape == shown.shape == draw_beams().shape
    assert np.abs(drawn - shown).mean() < 1.5
    assert (DOCS / "beam-patterns.png").stat().st_size < 100_000
    assert capsys.readouterr().out.strip() in PAGE


def test_the_page_names_every_pattern_and_format() -> None:
    assert sharpness_table() in PAGE
    for name in (*BEAM_PATTERNS, *FORMATS):
        assert f"`{name}`" in PAGE
    assert set(DRAWN) < set(BEAM_PATTERNS)


def test_the_main_lobe_is_drawn_upwards() -> None:
    """Ink of the curves in the upper half of each panel, and more of it than below."""
    pixels = draw_beams().astype(int)
    coloured = pixels.max(axis=-1) - pixels.min(axis=-1) > 60
    width = coloured.shape[1]
    top, bottom = coloured[60:180, : width // 2].sum(), coloured[180:300, : width // 2].sum()
    assert top > 1.5 * bottom > 0


@pytest.mark.parametrize("arguments", [[], ["beams.svg"], ["a.png", "b.png"]])
def test_one_png_is_asked_for(arguments: list[str]) -> None:
    with pytest.raises(UsageError, match=r"docs/beam-patterns\.png"):
        main(arguments)
