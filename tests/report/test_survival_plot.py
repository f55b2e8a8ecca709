"""The survival figure: pieces of a bar are as wide as their share, in the colour of their reason."""

from collections import Counter

import numpy as np
import pytest
from matplotlib.text import Text
from numpy.typing import NDArray

from yt360_tools.pipeline.survival import answers_of, group_of
from yt360_tools.report import survival_plot
from yt360_tools.report.survival_plot import draw_survival
from yt360_tools.sources.reasons import REASONS

FETCHED, GONE = "#1f8a5b", "#9e1c2c"


def drawn(counts: dict[str, int], years: dict[str, dict[str, int]] | None = None) -> NDArray[np.uint8]:
    tables = ({"train": counts}, counts, years or {"2017": counts})
    return draw_survival(*tables, group_of=group_of, answers_of=answers_of, title="a list")


def said(monkeypatch: pytest.MonkeyPatch, counts: dict[str, int]) -> list[str]:
    """All the texts of a figure."""
    found: list[str] = []

    def noted(self: Text, text: str) -> None:
        found.append(str(text))
        set_text(self, text)

    set_text = Text.set_text
    monkeypatch.setattr(Text, "set_text", noted)
    drawn(counts)
    return found


def seen(pixels: NDArray[np.uint8], colour: str) -> NDArray[np.bool_]:
    """Where a colour is (height, width)."""
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return np.asarray((pixels == wanted).all(axis=-1))


def widths(pixels: NDArray[np.uint8]) -> dict[str, int]:
    """Of the first bar, the widest run of both colours, above the number's height."""
    row = survival_plot._TOP + 9
    return {colour: int(seen(pixels, colour)[row, :700].sum()) for colour in (FETCHED, GONE)}


def test_a_piece_is_as_wide_as_its_share() -> None:
    found = widths(drawn({"fetched": 75, "gone_removed": 25}))
    whole = survival_plot._WIDTH - survival_plot._MARGIN - survival_plot._LEGEND - 90
    assert abs(found[FETCHED] / whole - 0.75) < 0.02
    assert abs(found[GONE] / whole - 0.25) < 0.02


def test_a_year_is_as_high_as_its_count() -> None:
    years = {"2016": {"fetched": 100}, "2017": {"fetched": 50}}
    pixels = drawn({"fetched": 150}, years)
    below = seen(pixels, FETCHED)[survival_plot._TOP + 80 :, :700]
    heights = np.unique(below.sum(axis=0))
    tall, small = heights[-1], heights[(heights > 20) & (heights < 0.75 * heights[-1])][-1]
    assert abs(small / tall - 0.5) < 0.03


def test_every_reason_at_once_has_room_in_the_legend() -> None:
    everything = Counter(dict.fromkeys((*REASONS, "fetched", "offered", "not_asked"), 1))
    pixels = drawn(dict(everything))
    legend = pixels[:, -survival_plot._LEGEND :]
    assert (legend[-6:] == 255).all()
    groups = {group_of(reason) for reason in everything}
    assert pixels.shape[0] >= 16 * len(everything) + 18 * len(groups)


def test_the_share_is_of_the_videos_that_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a whole, by split and by year; with those beside it that did not."""
    texts = said(monkeypatch, {"fetched": 3, "gone": 1, "network": 4, "not_asked": 5})
    assert "3 of 4 videos that answered are there (75.0%); of 9 nobody knows: not asked, or unclear" in texts
    assert "75.0% of 4\n+ 9 ?" in texts
    assert "75%\n4\n+ 9 ?" in texts


def test_of_an_offline_machine_no_share_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = said(monkeypatch, {"network": 4})
    assert "0 of 0 videos that answered are there; of 4 nobody knows: not asked, or unclear" in texts
    assert {"? of 0\n+ 4 ?", "?\n0\n+ 4 ?"} <= set(texts)


def test_nothing_asked_is_a_figure_too() -> None:
    assert drawn({"not_asked": 3}, {"unknown": {"not_asked": 3}}).std() > 0
    assert drawn({}, {}).shape[-1] == 3
