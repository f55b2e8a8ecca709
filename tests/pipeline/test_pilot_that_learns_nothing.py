"""A pilot of which nothing came: the plan says that it does not know, why, and what would tell more."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from worlds import command
from worlds.hostile_server import HostileServer, Serve, Status, serving

VIDEOS = tuple(f"v{number}" for number in range(5))
PRICES = ("fetch_bytes", "video_hours", "clips", "shard_bytes", "cpu_hours", "download_hours", "build_hours")


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with serving() as found:
        yield found


@pytest.fixture
def rebuild(server: HostileServer, tmp_path: Path) -> Any:
    manifest = command.write_rows(tmp_path / "m.csv", *(f"{one},{one},,,train" for one in VIDEOS))
    config = tmp_path / "a.toml"
    config.write_text("[download]\nattempts = 1\nsleep_s = 0.0\nmin_free_gb = 0.0\n", encoding="utf-8")
    source = f"{server.address}/{{video_id}}.mp4"
    given = ("rebuild", manifest, "-w", tmp_path / "work", "--config", config, "--source", source, *command.SMALL)

    def run(*more: object) -> "command.Ended":
        ended = command.run((*given, *more))
        assert ended.code == 0, ended
        return ended

    return run


def answers(server: HostileServer, act: object) -> None:
    for one in VIDEOS:
        server.add(f"/{one}.mp4", act)


def unknown(plan: dict[str, Any]) -> str:
    """The plan's word on what it does not know."""
    (said,) = (line for line in plan["assumptions"] if line.startswith("unknown"))
    return str(said)


@pytest.mark.parametrize(
    ("status", "to_fetch", "reasons", "advice"),
    [
        (503, 5, "3 network", "give the same --pilot again when that is over"),
        (401, 5, "3 refused", "mend that, then give the same --pilot again"),
        (404, 2, "3 gone", "a --pilot of more videos draws others, too"),
    ],
)
def test_says_why_it_learnt_nothing_and_what_would_tell_more(
    status: int, to_fetch: int, reasons: str, advice: str, server: HostileServer, rebuild: Any
) -> None:
    answers(server, Status(status))
    plans = [json.loads(rebuild("--plan", *more, "--json").stdout) for more in (("--pilot", 3), ())]
    for plan in plans:
        assert (plan["videos_to_fetch"], plan["fetch_bytes"], plan["raw_bytes"]) == (to_fetch, None, None)
        assert {plan["prices"][name] for name in PRICES} == {None}
        assert plan["verdict"].endswith("the media's size is unknown")
        assert f"of the pilot's 3 videos not one could be fetched: {reasons} (http://" in unknown(plan)
        assert f"HTTP Error {status}" in unknown(plan)
        assert unknown(plan).endswith(advice)
        assert not [line for line in plan["assumptions"] if line.startswith("measured")]
    text = rebuild("--plan").stdout
    assert f"videos to fetch      {to_fetch}  (size unknown until fetched)" in text
    assert "hours of fetching" not in text


def test_what_was_gone_before_there_was_a_pilot_tells_as_little(server: HostileServer, rebuild: Any) -> None:
    answers(server, Status(404))
    rebuild("--limit", 2)
    plan = json.loads(rebuild("--plan", "--json").stdout)
    assert (plan["fetch_bytes"], plan["prices"]["fetch_bytes"]) == (None, None)
    assert "of 2 videos that ended before not one could be fetched: 2 gone (http" in unknown(plan)
    assert unknown(plan).endswith("--pilot N builds N videos of the manifest, and tells")


def test_videos_that_give_no_clips_tell_what_is_fetched_alone(
    server: HostileServer, rebuild: Any, tmp_path: Path
) -> None:
    """A picture without sound: it is fetched, and not built."""
    command.write_media(tmp_path / "media", "x", 3.0)
    picture = (tmp_path / "media" / "x.video.mp4").read_bytes()
    answers(server, Serve(picture))
    plan = json.loads(rebuild("--plan", "--pilot", 3, "--json").stdout)
    assert plan["prices"]["fetch_bytes"]["value"] == 2 * len(picture)
    assert [plan["prices"][name] for name in ("clips", "shard_bytes", "cpu_hours", "build_hours")] == [None] * 4
    assert "unknown: what building takes: of the pilot's 3 videos not one gave a clip: 3 " in unknown(plan)
