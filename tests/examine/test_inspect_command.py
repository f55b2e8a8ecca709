"""`yt360 inspect`: files outside any workspace, each with a verdict; one bad file stops nothing."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from worlds import command


def fuma(folder: Path, video_id: str) -> None:
    """Rewrite a video's AmbiX as classic B-format: W, X, Y, Z, with W 3 dB down."""
    path = folder / f"{video_id}.audio.wav"
    ambix, rate_hz = soundfile.read(path, dtype="float32")
    w, y, z, x = ambix.T
    soundfile.write(path, np.stack([w / np.sqrt(2), x, y, z], axis=1), rate_hz, subtype="PCM_16")


def still(folder: Path, video_id: str, seconds: float = 6.0) -> None:
    """Rewrite a video's picture as its first frame, all along."""
    from worlds import dot

    moving, path = folder / "moving.mp4", folder / f"{video_id}.video.mp4"
    path.rename(moving)
    held = f"select=eq(n\\,0),loop=loop={round(seconds * 8) - 1}:size=1,setpts=N/8/TB"
    dot.run_ffmpeg(["-i", f"file:{moving}", "-vf", held, "-r", "8", "-c:v", "libx264", f"file:{path}"])
    moving.unlink()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    media = tmp_path_factory.mktemp("media")
    for seed, video_id in enumerate(("good", "classic", "-still")):
        command.write_media(media, video_id, seed=seed)
    fuma(media, "classic")
    still(media, "-still")
    (media / "text.mp4").write_text("no film at all", encoding="utf-8")
    (media / "notes.txt").write_text("not looked at", encoding="utf-8")
    return media


def inspected(*words: object) -> command.Ended:
    return command.run(["inspect", *words])


@pytest.fixture(scope="module")
def found(folder: Path) -> dict[str, dict[str, object]]:
    ended = inspected(folder, "--json")
    assert (ended.code, ended.complaints) == (0, []), ended
    return {one["name"]: one for one in json.loads(ended.stdout)}


class TestAFolder:
    def test_each_video_is_there_once(self, found: dict[str, dict[str, object]]) -> None:
        assert set(found) == {"good", "classic", "-still", "text.mp4"}

    @pytest.mark.parametrize(
        ("name", "verdict", "code"),
        [("good", "accept", ""), ("classic", "fix", "fuma"), ("-still", "reject", "still"),
         ("text.mp4", "reject", "unreadable_video")],
    )  # fmt: skip
    def test_verdicts(self, found: dict[str, dict[str, object]], name: str, verdict: str, code: str) -> None:
        findings = [finding["code"] for finding in found[name]["findings"]]  # type: ignore[index,attr-defined]
        assert (found[name]["verdict"], findings[:1]) == (verdict, [code] if code else []), found[name]

    def test_a_fix_is_in_numbers(self, found: dict[str, dict[str, object]]) -> None:
        classic = found["classic"]
        assert classic["channel_map"] == [0, 2, 3, 1]
        assert classic["channel_gains"] == pytest.approx([np.sqrt(2), 1, 1, 1], abs=1e-6)

    def test_what_else_the_files_say(self, found: dict[str, dict[str, object]]) -> None:
        picture, sound = found["good"]["picture_details"], found["good"]["sound_details"]
        assert (picture["frames"], picture["colours"]["pixel_format"]) == (48, "yuv420p")  # type: ignore[index]
        assert picture["clock"]["last_packet_end_s"] == pytest.approx(6.0)  # type: ignore[index]
        assert (sound["clock"]["tick"], sound["bits"]) == ("1/16000", 16)  # type: ignore[index]


def test_words_for_a_person(folder: Path) -> None:
    ended = inspected(folder / "good.video.mp4")
    assert ended.stdout.startswith("good: accept\n"), ended  # the sound beside it belongs to it
    assert "er mono (by content)" in ended.stdout
    assert "pcm_s16le, 4 channels, 16 kHz" in ended.stdout
    assert "picture: 48 frames of yuv420p, clock of 1/16384 s, ends at 6 s by its header and 6 s" in ended.stdout
    assert re.search(r"sound may be ambix \d+ %", ended.stdout)


def test_sheets_and_their_page(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "looked at"
    ended = inspected(folder, "--sheets", out)
    assert ended.code == 0, ended
    page = (out / "index.html").read_text(encoding="utf-8")
    assert [page.count(f'data-verdict="{word}"') for word in ("reject", "fix", "accept")] == [2, 1, 1]
    assert page.index('data-verdict="reject"') < page.index('data-verdict="fix"') < page.index('data-verdict="accept"')
    pictures = sorted((out / "sheets").iterdir())
    assert [path.read_bytes()[:4] for path in pictures] == [b"\x89PNG"] * 4


def test_a_users_mind(folder: Path) -> None:
    files = (folder / "-still.video.mp4", folder / "good.video.mp4")
    ended = inspected(*files, "--json", "--tolerate", "still")
    assert [one["verdict"] for one in json.loads(ended.stdout)] == ["accept", "accept"], ended
    assert inspected(files[1], "--strict").code == 0
    assert inspected(files[0], "--strict").code == 3


def test_a_sound_of_its_own(folder: Path) -> None:
    ended = inspected(folder / "good.video.mp4", "--sound", folder / "classic.audio.wav", "--json")
    assert json.loads(ended.stdout)[0]["verdict"] == "fix", ended


def test_what_is_declared_comes_first(folder: Path, tmp_path: Path) -> None:
    config = tmp_path / "sure.toml"
    config.write_text("[picture]\nlayout_certain_from = 0.9\n", encoding="utf-8")
    declared = ("--channel-map", "0,1,2,3", "--projection", "eac", "--config", config)
    ended = inspected(folder / "classic.video.mp4", *declared, "--json")
    (found,) = json.loads(ended.stdout)
    assert found["channel_map"] == [0, 1, 2, 3]
    assert (found["layout"]["projection"], found["layout"]["decided_by"]) == ("eac", "manifest")
    assert [one["severity"] for one in found["findings"] if one["code"] == "layout_disagrees"] == ["note"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nowhere.mp4",), "nowhere.mp4 is not there"),
        (("{folder}", "--sound", "x.wav"), "--sound goes with one FILE"),
        (("{folder}/text.mp4", "--tolerate", "stil"), "'stil' is nothing that an examination finds.*'still'"),
        (("{folder}/text.mp4", "--tolerate", "no_sound"), "'no_sound' cannot be tolerated"),
        (("{folder}/text.mp4", "--projection", "ear"), "projection.*'ear'"),
        (("{folder}/text.mp4", "--channel-map", "0,1"), "--channel-map"),
    ],
)
def test_wishes_that_make_no_sense(words: tuple[str, ...], says: str, folder: Path) -> None:
    ended = inspected(*(word.format(folder=folder) for word in words))
    assert (ended.code, bool(re.search(says, ended.stderr))) == (2, True), ended


def test_a_folder_without_media(tmp_path: Path) -> None:
    ended = inspected(tmp_path)
    assert (ended.code, "has no media files" in ended.stderr) == (2, True), ended


@pytest.mark.parametrize(("video_id", "sound"), [("good", "accept"), ("classic", "fix")])
def test_of_sound_alone_the_verdict_on_it_is_told_too(folder: Path, tmp_path: Path, video_id: str, sound: str) -> None:
    alone = tmp_path / "alone.wav"
    alone.write_bytes((folder / f"{video_id}.audio.wav").read_bytes())
    ended = inspected(alone, "--strict")
    assert ended.code == 3
    assert ended.stdout.startswith(f"alone.wav: reject (there is no picture; its sound: {sound})\n")
