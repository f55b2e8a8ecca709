"""``yt360 segment --compare`` and ``--fit``: the rule of windows held against a published list, printed."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yt360_tools.cli.line_options import overrides_of, selection_of
from yt360_tools.errors import EXIT_OK, EXIT_UNFINISHED

if TYPE_CHECKING:
    from yt360_tools.pipeline.compare_windows import Agreement
    from yt360_tools.pipeline.fit_windows import Fit
    from yt360_tools.pipeline.listed_videos import ListedVideos

_SHOWN = 20
_CURVE_POINTS = 24
_LIST = "A list: a manifest, a published list such as segments.txt, or a folder of them."


def list_options(command: Any) -> Any:
    """Decorate `yt360 segment` with what holds the rule against a list."""
    path = click.Path(path_type=Path)
    for option in (
        click.option("--plot", type=path, metavar="PNG", help="With --fit, draw the curve, too."),
        click.option(
            "--tolerance",
            type=float,
            metavar="S",
            help="With --compare or --fit, by how many seconds windows may begin apart to be the same.  [default: 1]",
        ),
        click.option(
            "--fit", type=path, metavar="LIST", help="Write nothing; say which threshold agrees best with a list."
        ),
        click.option(
            "--compare",
            type=path,
            metavar="LIST",
            help=f"Write nothing; say how well the windows found agree with a list. {_LIST}",
        ),
    ):
        command = option(command)
    return command


def is_about_a_list(options: dict[str, Any]) -> bool:
    """Whether a list is asked about, and nothing is to be segmented.

    Raises:
        UsageError: options that do not go together.
    """
    compare, fit = options["compare"], options["fit"]
    if compare and fit:
        raise click.UsageError("give --compare or --fit, not both: --fit says how well its best threshold agrees")
    if options["plot"] and not fit:
        raise click.UsageError("--plot goes with --fit")
    if options["tolerance"] is not None and not (compare or fit):
        raise click.UsageError("--tolerance goes with --compare or --fit")
    if (compare or fit) and options["retry_rejected"]:
        raise click.UsageError("--retry-rejected goes with a run: --compare and --fit write nothing")
    return bool(compare or fit)


def print_about_a_list(options: dict[str, Any]) -> int:
    """Print how the rule agrees with a list, or which threshold does best; the code to exit with."""
    from yt360_tools.pipeline.listed_videos import TOLERANCE_S, check_tolerance

    tolerance_s = TOLERANCE_S if options["tolerance"] is None else options["tolerance"]
    check_tolerance(tolerance_s)
    videos = _listened(options)
    _note(videos)
    if options["fit"]:
        _print_fit(videos, tolerance_s, options)
    else:
        _print_comparison(videos, tolerance_s, as_json=options["as_json"])
    return EXIT_OK if all(one.is_final for one in videos.unread) else EXIT_UNFINISHED


def _listened(options: dict[str, Any]) -> "ListedVideos":
    from tqdm import tqdm

    from yt360_tools.pipeline.executors import default_workers
    from yt360_tools.pipeline.listed_videos import listen_to_listed

    with tqdm(desc="listen", unit="video", disable=None) as progress:
        return listen_to_listed(
            options["manifest"],
            options["workspace"],
            options["compare"] or options["fit"],
            overrides_of(options),
            selection=selection_of(options),
            workers=options["workers"] or default_workers(),
            on_start=progress.reset,
            on_read=progress.update,
        )


def _note(videos: "ListedVideos") -> None:
    """Say on stderr what is left out of the numbers, and why."""
    faults = videos.windows.faults
    for fault in faults[:_SHOWN]:
        click.echo(f"rejected  {fault}", err=True)
    if len(faults) > _SHOWN:
        click.echo(f"... and {len(faults) - _SHOWN} more rows of the list", err=True)
    for one in videos.unread[:_SHOWN]:
        click.echo(f"left out  {one.video_id}: {one.reason}: {one.detail.removeprefix(f'{one.video_id}: ')}", err=True)
    if len(videos.unread) > _SHOWN:
        click.echo(f"... and {len(videos.unread) - _SHOWN} more videos left out", err=True)
    for ids, what in (
        (videos.unexamined, "of the list's videos are not examined here, or rejected"),
        (videos.unlisted, "examined videos are not in the list"),
    ):
        if ids:
            click.echo(f"note: {len(ids)} {what} (the first: {ids[0]}); they do not count", err=True)
    if videos.windows.whole_videos:
        click.echo(f"note: {videos.windows.whole_videos} rows of the list have no times; they do not count", err=True)
    odd = _other_lengths(videos)
    if odd:
        click.echo(
            f"note: {odd[0]} windows of the list do not last {videos.config.clip_s:g} s (such as {odd[1]:g} s): "
            "--clip-s gives another length",
            err=True,
        )


def _other_lengths(videos: "ListedVideos") -> tuple[int, float] | None:
    """How many listed windows have not the clips' length, and the length of one."""
    lengths = [end_s - start_s for windows in videos.listed.values() for start_s, end_s in windows]
    odd = [length_s for length_s in lengths if not math.isclose(length_s, videos.config.clip_s, abs_tol=0.01)]
    return (len(odd), odd[0]) if odd else None


def _print_comparison(videos: "ListedVideos", tolerance_s: float, *, as_json: bool) -> None:
    from yt360_tools.pipeline.compare_windows import total_of

    by_video = videos.agreements(tolerance_s)
    total = total_of(by_video)
    if as_json:
        plain = [
            {"video_id": video_id, **_plain(one), "missed_s": list(one.missed_s), "extra_s": list(one.extra_s)}
            for video_id, one in by_video.items()
        ]
        click.echo(json.dumps({**_plain_head(videos, tolerance_s), "total": _plain(total), "videos": plain}, indent=2))
        return
    width = max(8, *(len(video_id) for video_id in by_video)) if by_video else 8
    titles = ("listed", "found", "matched", "missed", "extra", "F1")
    click.echo(f"{'video':<{width}}" + "".join(f"{title:>9}" for title in titles) + "   covered of listed")
    for video_id, one in [*by_video.items(), ("total", total)]:
        numbers = "".join(f"{number:>9}" for number in (one.listed, one.found, one.matched, one.missed, one.extra))
        seconds = f"{one.common_s:>9.1f} of {one.listed_s:.1f} s"
        click.echo(f"{video_id:<{width}}{numbers}{one.f1:>9.3f}{seconds}")
    click.echo(f"\n{_in_words(total)}, when starts may be {tolerance_s:g} s apart")


def _in_words(one: "Agreement") -> str:
    precision, recall = (("-" if share is None else f"{share:.3f}") for share in (one.precision, one.recall))
    return f"precision {precision}, recall {recall}, F1 {one.f1:.3f}"


def _plain_head(videos: "ListedVideos", tolerance_s: float) -> dict[str, Any]:
    from yt360_tools.config import as_plain

    return {
        "list": str(videos.windows.path),
        "tolerance_s": tolerance_s,
        "options": {"segment": as_plain(videos.config)},
        "left_out": [{"video_id": one.video_id, "reason": one.reason, "detail": one.detail} for one in videos.unread],
        "unexamined": list(videos.unexamined),
        "unlisted": list(videos.unlisted),
        "faults": list(videos.windows.faults),
    }


def _plain(one: "Agreement") -> dict[str, Any]:
    numbers = {key: getattr(one, key) for key in ("listed", "found", "matched", "missed", "extra")}
    shares = {key: getattr(one, key) for key in ("precision", "recall", "f1")}
    return {**numbers, **shares, "listed_s": one.listed_s, "found_s": one.found_s, "common_s": one.common_s}


def _print_fit(videos: "ListedVideos", tolerance_s: float, options: dict[str, Any]) -> None:
    from yt360_tools.pipeline.fit_windows import ABSOLUTE, RELATIVE, better_of, fit_threshold

    absolute, relative = (
        fit_threshold(option, videos.candidates, videos.listed, videos.config, tolerance_s)
        for option in (ABSOLUTE, RELATIVE)
    )
    best = better_of(absolute, relative)
    if options["plot"] is not None:
        from yt360_tools.files import write_whole
        from yt360_tools.report.agreement_plot import draw_fit
        from yt360_tools.report.png import encode_png

        write_whole(options["plot"], encode_png(draw_fit((absolute, relative), title=_title(videos)), 1_000_000))
        click.echo(f"wrote {options['plot']}", err=True)
    if options["as_json"]:
        plain = {fit.option: _plain_fit(fit) for fit in (absolute, relative)}
        said = {"best": {"option": f"segment.{best.option}", "value": best.best}, "fits": plain}
        click.echo(json.dumps({**_plain_head(videos, tolerance_s), **said}, indent=2))
        return
    _print_curve(best)
    for fit in (absolute, relative):
        click.echo(f"segment.{fit.option:<20} {_range_words(fit)}: {_in_words(fit.agreement)}")
    click.echo(
        f"\n{len(videos.listed)} videos, {best.agreement.listed} listed windows. To take it, in a configuration:"
    )
    click.echo(f"\n[segment]\n{best.option} = {best.best:g}")


def _title(videos: "ListedVideos") -> str:
    return f"{videos.windows.path.name}: {len(videos.listed)} videos"


def _range_words(fit: "Fit") -> str:
    if not fit.is_open:
        return f"{fit.best:g} ({fit.least:g} to {fit.greatest:g} agree as well)"
    return f"{fit.best:g}, or milder: the list does not tell how much"


def _print_curve(fit: "Fit") -> None:
    """Some points of the curve, the best among them."""
    every = max(1, math.ceil(len(fit.thresholds) / _CURVE_POINTS))
    nearest = min(range(len(fit.thresholds)), key=lambda place: abs(fit.thresholds[place] - fit.best))
    click.echo(f"{fit.option:>20}{'precision':>11}{'recall':>9}{'F1':>8}")
    for place in range(nearest % every, len(fit.thresholds), every):
        precision = "-" if math.isnan(fit.precision[place]) else f"{fit.precision[place]:.3f}"
        mark = "  best" if place == nearest else ""
        click.echo(f"{fit.thresholds[place]:>20g}{precision:>11}{fit.recall[place]:>9.3f}{fit.f1[place]:>8.3f}{mark}")
    click.echo()


def _plain_fit(fit: "Fit") -> dict[str, Any]:
    curve = [
        {
            "threshold": threshold,
            "precision": None if math.isnan(precision) else precision,
            "recall": recall,
            "f1": f1,
        }
        for threshold, precision, recall, f1 in zip(fit.thresholds, fit.precision, fit.recall, fit.f1, strict=True)
    ]
    agreement = _plain(fit.agreement)
    return {"best": fit.best, "least": fit.least, "greatest": fit.greatest, "is_open": fit.is_open,
            "agreement": agreement, "curve": curve}  # fmt: skip
