"""What `yt360 download --list` asks, keeps and says: yt-dlp's own YouTube extractor before a server of the test's."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from worlds import command
from worlds.recorded_youtube import (
    Recorded,
    asking,
    plugin_environment,
    quad,
    refusal,
    serving,
    sphere,
    stereo,
    stream,
    video,
)
from yt_dlp.extractor.youtube import YoutubeIE, _base

from yt360_tools.config import DownloadConfig
from yt360_tools.errors import UsageError
from yt360_tools.pipeline.brake import BURST
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.listing import STAGE, ListedVideo, known_videos, list_videos
from yt360_tools.sources.listing import list_youtube, read_listing

ONCE = DownloadConfig(attempts=1, jobs=1)
WHOLE = "wholevideo-"
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def youtube(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorded]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as recorded:
        monkeypatch.setattr(YoutubeIE, "_initial_extract", asking(recorded.address))
        monkeypatch.setattr(YoutubeIE, "_real_initialize", lambda self: None)
        recorded.answers[WHOLE] = video(sphere(313), sphere(271, 1440), quad(), stereo())
        yield recorded


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    found = Ledger(tmp_path / "ledger.sqlite")
    yield found
    found.close()


def asked(ledger: Ledger, *video_ids: str, config: DownloadConfig = ONCE, **more: Any) -> dict[str, ListedVideo]:
    report = list_videos(video_ids, ledger, config, **more)
    return {video.video_id: video for video in report.videos}


class TestWhatYtDlpMakesOfYouTubesWords:
    """The words that the policy reads are those that yt-dlp's extractor writes, for every kind that YouTube has."""

    @pytest.mark.parametrize(
        ("projection", "kind"),
        [("MESH", "eac"), ("EQUIRECTANGULAR", "er"), ("EQUIRECTANGULAR_THREED_TOP_BOTTOM", "er-top-bottom")],
    )
    def test_projections(self, projection: str, kind: str, youtube: Recorded) -> None:
        youtube.answers[WHOLE] = video(sphere(313, projection=projection), sphere(248, projection="RECTANGULAR"))
        (offer,) = list_youtube(WHOLE, ONCE).of("picture")
        assert (offer.format_id, offer.kind, offer.height, offer.codec) == ("313", kind, 2160, "vp9")

    @pytest.mark.parametrize(
        ("kind", "channels"), [("AMBISONICS_QUAD", 4), ("AMBISONICS_5_1", 6), ("FOA_WITH_NON_DIEGETIC", 6)]
    )
    def test_spatial_kinds(self, kind: str, channels: int, youtube: Recorded) -> None:
        youtube.answers[WHOLE] = video(sphere(), quad(338, kind, channels), stereo())
        (offer,) = list_youtube(WHOLE, ONCE).of("sound")
        assert (offer.kind, offer.channels, offer.codec) == (kind.lower(), channels, "opus")

    def test_the_client_that_gave_a_format(self, youtube: Recorded) -> None:
        assert {offer.client for offer in list_youtube(WHOLE, ONCE).offers} == {"android_vr"}

    def test_a_yt_dlp_that_keeps_its_clients_elsewhere(
        self, youtube: Recorded, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delattr(_base, "short_client_name")
        assert [(offer.kind, offer.client) for offer in list_youtube(WHOLE, ONCE).of("sound")] == [
            ("ambisonics_quad", "")
        ]

    def test_what_is_under_drm_is_not_offered(self, youtube: Recorded) -> None:
        youtube.answers[WHOLE] = video(sphere(313, drmFamilies=["WIDEVINE"]), sphere(271, 1440), quad())
        assert [offer.format_id for offer in list_youtube(WHOLE, ONCE).of("picture")] == ["271"]

    def test_dubbed_tracks_and_levels_evened_out(self, youtube: Recorded) -> None:
        english = {"id": "en.4", "displayName": "English original", "audioIsDefault": True}
        spanish = {"id": "es.3", "displayName": "Spanish"}
        youtube.answers[WHOLE] = video(
            sphere(), quad(audioTrack=spanish), quad(audioTrack=english), quad(audioTrack=english, isDrc=True)
        )
        found = list_youtube(WHOLE, ONCE)
        assert found.languages == ("en", "es")
        flaws = {(offer.language, offer.flaws) for offer in found.of("sound")}
        assert flaws == {("en", ()), ("es", ()), ("en", ("drc",))}

    def test_hdr_and_frames(self, youtube: Recorded) -> None:
        hdr = stream(
            337, 'video/webm; codecs="vp09.02.51.10.01.09.16.09.00"', width=3840, height=2160, fps=60,
            quality="hd2160", qualityLabel="2160s60 HDR", projectionType="MESH",
        )  # fmt: skip
        youtube.answers[WHOLE] = video(hdr, quad())
        (offer,) = list_youtube(WHOLE, ONCE).of("picture")
        assert (offer.fps, offer.dynamic_range != "SDR", offer.codec) == (60, True, "vp9")


class TestOutcomes:
    def test_of_a_video_that_has_both(self, youtube: Recorded, ledger: Ledger) -> None:
        found = asked(ledger, WHOLE)[WHOLE]
        assert (found.state, found.reason) == ("done", "")
        assert {track: choice.offer and choice.offer.format_id for track, choice in found.choices.items()} == {
            "picture": "313",
            "sound": "338",
        }
        assert found.listing is not None
        assert found.listing.facts["upload_date"] == "20190501"
        assert (found.listing.formats, found.listing.stereo_sounds) == (4, ("251",))

    @pytest.mark.parametrize(
        ("answer", "state", "reason"),
        [
            (video(sphere(), stereo()), "failed", "no_spatial_sound"),
            (video(sphere(projection="RECTANGULAR"), quad()), "failed", "no_360_picture"),
            (video(), "failed", "no_formats"),
            (refusal("Private video", "Sign in if you've been granted access"), "rejected", "gone_private"),
            (refusal("Video unavailable", "This video has been removed by the uploader"), "rejected", "gone_removed"),
            (
                refusal(
                    "Video unavailable",
                    "This video is no longer available because the YouTube account associated with this video has "
                    "been terminated.",
                ),
                "rejected",
                "gone_terminated",
            ),
            (refusal("Video unavailable"), "failed", "unavailable"),
            (refusal("Sign in to confirm your age", "", "LOGIN_REQUIRED"), "failed", "restricted_age"),
            (refusal("Sign in to confirm you’re not a bot", "", "LOGIN_REQUIRED"), "failed", "bot_wall"),
            (
                refusal("Video unavailable", "The uploader has not made this video available in your country"),
                "failed",
                "restricted_region",
            ),
            (
                refusal("Join this channel to get access to members-only content like this video", "", "UNPLAYABLE"),
                "failed",
                "restricted_members",
            ),
            (429, "failed", "rate_limited"),
            (503, "failed", "network"),
        ],
    )
    def test_of_others(self, answer: Any, state: str, reason: str, youtube: Recorded, ledger: Ledger) -> None:
        youtube.answers["other-video"] = answer
        found = asked(ledger, "other-video")["other-video"]
        assert (found.state, found.reason) == (state, reason)
        assert found.detail

    def test_an_id_that_is_none_is_not_asked_for(self, youtube: Recorded, ledger: Ledger) -> None:
        assert asked(ledger, "tenletters")["tenletters"].reason == "unsupported"
        assert youtube.asked == []


class TestAskingAgain:
    def test_an_answer_stays(self, youtube: Recorded, ledger: Ledger) -> None:
        youtube.answers["private----"] = refusal("Private video")
        first = asked(ledger, WHOLE, "private----")
        assert sorted(youtube.asked) == sorted(first)
        again = asked(ledger, WHOLE, "private----")
        assert len(youtube.asked) == 2
        assert again == first

    def test_a_refresh_asks_all(self, youtube: Recorded, ledger: Ledger) -> None:
        asked(ledger, WHOLE)
        youtube.answers[WHOLE] = video(sphere(271, 1440), quad())
        found = asked(ledger, WHOLE, refresh=True)[WHOLE]
        assert youtube.asked == [WHOLE, WHOLE]
        assert found.choices["picture"].offer.format_id == "271"  # type: ignore[union-attr]

    def test_what_heals_is_asked_again_after_its_pause(self, youtube: Recorded, ledger: Ledger) -> None:
        config = DownloadConfig(attempts=1, jobs=1, pause_s=100, jitter=0)
        youtube.answers[WHOLE] = 503
        assert asked(ledger, WHOLE, config=config, now=lambda: NOW)[WHOLE].reason == "network"
        youtube.answers[WHOLE] = video(sphere(), quad())
        soon, later = NOW + timedelta(seconds=50), NOW + timedelta(seconds=200)
        assert asked(ledger, WHOLE, config=config, now=lambda: soon)[WHOLE].reason == "network"
        assert youtube.asked == [WHOLE]
        assert asked(ledger, WHOLE, config=config, now=lambda: later)[WHOLE].state == "done"

    def test_within_a_run_pauses_are_slept(self, youtube: Recorded, ledger: Ledger) -> None:
        clock = [0.0]
        slept: list[float] = []

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            clock[0] += seconds
            youtube.answers[WHOLE] = video(sphere(), quad())

        youtube.answers[WHOLE] = 503
        config = DownloadConfig(attempts=3, jobs=1, pause_s=7, jitter=0)
        assert asked(ledger, WHOLE, config=config, clock=lambda: clock[0], sleep=sleep)[WHOLE].state == "done"
        assert slept == [7]

    def test_what_needs_a_change_is_asked_again_otherwise(self, youtube: Recorded, ledger: Ledger) -> None:
        youtube.answers[WHOLE] = video(sphere(), stereo())
        asked(ledger, WHOLE)
        asked(ledger, WHOLE)
        assert youtube.asked == [WHOLE]
        asked(ledger, WHOLE, config=DownloadConfig(attempts=1, jobs=1, player_clients=("tv",)))
        assert youtube.asked == [WHOLE, WHOLE]
        asked(ledger, WHOLE, config=ONCE, retry=("no_spatial_sound",))
        assert len(youtube.asked) == 3

    def test_another_policy_chooses_from_what_was_answered(self, youtube: Recorded, ledger: Ledger) -> None:
        assert asked(ledger, WHOLE)[WHOLE].state == "done"
        stricter = DownloadConfig(attempts=1, jobs=1, picture=("er",))
        found = asked(ledger, WHOLE, config=stricter)[WHOLE]
        assert (found.state, found.reason) == ("failed", "no_360_picture")
        assert ledger.entries(STAGE)[WHOLE].reason == "no_360_picture"
        assert asked(ledger, WHOLE)[WHOLE].state == "done"
        assert youtube.asked == [WHOLE]

    def test_a_wider_policy_asks_for_nothing_again(self, youtube: Recorded, ledger: Ledger) -> None:
        youtube.answers[WHOLE] = video(sphere(), stereo(258, audioChannels=6))
        assert asked(ledger, WHOLE)[WHOLE].reason == "no_spatial_sound"
        wider = DownloadConfig(attempts=1, jobs=1, sound=("spatial", "unlabelled channels=6"))
        assert asked(ledger, WHOLE, config=wider)[WHOLE].state == "done"
        assert youtube.asked == [WHOLE]

    def test_a_video_that_goes_leaves_what_was_known_of_it(self, youtube: Recorded, ledger: Ledger) -> None:
        asked(ledger, WHOLE)
        youtube.answers[WHOLE] = refusal("Private video")
        found = asked(ledger, WHOLE, refresh=True)[WHOLE]
        assert (found.reason, found.listing) == ("gone_private", None)
        assert ledger.entries(STAGE)[WHOLE].data["facts"]["upload_date"] == "20190501"

    def test_a_bot_wall_stops_the_run_before_the_list_is_burnt(self, youtube: Recorded, ledger: Ledger) -> None:
        ids = [f"behindwall{k}" for k in range(9)]
        youtube.answers |= dict.fromkeys(ids, refusal("Sign in to confirm you’re not a bot", "", "LOGIN_REQUIRED"))
        clock = [0.0]

        def sleep(seconds: float) -> None:
            clock[0] += seconds

        config = DownloadConfig(attempts=1, jobs=1, brake_s=10, brake_stops=2, jitter=0)
        report = list_videos(ids, ledger, config, clock=lambda: clock[0], sleep=sleep)
        assert len(youtube.asked) == 3
        assert any("bot wall" in note for note in report.notes)
        assert [video.reason for video in report.videos] == ["bot_wall"] * 3 + ["not_asked"] * 6

    def test_the_next_run_keeps_to_what_the_server_wished(self, youtube: Recorded, ledger: Ledger) -> None:
        ids = [f"asktoomuch{k}" for k in range(BURST + 2)]
        youtube.answers |= dict.fromkeys(ids, 429)
        youtube.retry_after_s = 86_400
        for _ in range(2):
            report = list_videos(ids, ledger, ONCE, now=lambda: NOW)
            assert any("asks to be left alone until" in note for note in report.notes)
            assert len(youtube.asked) == BURST
        youtube.answers |= dict.fromkeys(ids, video(sphere(), quad()))
        over = NOW + timedelta(days=1, seconds=1)
        assert list_videos(ids, ledger, ONCE, now=lambda: over).notes == ()
        assert len(youtube.asked) == 2 * BURST + 2

    def test_a_refresh_asks_in_spite_of_a_wish(self, youtube: Recorded, ledger: Ledger) -> None:
        ids = [f"asktoomuch{k}" for k in range(BURST)]
        youtube.answers |= dict.fromkeys(ids, 429)
        youtube.retry_after_s = 86_400
        list_videos(ids, ledger, ONCE, now=lambda: NOW)
        youtube.answers |= dict.fromkeys(ids, video(sphere(), quad()))
        assert {one.state for one in asked(ledger, *ids, refresh=True, now=lambda: NOW).values()} == {"done"}

    def test_an_interrupted_run_leaves_what_it_learnt(self, youtube: Recorded, ledger: Ledger) -> None:
        def interrupt(seconds: float) -> None:
            if youtube.asked:
                raise KeyboardInterrupt

        config = DownloadConfig(attempts=1, jobs=1, sleep_s=1)
        with pytest.raises(KeyboardInterrupt):
            list_videos([WHOLE, "-otherthing"], ledger, config, sleep=interrupt)
        found = known_videos([WHOLE, "-otherthing"], ledger, config)
        assert [one.reason for one in found] == ["", "not_asked"]


def test_the_pause_between_videos_is_kept(youtube: Recorded, ledger: Ledger) -> None:
    slept: list[float] = []
    config = DownloadConfig(attempts=1, jobs=1, sleep_s=4, jitter=0)
    asked(ledger, "short", config=config, sleep=slept.append)
    assert slept == [4]


def test_a_listing_survives_json(youtube: Recorded) -> None:
    found = list_youtube(WHOLE, ONCE)
    assert read_listing(json.loads(json.dumps(found.as_plain()))) == found


@pytest.mark.parametrize("config", [DownloadConfig(media="folder"), DownloadConfig(source=("https://h/{video_id}",))])
def test_only_youtube_can_be_listed(config: DownloadConfig, ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="--list asks what YouTube offers"):
        list_videos(["a"], ledger, config)


class TestTheCommand:
    """`yt360 download --list` in a process of its own, its yt-dlp with a plugin."""

    @pytest.fixture
    def listed(self, youtube: Recorded, tmp_path: Path) -> Any:
        youtube.answers["-otherthing"] = video(sphere(), stereo())
        youtube.answers["goneforever"] = refusal("Video unavailable", "This video has been removed by the uploader")
        rows = [f"{video_id},{video_id},,,train" for video_id in (WHOLE, "-otherthing", "goneforever")]
        manifest = command.write_rows(tmp_path / "m.csv", *rows)
        changes = plugin_environment(tmp_path / "plugins", youtube)

        def run(*options: str) -> command.Ended:
            return command.run(["download", manifest, "-w", tmp_path / "work", "--list", *options], changes=changes)

        return run

    def test_a_table(self, listed: Any, youtube: Recorded) -> None:
        ended = listed()
        assert (ended.code, ended.complaints) == (0, []), ended
        lines = ended.stdout.splitlines()
        assert re.match(r"wholevideo-\s+offered\s+2 to 2160\s+1\s+0\s+313 \+ 338", lines[1])
        assert "picture: 313 eac 4320x2160 vp9 30 fps: rung 1 '360' (tallest of 2 that fit)" in lines[2]
        assert "sound: 338 ambisonics_quad 4 channels opus" in lines[3]
        assert re.match(r"-otherthing\s+no_spatial_sound\s+1 to 2160\s+0\s+0\s+nothing", lines[4])
        assert "goneforever" in lines[7]
        assert "removed by the uploader" in lines[7]
        assert lines[-1] == "3 videos: 1 offered, 1 no_spatial_sound, 1 gone_removed"
        asked = len(youtube.asked)
        assert listed().stdout == ended.stdout
        assert len(youtube.asked) == asked == 3

    def test_as_json(self, listed: Any) -> None:
        whole, other, gone = json.loads(listed("--json").stdout)["videos"]
        assert (whole["video_id"], whole["state"], whole["reason"]) == (WHOLE, "done", "")
        assert whole["choices"]["picture"]["format_id"] == "313"
        assert whole["choices"]["picture"]["passed_over"] == {"it has fewer lines": ["271"]}
        assert [offer["format_id"] for offer in whole["offers"]] == ["338", "271", "313"]
        assert (other["reason"], other["choices"]["sound"]["format_id"]) == ("no_spatial_sound", None)
        assert (gone["state"], gone["reason"], gone["choices"]) == ("rejected", "gone_removed", {})

    def test_nothing_is_downloaded(self, listed: Any, tmp_path: Path) -> None:
        listed()
        assert list((tmp_path / "work" / "raw").iterdir()) == []

    def test_what_it_finds_gone_is_neither_priced_nor_asked_again(
        self, listed: Any, youtube: Recorded, tmp_path: Path
    ) -> None:
        listed()
        given = [tmp_path / "m.csv", "-w", tmp_path / "work"]
        changes = plugin_environment(tmp_path / "plugins", youtube)
        plan = json.loads(command.run(["rebuild", *given, "--plan", "--json"], changes=changes).stdout)
        assert (plan["videos_to_fetch"], plan["rows_to_segment"]) == (2, 2)
        youtube.answers[WHOLE] = youtube.answers["-otherthing"] = video()
        youtube.asked.clear()
        words = ["download", *given, "--source", "youtube", "--json"]  # the default, by its name
        (stage,) = json.loads(command.run(words, changes=changes).stdout)["stages"]
        assert sorted(youtube.asked) == ["-otherthing", WHOLE]
        assert (stage["rejected_reasons"], stage["taken_up"]) == ({"gone_removed": 1}, 3)
        youtube.asked.clear()
        command.run([*words, "--retry", "gone_removed"], changes=changes)
        assert youtube.asked == ["goneforever"]

    def test_what_it_finds_gone_is_asked_for_when_told(self, listed: Any, youtube: Recorded, tmp_path: Path) -> None:
        listed()
        youtube.asked.clear()
        words = ["download", tmp_path / "m.csv", "-w", tmp_path / "work", "--retry", "gone_removed"]
        command.run(words, changes=plugin_environment(tmp_path / "plugins", youtube))
        assert "goneforever" in youtube.asked

    def test_what_a_newer_one_finds_again_is_asked_for(self, listed: Any, youtube: Recorded, tmp_path: Path) -> None:
        """The older one's word stands in the ledger as the download's own."""
        listed()
        words = ["download", tmp_path / "m.csv", "-w", tmp_path / "work"]
        changes = plugin_environment(tmp_path / "plugins", youtube)
        youtube.answers[WHOLE] = youtube.answers["-otherthing"] = video()
        command.run(words, changes=changes)
        assert "gone_removed" in command.run(["status", "-w", tmp_path / "work", "--problems"]).stdout
        youtube.answers["goneforever"] = video(sphere(), stereo())
        listed("--refresh")
        youtube.asked.clear()
        command.run(words, changes=changes)
        assert youtube.asked == ["goneforever"]

    def test_what_may_heal_ends_with_3(self, listed: Any, youtube: Recorded, tmp_path: Path) -> None:
        youtube.answers["goneforever"] = 503
        config = tmp_path / "a.toml"
        config.write_text("[download]\nattempts = 1\n", encoding="utf-8")
        assert listed("--config", str(config)).code == 3

    def test_a_refresh_without_a_list_is_refused(self, tmp_path: Path) -> None:
        ended = command.run(["download", "m.csv", "-w", tmp_path / "work", "--refresh"])
        assert (ended.code, "--refresh goes with --list" in ended.stderr) == (2, True)
