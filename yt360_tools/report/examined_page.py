"""One HTML page that shows the contact sheets of many examined videos: what needs a person's eyes comes first."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

from yt360_tools.files import write_whole
from yt360_tools.report.examined_sheet import VERDICT_COLOURS, VERDICT_WORDS

_ORDER = ("doubt", "reject", "fix", "accept")

_STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; margin: 1.5rem; color: #1c1f24; max-width: 1420px }
nav { position: sticky; top: 0; background: white; padding: .6rem 0; border-bottom: 1px solid #ddd; z-index: 1 }
nav label { margin-right: 1.2rem; cursor: pointer }
article { margin: 1.2rem 0; border-left: 6px solid; padding-left: .8rem; scroll-margin-top: 3.2rem }
article img { width: 100%; height: auto; aspect-ratio: 1428 / 660; border: 1px solid #eee }
h2 { font-size: 1.05rem; margin: .2rem 0 } h2 a { color: inherit; text-decoration: none }
h2 small { font-weight: normal } ul { margin: .3rem 0 .5rem; padding-left: 1.2rem }
code { background: #f3f4f6; padding: 0 .25em } .hint { color: #6a717c }
"""

_SCRIPT = """
const boxes = [...document.querySelectorAll('nav input')];
const all = [...document.querySelectorAll('article')];
const show = () => all.forEach(one => {
  one.hidden = !boxes.find(box => box.value === one.dataset.verdict).checked; });
boxes.forEach(box => box.addEventListener('change', show));
addEventListener('keydown', event => {
  if (event.key !== 'j' && event.key !== 'k') return;
  const seen = all.filter(one => !one.hidden);
  const tops = seen.map(one => one.getBoundingClientRect().top);
  const next = event.key === 'j' ? tops.findIndex(top => top > 80) : tops.findLastIndex(top => top < 20);
  if (next >= 0) seen[next].scrollIntoView();
});
"""


@dataclass(frozen=True)
class PageEntry:
    """A video on the page.

    Attributes:
        reasons: (code, words) of each finding.
        sheet: the sheet's address from the page; empty where there is none.
    """

    name: str
    verdict: str
    reasons: tuple[tuple[str, str], ...]
    sheet: str = ""


def write_examined_page(out: Path, title: str, entries: Sequence[PageEntry]) -> None:
    """Write the page: doubtful videos, then rejected, mended and accepted ones, each group in the order given.

    Raises:
        EnvironmentMissing: `out` cannot be written.
    """
    write_whole(out, examined_page(title, entries).encode("utf-8"))


def examined_page(title: str, entries: Sequence[PageEntry]) -> str:
    """The page's HTML; what comes from outside is escaped."""
    counts = Counter(entry.verdict for entry in entries)
    boxes = "".join(
        f'<label><input type="checkbox" value="{verdict}" checked> {counts[verdict]} {VERDICT_WORDS[verdict]}</label>'
        for verdict in _ORDER
    )
    ordered = [entry for verdict in _ORDER for entry in entries if entry.verdict == verdict]
    articles = "\n".join(_article(number, entry) for number, entry in enumerate(ordered))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head>\n<body><h1>{escape(title)}</h1>\n"
        f'<nav>{boxes}<span class="hint">j, k: next, previous</span></nav>\n{articles}\n'
        f"<script>{_SCRIPT}</script></body></html>\n"
    )


def _article(number: int, entry: PageEntry) -> str:
    words = "".join(f"<li><code>{escape(code)}</code> {escape(text)}</li>" for code, text in entry.reasons)
    picture = (
        f'<a href="{quote(entry.sheet)}"><img loading="lazy" src="{quote(entry.sheet)}" alt="its contact sheet"></a>'
        if entry.sheet
        else '<p class="hint">there is no sheet: its media were not there when sheets were drawn</p>'
    )
    colour = VERDICT_COLOURS[entry.verdict]
    return (
        f'<article id="v{number}" data-verdict="{entry.verdict}" style="border-color: {colour}">'
        f'<h2><a href="#v{number}">{escape(entry.name)}</a> <small>{VERDICT_WORDS[entry.verdict]}</small></h2>'
        f"{f'<ul>{words}</ul>' if words else ''}{picture}</article>"
    )
