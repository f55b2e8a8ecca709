"""`yt360 download` from YouTube as a user runs it: yt-dlp's own extractor and downloader, media that decode."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from worlds import command, small_media
from worlds.recorded_youtube import TOKEN, Recorded, plugin_environment, quad, refusal, serving, sphere, stereo, video

FILMS = ("firstvideo-", "-secondfilm")


@pytest.fixture
def youtube() -> Iterator[Recorded]:
    with serving() as recorded:
        for name in FILMS:
            recorded.files |= {f"{name}.p": small_media.picture(name), f"{name}.s": small_media.sound(name)}
            picture, sound = (f"{recorded.address}/{name}.{kind}?sig=s1gnature" for kind in "ps")
            recorded.answers[name] = video(sphere(313, url=picture), stereo(251), quad(338, url=sound), seconds=1)
        recorded.answers["leftprivate"] = refusal("Private video")
        recorded.answers["stereo-only"] = video(sphere(), stereo())
        yield recorded


@pytest.fixture
def yt360(youtube: Recorded, tmp_path: Path) -> Any:
    rows = [f"{video_id},{video_id},,,train" for video_id in (*FILMS, "leftprivate", "stereo-only")]
    manifest = command.write_rows(tmp_path / "m.csv", *rows)
    config = tmp_path / "a.toml"
    config.write_text("[download]\nattempts = 1\nmin_free_gb = 0.0\n", encoding="utf-8")
    changes = plugin_environment(tmp_path / "plugins", youtube)

    def run(name: str, *options: object) -> command.Ended:
        given = ["--config", config] if name == "download" else []
        return command.run([name, manifest, "-w", tmp_path / "work", *given, *options], changes=changes)

    return run


def test_each_video_ends_in_its_reason_and_nothing_is_asked_twice(
    yt360: Any, youtube: Recorded, tmp_path: Path
) -> None:
    ended = yt360("download", "--json")
    (stage,) = json.loads(ended.stdout)["stages"]
    assert (ended.code, stage["done"]) == (3, 2), ended
    assert stage["rejected_reasons"] == {"gone_private": 1}
    assert stage["failed_reasons"] == {"no_spatial_sound": 1}
    for name in FILMS:
        folder = tmp_path / "work" / "raw" / name
        assert (folder / f"{name}.video.webm").read_bytes() == youtube.files[f"{name}.p"]
        assert (folder / f"{name}.audio.webm").read_bytes() == youtube.files[f"{name}.s"]
    assert sorted(youtube.asked) == sorted([*FILMS, "leftprivate", "stereo-only"])
    yt360("download")
    assert len(youtube.asked) == 4


def test_a_listing_and_a_download_choose_alike(yt360: Any, tmp_path: Path) -> None:
    listed = {found["video_id"]: found for found in json.loads(yt360("download", "--list", "--json").stdout)["videos"]}
    yt360("download")
    for name in FILMS:
        noted = json.loads((tmp_path / "work" / "raw" / name / f"{name}.info.json").read_text(encoding="utf-8"))
        whys = {entry["track"]: (entry["format_id"], entry["why"], entry["passed_over"]) for entry in noted["formats"]}
        choices = listed[name]["choices"]
        for track, kind in (("video", "picture"), ("audio", "sound")):
            assert whys[track] == tuple(choices[kind][key] for key in ("format_id", "why", "passed_over"))


def test_survival_from_a_listing_then_from_downloads(yt360: Any) -> None:
    early = yt360("survival", "--json")
    assert (early.code, early.stdout) == (2, "")
    assert "no workspace" in early.stderr
    yt360("download", "--list")
    listed = json.loads(yt360("survival", "--json").stdout)["total"]
    assert listed["reasons"] == {"offered": 2, "gone_private": 1, "no_spatial_sound": 1}
    yt360("download")
    fetched = json.loads(yt360("survival", "--json").stdout)
    assert fetched["total"]["reasons"] == {"fetched": 2, "gone_private": 1, "no_spatial_sound": 1}
    assert fetched["years"]["2019"]["reasons"] == {"fetched": 2, "no_spatial_sound": 1}


def test_no_secret_reaches_the_workspace_nor_a_shard(youtube: Recorded, tmp_path: Path) -> None:
    """From YouTube to shards, with every secret that can be configured, and those that YouTube hands out."""
    command.write_media(tmp_path / "media", "x", 3.0)
    for kind, name in (("p", "x.video.mp4"), ("s", "x.audio.wav")):
        youtube.files[f"{FILMS[0]}.{kind}"] = (tmp_path / "media" / name).read_bytes()
    youtube.answers[FILMS[0]]["videoDetails"]["lengthSeconds"] = "3"
    cookies = tmp_path / "jar of s3cret"
    cookies.write_text("# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tsid\ts3crets1d\n", encoding="utf-8")
    config = tmp_path / "a.toml"
    arguments = 'extractor_args = ["youtube:po_token=web.gvs+s3crett0ken"]'
    config.write_text(
        f'[download]\nattempts = 1\nmin_free_gb = 0.0\ncookies_file = "{cookies}"\n{arguments}\n', encoding="utf-8"
    )
    manifest = command.write_rows(tmp_path / "m.csv", f"{FILMS[0]},{FILMS[0]},,,train")
    work = tmp_path / "work"
    ended = command.run(
        ["-v", "rebuild", manifest, "-w", work, "--config", config, *command.SMALL],
        changes=plugin_environment(tmp_path / "plugins", youtube),
    )
    assert ended.code == 0, ended
    assert list((work / "shards").glob("*.h5"))
    kept = b"".join(path.read_bytes() for path in work.rglob("*") if path.is_file())
    for word in ("s3cret", "s1gnature", TOKEN, "203.0.113.9", "A. Person", youtube.address):
        assert word not in str(ended)
        assert word.encode() not in kept
