"""``yt360 rebuild --plan``: prices, printed."""

import dataclasses
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from yt360_tools.cli.line_options import overrides_of, selection_of
from yt360_tools.sizes import size_text

if TYPE_CHECKING:
    from yt360_tools.pipeline.pilot import Estimate
    from yt360_tools.pipeline.planning import RebuildPlan
    from yt360_tools.pipeline.rebuild import StageReport


def print_plan(options: dict[str, Any], on_stage: "Callable[[StageReport], None]") -> None:
    """Print what a rebuild takes; with ``--pilot``, build a sample first."""
    from yt360_tools.pipeline.executors import default_workers
    from yt360_tools.pipeline.pilot import run_pilot
    from yt360_tools.pipeline.planning import plan_rebuild
    from yt360_tools.pipeline.rebuild import opened_line

    overrides, selection = overrides_of(options), selection_of(options)
    workers = options["workers"] or default_workers()
    where = (options["manifest"], options["workspace"], overrides)
    if options["pilot"]:
        with opened_line(*where, workers=workers, selection=selection) as line:
            run_pilot(line, options["pilot"], on_stage)
    plan = plan_rebuild(*where, selection=selection, workers=workers, rate_mb_s=options["rate_mb_s"])
    for fault in plan.faults:
        click.echo(f"rejected  {fault}", err=True)
    if options["as_json"]:
        click.echo(json.dumps(dataclasses.asdict(plan), indent=2))
        return
    _print_text(plan)


def _print_text(plan: "RebuildPlan") -> None:
    prices = plan.prices
    fetched = _size(plan.fetch_bytes) + (", linked: no room taken" if plan.media_are_linked else "")
    click.echo(f"videos to fetch      {plan.videos_to_fetch}  ({fetched}{_range(prices.fetch_bytes, size_text)})")
    if prices.video_hours:
        click.echo(f"hours of video       {_with_range(prices.video_hours, _hours)}")
    if prices.download_hours and not plan.media_are_linked:
        click.echo(f"hours of fetching    {_with_range(prices.download_hours, _hours)} at {prices.rate_mb_s:.3g} MB/s")
    click.echo(f"videos to examine    {plan.videos_to_validate}")
    click.echo(f"rows to segment      {plan.rows_to_segment}")
    stored = f"about {size_text(plan.shard_bytes)} of shards{_range(prices.shard_bytes, size_text)}"
    click.echo(f"clips to build       {plan.clips_to_build}, {plan.clip_hours:.4g} h  ({stored})")
    if prices.build_hours:
        click.echo(f"hours of building    {_with_range(prices.build_hours, _hours)} with {prices.workers} workers")
    for name, estimate, text in (
        ("media a second", prices.bytes_a_second, size_text),
        ("shard bytes a clip", prices.shard_bytes_a_clip, size_text),
        ("CPU time a clip", prices.cpu_s_a_clip, lambda seconds: f"{seconds:.3g} s"),
    ):
        if estimate:
            click.echo(f"{name:<20} {_with_range(estimate, text)}")
    click.echo(f"raw media at a time  {_size(plan.raw_bytes)}")
    floor = f", of which {size_text(plan.floor_bytes)} stay free (download.min_free_gb)" if plan.floor_bytes else ""
    click.echo(f"free on the disk     {size_text(plan.free_bytes)}{floor}: {plan.verdict}")
    for assumption in plan.assumptions:
        click.echo(assumption)


def _with_range(estimate: "Estimate", text: Callable[[float], str]) -> str:
    return text(estimate.value) + _range(estimate, text)


def _range(estimate: "Estimate | None", text: Callable[[float], str]) -> str:
    """``, 95 %: LOW to HIGH``, where there is an interval."""
    if estimate is None or estimate.low is None or estimate.high is None or estimate.low == estimate.high:
        return ""
    return f", 95 %: {text(estimate.low)} to {text(estimate.high)}"


def _hours(hours: float) -> str:
    return f"{hours:.3g} h"


def _size(count: float | None) -> str:
    return "size unknown until fetched" if count is None else size_text(count)
