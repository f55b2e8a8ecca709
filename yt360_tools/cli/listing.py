"""What `download --list` prints."""

import json
from collections import Counter
from typing import Any

import click

from yt360_tools.cli.line_options import overrides_of, selection_of
from yt360_tools.errors import EXIT_OK, EXIT_UNFINISHED


def print_listing(options: dict[str, Any], *, refresh: bool) -> int:
    """Ask what the manifest's videos offer, print it, and give the exit code: 3 when asking again may say more."""
    from yt360_tools.pipeline.listing import known_videos, list_videos
    from yt360_tools.pipeline.rebuild import opened_line
    from yt360_tools.sources import open_source
    from yt360_tools.sources.reasons import reason_policy

    opened = (options["manifest"], options["workspace"], overrides_of(options))
    with opened_line(*opened, workers=1, selection=selection_of(options), stages=()) as line:
        for fault in line.manifest.faults:
            click.echo(f"rejected  {fault.message}", err=True)
        open_source(line.config.download)
        where, retry = (line.manifest.video_ids, line.ledger, line.config.download), options.get("retry") or ()
        try:
            report = list_videos(*where, refresh=refresh, retry=retry)
        except KeyboardInterrupt:
            _print_videos(list(known_videos(*where)), options["as_json"], interrupted=True)
            raise
    videos = list(report.videos)
    for note in report.notes:
        click.echo(f"note: {note}", err=True)
    _print_videos(videos, options["as_json"])
    heals = any(video.reason and reason_policy(video.reason).kind == "heals" for video in videos)
    strict = options["strict"] and any(video.state == "rejected" for video in videos)
    return EXIT_UNFINISHED if heals or strict else EXIT_OK


def _print_videos(videos: list[Any], as_json: bool, *, interrupted: bool = False) -> None:
    if not as_json:
        _print_table(videos)
        return
    plain: dict[str, Any] = {"interrupted": True} if interrupted else {}
    plain["videos"] = [_as_plain(video) for video in videos]
    click.echo(json.dumps(plain, indent=2, ensure_ascii=False))


def _print_table(videos: list[Any]) -> None:
    width = max([len("video"), *(len(video.video_id) for video in videos)])
    click.echo(f"{'video':<{width}}  {'result':<18}{'pictures':>14}{'sounds':>8}{'languages':>11}  takes")
    for video in videos:
        if video.listing is None:
            click.echo(
                f"{video.video_id:<{width}}  {video.reason:<18}{'-':>14}{'-':>8}{'-':>11}  {_last(video.detail)}"
            )
            continue
        heights = [offer.height for offer in video.listing.of("picture") if offer.height]
        pictures = f"{len(video.listing.of('picture'))}" + (f" to {max(heights)}" if heights else "")
        counts = f"{pictures:>14}{len(video.listing.of('sound')):>8}{len(video.listing.languages):>11}"
        ids = [choice.offer.format_id for choice in video.choices.values() if choice.offer]
        taken = "nothing" if video.reason else " + ".join(ids)
        click.echo(f"{video.video_id:<{width}}  {video.reason or 'offered':<18}{counts}  {taken}")
        for track, choice in video.choices.items():
            click.echo(f"{'':<{width}}    {track}: {choice.why}")
    counted = Counter(video.reason or "offered" for video in videos)
    click.echo(f"{len(videos)} videos: " + ", ".join(f"{count} {reason}" for reason, count in counted.most_common()))


def _last(detail: str) -> str:
    return detail.strip().rpartition("\n")[2]


def _as_plain(video: Any) -> dict[str, Any]:
    plain = {key: getattr(video, key) for key in ("video_id", "state", "reason", "detail")}
    if video.listing is not None:
        plain |= video.listing.as_plain()
    plain["choices"] = {
        track: {
            "format_id": choice.offer and choice.offer.format_id,
            "why": choice.why,
            "passed_over": choice.passed_over,
        }
        for track, choice in video.choices.items()
    }
    return plain
