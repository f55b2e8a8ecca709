"""Whatever a server does, every video ends in its right reason, every good file is what was served, byte by byte, and
nothing is asked for more often than the policy says: counted at the server.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from worlds import small_media
from worlds.download_runs import Runs, by_video
from worlds.hostile_server import Break, HostileServer, Page, Serve, Status, serving

from yt360_tools.config import DownloadConfig

BODY = small_media.picture("the body", pad_bytes=90_000)
OTHER = small_media.picture("another", pad_bytes=80_000)
ATTEMPTS = 3


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as hostile:
        yield hostile


def config_for(server: HostileServer, **options: object) -> DownloadConfig:
    given: dict[str, object] = {"attempts": ATTEMPTS, "timeout_s": 20.0, "pause_s": 0.0, "jitter": 0.0, "brake_s": 0.0}
    return DownloadConfig(source=(f"{server.address}/{{video_id}}.mp4",), **(given | options))  # type: ignore[arg-type]


WHOLE = Serve(BODY)
BREAKS = {"after": 40_000}
SCRIPTS: dict[str, tuple[tuple[object, ...], str, str, int]] = {
    # what the server does, the state and the reason in the end, how often it is asked
    "good": ((WHOLE,), "done", "", 1),
    "unmarked": ((Serve(BODY, etag="", length=-1),), "done", "", 1),
    "404": ((Status(404),), "rejected", "gone", 1),
    "410": ((Status(410),), "rejected", "gone", 1),
    "401": ((Status(401),), "failed", "refused", 1),
    "403": ((Status(403),), "failed", "refused", 1),
    "500": ((Status(500),), "failed", "network", ATTEMPTS),
    "503": ((Status(503),), "failed", "network", ATTEMPTS),
    "429": ((Status(429),), "failed", "rate_limited", ATTEMPTS),
    "500, then well": ((Status(500), WHOLE), "done", "", 2),
    "503, 503, then well": ((Status(503), Status(503), WHOLE), "done", "", 3),
    "429, then well": ((Status(429, {"Retry-After": "7"}), WHOLE), "done", "", 2),
    "reset": ((Break(BODY, **BREAKS),) * 2 + (WHOLE,), "done", "", 3),
    "reset at once": ((Break(BODY),), "failed", "network", ATTEMPTS),
    "stall": ((Break(BODY, how="stall", **BREAKS), WHOLE), "done", "", 2),
    "stall for ever": ((Break(BODY, how="stall"),), "failed", "network", ATTEMPTS),
    "short": ((Break(BODY, how="end", **BREAKS), WHOLE), "done", "", 2),
    "short for ever": ((Break(BODY, how="end", after=30_000, ranges=False),), "failed", "incomplete", ATTEMPTS),
    "less than the range": (
        (Break(BODY, **BREAKS), Break(BODY, how="less", after=9000), WHOLE), "done", "", 3,
    ),
    "short, no ranges": (
        (Break(BODY, how="end", ranges=False, **BREAKS), Serve(BODY, ranges=False)), "done", "", 2,
    ),
    "claims more": ((Serve(BODY, length=len(BODY) + 5000, ranges=False),), "failed", "incomplete", ATTEMPTS),
    "claims less": ((Serve(BODY, length=2500),), "failed", "incomplete", ATTEMPTS),
    "empty": ((Serve(b""),), "failed", "incomplete", ATTEMPTS),
    "cut short on its disk": ((Serve(BODY[:2500]),), "failed", "incomplete", ATTEMPTS),
    "page": ((Page(),), "failed", "not_media", 1),
    "noise": ((Serve(bytes(9000)),), "failed", "not_media", 1),
    "changed meanwhile": ((Break(OTHER, **BREAKS), WHOLE), "done", "", 2),
    "changed, unmarked": ((Break(OTHER, etag="", **BREAKS), Serve(BODY, etag="")), "done", "", 3),
    "smaller now": ((Break(BODY + OTHER, after=150_000), WHOLE), "done", "", 2),
    "smaller now, unmarked": ((Break(BODY + OTHER, etag="", after=150_000), Serve(BODY, etag="")), "done", "", 3),
    "ranges that lie": ((Break(OTHER, etag='"x"', **BREAKS), Serve(BODY, etag='"x"')), "done", "", 3),
}  # fmt: skip
BROKEN_OFF = ("short for ever", "claims more")
"""What came of these is kept, to go on from it; of the other failures nothing came that could be."""


@pytest.mark.parametrize("case", SCRIPTS)
def test_every_answer_ends_in_its_reason(case: str, server: HostileServer, tmp_path: Path) -> None:
    script, state, reason, requests = SCRIPTS[case]
    server.add("/v.mp4", *script)
    runs = Runs(tmp_path, ["v"])
    runs.run(config_for(server, timeout_s=0.5 if "stall" in case else 20.0))
    entry = runs.entries()["v"]
    assert (entry.state, entry.reason) == (state, reason), entry.detail
    assert runs.media("v") == ({"v.mp4": BODY} if state == "done" else {})
    assert server.count("/v.mp4") == requests
    assert runs.hidden == ([".v.part"] if case in BROKEN_OFF else [])
    assert "\n" not in entry.detail


def test_another_source_is_asked_for_what_the_first_had_not(server: HostileServer, tmp_path: Path) -> None:
    server.add("/other/v.mp4", WHOLE)
    runs = Runs(tmp_path, ["v"])
    mistyped, right = config_for(server), DownloadConfig(source=(f"{server.address}/other/{{video_id}}.mp4",))
    for _ in range(2):
        runs.run(mistyped)
    assert (runs.entries()["v"].reason, server.count("/v.mp4")) == ("gone", 1)
    runs.run(right)
    assert runs.media("v") == {"v.mp4": BODY}


def test_two_hundred_good_files_among_fifty_bad(server: HostileServer, tmp_path: Path) -> None:
    bad: dict[str, tuple[tuple[object, ...], str, str, int]] = {}
    names = [name for name, (_, state, reason, _) in SCRIPTS.items() if state != "done" and reason != "rate_limited"]
    for number in range(50):
        name = [one for one in names if "stall" not in one][number % (len(names) - 1)]
        bad[f"bad{number}"] = SCRIPTS[name]
    good = {f"good{number}": small_media.picture(f"{number}") for number in range(200)}
    for video_id, (script, *_) in bad.items():
        server.add(f"/{video_id}.mp4", *script)
    for video_id, body in good.items():
        server.add(f"/{video_id}.mp4", Serve(body))
    videos = [*bad, *good]
    random.Random(3).shuffle(videos)
    runs = Runs(tmp_path, videos)
    config = config_for(server)
    first = runs.run(config)
    expected = {video_id: (state, reason) for video_id, (_, state, reason, _) in bad.items()}
    assert by_video(first.outcomes) == expected | dict.fromkeys(good, ("done", ""))
    assert {one: server.count(f"/{one}.mp4") for one in bad} == {one: case[3] for one, case in bad.items()}
    assert {one: runs.media(one) for one in good} == {one: {f"{one}.mp4": body} for one, body in good.items()}
    before = len(server.asked)
    again = by_video(runs.run(config).outcomes)
    assert set(again) == {one for one, (state, reason) in expected.items() if reason in ("network", "incomplete")}
    assert not {asked.path for asked in server.asked[before:]} & {f"/{one}.mp4" for one in good}


def test_what_is_final_or_needs_a_change_is_not_asked_again(server: HostileServer, tmp_path: Path) -> None:
    for name, act in {"gone": Status(404), "refused": Status(403), "page": Page()}.items():
        server.add(f"/{name}.mp4", act)
    runs = Runs(tmp_path, ["gone", "refused", "page"])
    runs.run(config_for(server))
    assert runs.run(config_for(server)).outcomes == ()
    assert len(server.asked) == 3
    assert {one.video_id: (one.reason, one.until) for one in runs.waiting} == {
        "refused": ("refused", None),
        "page": ("not_media", None),
    }
    runs.run(config_for(server, jobs=2, timeout_s=1.0))  # nothing that the server could see
    assert len(server.asked) == 3
    runs.run(config_for(server, proxy=server.address))
    assert len(server.asked) == 5
    assert server.count("/gone.mp4") == 1


def test_exported_anew_cookies_count_as_a_change(server: HostileServer, tmp_path: Path) -> None:
    cookies = tmp_path / "cookies.txt"
    cookies.write_text("# Netscape HTTP Cookie File\n", encoding="utf-8")
    server.add("/v.mp4", Status(403), Serve(BODY))
    runs = Runs(tmp_path / "work", ["v"])
    config = config_for(server, cookies_file=str(cookies))
    runs.run(config)
    assert runs.run(config).outcomes == ()
    cookies.write_text("# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\ta\tb3\n", encoding="utf-8")
    assert by_video(runs.run(config).outcomes) == {"v": ("done", "")}


def test_several_tracks_and_guessed_extensions_stay_bounded(server: HostileServer, tmp_path: Path) -> None:
    """The picture that is there is not fetched again because the sound broke off."""
    sound = small_media.sound("s", pad_bytes=60_000)
    server.add("/v.video.webm", Serve(BODY))
    server.add("/v.audio.wav", Break(sound, after=30_000), Status(503), Serve(sound))
    runs = Runs(tmp_path, ["v"])
    config = config_for(server)
    config = DownloadConfig(**{**vars(config), "source": (f"{server.address}/{{video_id}}.{{track}}.{{ext}}",)})
    assert by_video(runs.run(config).outcomes) == {"v": ("done", "")}
    assert runs.media("v") == {"v.video.webm": BODY, "v.audio.wav": sound}
    assert server.count("/v.video.webm") == 1
    assert server.count("/v.audio.wav") == 3
    assert server.count("/v.video.mp4") == 1  # 404 once: what has been begun is asked for first


@pytest.mark.parametrize("jobs", [1, 4])
def test_files_arrive_whole_with_several_at_once(jobs: int, server: HostileServer, tmp_path: Path) -> None:
    bodies = {f"v{number}": small_media.picture(f"{number}", pad_bytes=50_000) for number in range(12)}
    drawn = random.Random(jobs)
    for number, (video_id, body) in enumerate(bodies.items()):
        broken = (Break(body, after=1 + drawn.randrange(48_000)),) if number % 2 else ()
        server.add(f"/{video_id}.mp4", *broken, Serve(body))
    runs = Runs(tmp_path, bodies)
    runs.run(config_for(server, jobs=jobs))
    assert {one: runs.media(one) for one in bodies} == {one: {f"{one}.mp4": body} for one, body in bodies.items()}
    assert runs.hidden == []


def test_a_burst_of_429s_stops_the_run_and_spares_the_list(server: HostileServer, tmp_path: Path) -> None:
    videos = [f"v{number}" for number in range(100)]
    for video_id in videos:
        server.add(f"/{video_id}.mp4", Status(429))
    runs = Runs(tmp_path, videos)
    config = config_for(server, pause_s=5.0, brake_s=60.0)
    found = runs.run(config)
    assert len(server.asked) <= 2 + config.jobs + config.brake_stops
    assert "burst of 429s" in found.stopped
    assert sum(entry.state == "to_do" for entry in runs.entries().values()) >= 90
    assert runs.time.slept == [60, 120, 240, 480]


def test_a_429_now_and_then_slows_nobody_else(server: HostileServer, tmp_path: Path) -> None:
    bodies = {f"v{number}": small_media.picture(f"{number}") for number in range(20)}
    for number, (video_id, body) in enumerate(bodies.items()):
        refused = (Status(429, {"Retry-After": "30"}),) if number % 10 == 0 else ()
        server.add(f"/{video_id}.mp4", *refused, Serve(body))
    runs = Runs(tmp_path, bodies)
    runs.run(config_for(server, jobs=1, brake_s=60.0))
    assert {one: runs.media(one) for one in bodies} == {one: {f"{one}.mp4": body} for one, body in bodies.items()}
    assert runs.time.slept == [30]
    assert len(server.asked) == 22
