"""The figure of the axes: what the page shows is what is drawn."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from yt360_tools.errors import UsageError
from yt360_tools.report.axes_figure import draw_axes, main

PAGES = Path(__file__).parents[2] / "docs" / "axes.png"


def test_the_pages_figure_is_the_one_that_is_drawn(tmp_path: Path) -> None:
    """Up to what another matplotlib does to the edges of letters."""
    main([str(tmp_path / "axes.png")])
    drawn, shown = (cv2.imread(str(path)).astype(float) for path in (tmp_path / "axes.png", PAGES))
    assert drawn.shape == shown.shape == draw_axes().shape
    assert np.abs(drawn - shown).mean() < 1.5
    assert (tmp_path / "axes.png").stat().st_size < 150_000


@pytest.mark.parametrize("arguments", [[], ["axes.svg"], ["a.png", "b.png"]])
def test_one_png_is_asked_for(arguments: list[str]) -> None:
    with pytest.raises(UsageError, match=r"docs/axes\.png"):
        main(arguments)
