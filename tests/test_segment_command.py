"""`yt360 segment` on long films of known truth: what it finds, what it lays down, and how it agrees with lists."""

import csv
import hashlib
import json
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from worlds import command, dot
from worlds.long_films import (
    Film,
    Span,
    drawn_film,
    examined_workspace,
    levelled_film,
    record_examined,
    record_of,
    write_film,
)

from yt360_tools.config import SegmentConfig, as_plain, read_toml
from yt360_tools.errors import EnvironmentMissing
from yt360_tools.media import scene_cuts as scenes
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.materials import marked_spans, read_material
from yt360_tools.records import Outcome

CODECS = ("flac", "opus", "aac", "vorbis")


@dataclass(frozen=True)
class Work:
    """A workspace of films, and the manifest of whole videos that it was made for."""

    manifest: Path
    root: Path
    films: dict[str, Film]

    def segment(self, *options: object, code: int = 0) -> command.Ended:
        ended = command.run(["segment", self.manifest, "-w", self.root, "--workers", "2", *options])
        assert ended.code == code, ended
        return ended

    def asked(self, *options: object, code: int = 0) -> Any:
        return json.loads(self.segment(*options, "--json", code=code).stdout)

    def windows(self) -> list[tuple[str, float, float]]:
        with (self.root / "clips.csv").open() as file:
            rows = [*csv.DictReader(file)]
        return [(row["video_id"], float(row["start_s"]), float(row["end_s"])) for row in rows]

    def fingerprint(self) -> dict[str, str]:
        """Every file of the workspace, by its content."""
        return {
            str(path.relative_to(self.root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and not path.name.endswith(("-shm", "-wal"))
        }


def made(folder: Path, *films: Film) -> Work:
    return Work(examined_workspace(folder / "work", films), folder / "work", {film.video_id: film for film in films})


def write_list(path: Path, windows: list[tuple[str, float, float]], *more: str) -> Path:
    rows = [f"{video_id},{start_s:g},{end_s:g}" for video_id, start_s, end_s in windows]
    path.write_text("\n".join(["video_id,start_s,end_s", *rows, *more]) + "\n", encoding="utf-8")
    return path


# --- What is found


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Work:
    """Films with loud, quiet and silent spans of all lengths, segmented."""
    films = [drawn_film(f"{codec}-film", 80, np.random.default_rng(k), codec=codec) for k, codec in enumerate(CODECS)]
    films += [drawn_film(f"_long{k}", 260, np.random.default_rng(100 + k)) for k in range(6)]
    work = made(tmp_path_factory.mktemp("drawn"), *films)
    work.segment()
    return work


def test_windows_that_sound_are_found_and_none_covers_a_silence(drawn: Work) -> None:
    most = {video_id: film.most_windows() for video_id, film in drawn.films.items()}
    found = drawn.windows()
    print(f"{len(found)} windows of at most {sum(most.values())}")
    assert sum(most.values()) > 100
    assert len(found) >= 0.99 * sum(most.values())
    for video_id, start_s, end_s in found:
        assert end_s - start_s == 10
        assert start_s == int(start_s)
        assert drawn.films[video_id].longest_silence_s((start_s, end_s)) < 1.0
    starts = sorted((video_id, start_s) for video_id, start_s, _ in found)
    assert all(b - a >= 10 for (one, a), (other, b) in pairwise(starts) if one == other)


def test_the_films_have_what_a_careless_rule_would_cover(drawn: Work) -> None:
    """Windows one after the other, wherever their mean is loud enough, cover silences of a second in these films."""
    covering = 0
    for film in drawn.films.values():
        start = 0
        while start + 10 <= film.seconds:
            sounds = film.level_dbfs((start, start + 10)) >= -60
            covering += sounds and film.longest_silence_s((start, start + 10)) >= 1
            start += 10 if sounds else 1
    assert covering > 20


def test_windows_of_a_demo_world_match_its_truth(tmp_path: Path) -> None:
    sizes = ("--videos", "2", "--seconds", "60", "--width", "64", "--fps", "8", "--seed", "5")
    ended = command.run(["demo", tmp_path / "world", *sizes, "--workers", "2"])
    assert ended.code == 0, ended
    truth = json.loads((tmp_path / "world" / "truth.json").read_text())
    root, films, records = tmp_path / "work", {}, []
    for video in truth["videos"]:
        video_id = video["video_id"]
        folder = root / "raw" / video_id
        folder.mkdir(parents=True)
        for key in ("video_file", "audio_file"):
            (folder / video[key]).write_bytes((tmp_path / "world" / "media" / video[key]).read_bytes())
        records.append(record_of(video_id, folder / video["video_file"], folder / video["audio_file"], root))
        spans = [
            Span(part["end_s"] - part["start_s"], -20.0 if part["noise_dbfs"] is not None else None)
            for part in video["arrangements"]
        ]
        films[video_id] = Film(video_id, tuple(spans))
        assert films[video_id].silences_s()
    record_examined(root, records)
    work = Work(tmp_path / "world" / "manifest.csv", root, films)
    for clip_s in (10, 3):
        asked = work if clip_s == 10 else Work(work.manifest, _copied_ledger(work, tmp_path / "other"), films)
        asked.segment("--clip-s", clip_s)
        found = asked.windows()
        most = sum(film.most_windows(clip_s) for film in films.values())
        assert len(found) >= 0.99 * most > 0
        assert all(films[one].longest_silence_s((start_s, end_s)) < 1.0 for one, start_s, end_s in found)


def _copied_ledger(work: Work, root: Path) -> Path:
    """A workspace with the same media, examined alike, and nothing segmented."""
    root.mkdir()
    (root / "raw").symlink_to(work.root / "raw")
    old, new = Ledger(work.root / "ledger.sqlite"), Ledger(root / "ledger.sqlite")
    new.take_in(row for (stage, _), row in old.rows().items() if stage in ("download", "validate"))
    old.close()
    new.close()
    return root


def test_it_is_deterministic_and_says_how_it_was_done(drawn: Work, tmp_path: Path) -> None:
    again = Work(drawn.manifest, _copied_ledger(drawn, tmp_path / "again"), drawn.films)
    again.segment("--workers", "1", "--config", drawn.root / "clips.toml")
    for name in ("clips.csv", "clips.toml"):
        assert (again.root / name).read_bytes() == (drawn.root / name).read_bytes()
    assert read_toml(drawn.root / "clips.toml") == {"segment": as_plain(SegmentConfig())}
    text = (drawn.root / "clips.toml").read_text()
    assert re.search(r"by yt360-tools \d+\.\d+", text)
    assert "most_silent_s seconds or more" in text.replace("\n# ", " ")


# --- Where nothing may be found


def test_short_silent_and_marked_videos_end_in_a_reason(tmp_path: Path) -> None:
    films = [
        Film("short", (Span(9.5, -20),)),
        Film("silent", (Span(30, None),)),
        Film("faint", (Span(30, -70),)),
        Film("broken", (Span(4, -20), Span(2, None)) * 5),
        Film("fine", (Span(40, -20),)),
        Film("frozen", (Span(40, -20),)),
    ]
    work = made(tmp_path, *films)
    ledger = Ledger(work.root / "ledger.sqlite")
    for video_id, marked in {"fine": [5.0, 11.5, "black_spans"], "frozen": [0.0, 40.0, "frozen"]}.items():
        data = {**ledger.entries("validate")[video_id].data, "unusable_spans": [marked]}
        ledger.record([Outcome(video_id, "validate", "done", data=data)])
    ledger.close()
    report = work.asked()
    (stage,) = report["stages"]
    assert stage["rejected_reasons"] == {"too_short": 1, "silent": 3, "no_usable_window": 1}
    assert work.windows() == [("fine", 12, 22), ("fine", 22, 32)]


def test_an_old_ledger_marks_nothing() -> None:
    assert marked_spans({}) == marked_spans({"unusable_spans": None}) == ()
    assert marked_spans({"unusable_spans": [[1, 2.5, "black"]]}) == ((1.0, 2.5, "black"),)


def test_the_level_of_w_has_its_gain(tmp_path: Path) -> None:
    film = Film("v", (Span(12, -30),))
    picture, sound = write_film(film, tmp_path / "raw")
    for gains, channel_map, level in (
        ((1.0, 1.0, 1.0, 1.0), (0, 1, 2, 3), -30.0),
        ((2.0, 1.0, 1.0, 1.0), (0, 1, 2, 3), -30 + 6.02),
        ((1.0, 1.0, 1.0, 1.0), (1, 0, 2, 3), -30 - 7.96),
    ):
        record = record_of("v", picture, sound, tmp_path, channel_gains=gains, channel_map=channel_map)
        material = read_material(record, (), tmp_path, SegmentConfig())
        assert 20 * np.log10(np.sqrt(np.mean(material.levels**2))) == pytest.approx(level, abs=0.1)


# --- Options for life


def test_a_workspace_that_is_older_than_an_option_goes_on_as_it_began(tmp_path: Path) -> None:
    """It knew nothing of silent spans: what it still segments is cut as the rest was, and it says so."""
    work = made(tmp_path, Film("v", (Span(14, -20), Span(2, None), Span(14, -20))))
    ledger = Ledger(work.root / "ledger.sqlite")
    ledger.remember_options({"segment": {"clip_s": 10.0, "min_level_dbfs": -60.0, "max_clips_per_video": 0}})
    ledger.close()
    rule = tmp_path / "rule.toml"
    rule.write_text("[segment]\nmost_silent_s = 1.0\n")
    refused = work.segment("--config", rule, code=2)
    assert "segment.most_silent_s = 0.0, and 1.0 is asked" in refused.stderr
    work.segment()
    assert [start_s for _, start_s, _ in work.windows()] == [0, 10, 20]
    assert read_toml(work.root / "clips.toml")["segment"]["most_silent_s"] == 0.0


def test_options_stay_for_life(drawn: Work) -> None:
    refused = drawn.segment("--min-level-dbfs", "-40", code=2)
    assert "segment.min_level_dbfs = -60.0, and -40.0 is asked" in refused.stderr


# --- Lists


@pytest.fixture(scope="module")
def levelled(tmp_path_factory: pytest.TempPathFactory) -> Work:
    """Films of many levels, from -55 to -15 dBFS, none silent."""
    rng = np.random.default_rng(11)
    films = [
        levelled_film(f"level{k}", rng.uniform(-55, -15, 26).tolist(), 11.3, "opus" if k == 0 else "flac")
        for k in range(6)
    ]
    return made(tmp_path_factory.mktemp("levelled"), *films)


def listed_by(films: dict[str, Film], threshold_dbfs: float) -> list[tuple[str, float, float]]:
    """Windows one after the other where the drawn level reaches a threshold."""
    found = []
    for film in films.values():
        start = 0
        while start + 10 <= film.seconds:
            sounds = film.level_dbfs((start, start + 10)) >= threshold_dbfs
            found += [(film.video_id, float(start), start + 10.0)] if sounds else []
            start += 10 if sounds else 1
    return found


@pytest.mark.parametrize("threshold_dbfs", [-44.6, -33.3])
def test_fit_recovers_the_threshold_of_a_list(threshold_dbfs: float, levelled: Work, tmp_path: Path) -> None:
    path = write_list(tmp_path / "list.csv", listed_by(levelled.films, threshold_dbfs))
    before = levelled.fingerprint()
    fit = levelled.asked("--fit", path)
    assert fit["best"]["option"] == "segment.min_level_dbfs"
    assert abs(fit["best"]["value"] - threshold_dbfs) <= 1.0
    assert fit["fits"]["min_level_dbfs"]["agreement"]["f1"] > 0.9
    compared = levelled.asked("--compare", path, "--min-level-dbfs", fit["best"]["value"])
    assert compared["total"] == fit["fits"]["min_level_dbfs"]["agreement"]
    assert compared["options"]["segment"]["min_level_dbfs"] == fit["best"]["value"]
    assert levelled.fingerprint() == before


def test_fit_in_words_and_as_a_figure(levelled: Work, tmp_path: Path) -> None:
    path = write_list(tmp_path / "list.csv", listed_by(levelled.films, -40.0))
    ended = levelled.segment("--fit", path, "--plot", tmp_path / "fit.png")
    assert re.search(r"^\s+-[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+  best$", ended.stdout, re.MULTILINE)
    said = re.search(r"^\[segment\]\nmin_level_dbfs = (-\d+\.?\d*)$", ended.stdout, re.MULTILINE)
    assert said
    assert abs(float(said[1]) + 40.0) <= 1.0
    assert (tmp_path / "fit.png").read_bytes()[:4] == b"\x89PNG"


def test_compare_counts_by_video_and_in_all(drawn: Work, tmp_path: Path) -> None:
    """The found windows with one left out, one moved by less and one by more than the tolerance, and one too many."""
    found = [window for window in drawn.windows() if window[0] in ("_long0", "_long1")]
    first = [window for window in found if window[0] == "_long0"]
    assert len(first) > 4
    listed = [window for window in found if window != first[0]]
    listed[listed.index(first[1])] = ("_long0", first[1][1] + 0.9, first[1][2] + 0.9)
    listed[listed.index(first[2])] = ("_long0", first[2][1] - 1.6, first[2][2] - 1.6)
    path = write_list(tmp_path / "list.csv", [*listed, ("elsewhere", 3, 13)], "_long0,7,x", "_long1,,")
    before = drawn.fingerprint()
    ended = drawn.segment("--compare", path, "--json")
    compared = json.loads(ended.stdout)
    assert drawn.fingerprint() == before
    one, other = compared["videos"]
    assert [one["video_id"], other["video_id"]] == ["_long0", "_long1"]
    assert (one["listed"], one["found"], one["matched"]) == (len(first) - 1, len(first), len(first) - 2)
    assert (one["missed_s"], one["extra_s"]) == ([first[2][1] - 1.6], [first[0][1], first[2][1]])
    assert (other["missed"], other["extra"], other["f1"]) == (0, 0, 1.0)
    total = compared["total"]
    assert (total["listed"], total["found"], total["matched"]) == (len(found) - 1, len(found), len(found) - 2)
    assert total["recall"] == pytest.approx((len(found) - 2) / (len(found) - 1))
    assert one["common_s"] == pytest.approx(10 * (len(first) - 1) - 0.9 - 1.6, abs=1e-6)
    assert compared["unexamined"] == ["elsewhere"]
    assert sorted(compared["unlisted"]) == sorted(set(drawn.films) - {"_long0", "_long1"})
    (bad,) = [line for line in ended.stderr.splitlines() if line.startswith("rejected")]
    assert f"list.csv line {len(listed) + 3}: " in bad
    assert "1 rows of the list have no times" in ended.stderr
    wide = drawn.asked("--compare", path, "--tolerance", "2")
    assert wide["total"]["matched"] == len(found) - 1


def test_compare_in_words(drawn: Work, tmp_path: Path) -> None:
    path = write_list(tmp_path / "list.csv", drawn.windows())
    lines = drawn.segment("--compare", path).stdout.splitlines()
    assert lines[0].split() == [
        "video",
        "listed",
        "found",
        "matched",
        "missed",
        "extra",
        "F1",
        "covered",
        "of",
        "listed",
    ]
    assert {line.split()[0] for line in lines[1:-3]} == {video_id for video_id, _, _ in drawn.windows()}
    count = len(drawn.windows())
    assert lines[-3].split()[:6] == ["total", str(count), str(count), str(count), "0", "0"]
    assert lines[-1] == "precision 1.000, recall 1.000, F1 1.000, when starts may be 1 s apart"


def test_a_published_list_is_taken_as_it_is(tmp_path: Path) -> None:
    """YouTube's ids have 11 characters, and may begin with a dash."""
    film = Film("-bcdefghijk", (Span(45, -20),))
    work = made(tmp_path, film)
    (tmp_path / "segments.txt").write_text("-bcdefghijk 0,10,21,x\nabcdefghijk 5\n")
    compared = work.asked("--compare", tmp_path / "segments.txt")
    (one,) = compared["videos"]
    assert (one["listed"], one["found"], one["matched"]) == (3, 4, 3)
    assert compared["faults"] == ["segments.txt line 1: start 'x' is no number of seconds"]
    assert compared["unexamined"] == ["abcdefghijk"]


def test_a_bad_video_stops_nothing(tmp_path: Path) -> None:
    films = [Film(name, (Span(25, -20),)) for name in ("good", "cut", "gone", "empty")] + [
        Film("short", (Span(5, -20),))
    ]
    work = made(tmp_path, *films)
    sounds = {name: work.root / "raw" / name / f"{name}.audio.flac" for name in work.films}
    sounds["cut"].write_bytes(b"fLaC" + bytes(5000))
    sounds["empty"].write_bytes(b"")
    sounds["gone"].unlink()
    path = write_list(tmp_path / "list.csv", [(name, 0.0, 10.0) for name in work.films])
    for asked in ("--compare", "--fit"):
        ended = work.segment(asked, path, "--json", code=3)
        answer = json.loads(ended.stdout)
        assert {one["video_id"]: one["reason"] for one in answer["left_out"]} == {
            "cut": "unreadable_sound", "gone": "missing_media", "empty": "empty_file",
        }  # fmt: skip
        assert ended.stderr.count("left out  ") == 3
    compared = json.loads(work.segment("--compare", path, "--json", code=3).stdout)
    assert {one["video_id"]: (one["listed"], one["found"], one["matched"]) for one in compared["videos"]} == {
        "good": (1, 2, 1), "short": (1, 0, 0),
    }  # fmt: skip


def test_wrong_use(drawn: Work, tmp_path: Path) -> None:
    path = write_list(tmp_path / "list.csv", drawn.windows())
    strange = write_list(tmp_path / "strange.csv", [("nobody", 0, 10)])
    before = drawn.fingerprint()
    for options, says in (
        (("--compare", path, "--fit", path), "--compare or --fit, not both"),
        (("--compare", path, "--tolerance", "0"), "--tolerance 0: must be greater than 0"),
        (("--fit", path, "--tolerance", "-1"), "--tolerance -1: must be greater than 0"),
        (("--fit", path, "--tolerance", "nan"), "--tolerance nan: must be greater than 0"),
        (("--tolerance", "1"), "--tolerance goes with --compare or --fit"),
        (("--compare", path, "--plot", "x.png"), "--plot goes with --fit"),
        (("--compare", path, "--retry-rejected"), "--retry-rejected goes with a run"),
        (("--compare", tmp_path / "none.csv"), "none.csv is not there"),
        (("--compare", strange), "'nobody'; 0 of them are in .*nothing to compare"),
        (("--fit", strange), "'nobody'; 0 of them are in .*nothing to compare"),
    ):
        ended = drawn.segment(*options, code=2)
        assert re.search(says, ended.stderr), ended
        assert not ended.stdout
    assert drawn.fingerprint() == before


def test_a_list_of_videos_that_are_not_examined_yet(drawn: Work, tmp_path: Path) -> None:
    manifest = write_list(tmp_path / "more.csv", [("later", 0.0, 10.0)], "flac-film,,")
    work = Work(manifest, drawn.root, drawn.films)
    path = write_list(tmp_path / "list.csv", [("later", 0.0, 10.0)])
    assert "1 of them are in" in (said := work.segment("--compare", path, code=2).stderr)
    assert "not one of these among the 1 examined ones: 'yt360 validate'" in said


def test_a_folder_that_is_no_workspace(drawn: Work, tmp_path: Path) -> None:
    path = write_list(tmp_path / "list.csv", drawn.windows())
    ended = command.run(["segment", drawn.manifest, "-w", tmp_path / "nowhere", "--compare", path])
    assert ended.code == 2, ended
    assert "is no workspace" in ended.stderr
    assert not (tmp_path / "nowhere").exists()


# --- Cuts


CUTS_S = (7.25, 13.5)


def cut_film(path: Path, offset_s: float = 0.0) -> Path:
    """A picture of 26 s that cuts at CUTS_S, drawn by ffmpeg's test sources."""
    parts = (
        "testsrc2=s=128x64:r=8:d=7.25[a];mandelbrot=s=128x64:r=8,trim=duration=6.25,setpts=PTS-STARTPTS[b];"
        "color=c=teal:s=128x64:r=8:d=12.5,noise=alls=20[c];[a][b][c]concat=n=3:v=1"
    )
    encoder = ("-c:v", "libx264", "-preset", "ultrafast", "-threads", "1", "-pix_fmt", "yuv420p")
    dot.run_ffmpeg(["-filter_complex", parts, *encoder, f"file:{path}"])
    if not offset_s:
        return path
    later = path.with_name(f"later-{path.name}")
    dot.run_ffmpeg(["-itsoffset", str(offset_s), "-i", path, "-c", "copy", later])
    return later


def test_no_window_reaches_over_a_cut(tmp_path: Path) -> None:
    pytest.importorskip("scenedetect")
    film = Film("cut", (Span(26, -20),))
    work = made(tmp_path, film)
    cut_film(work.root / "raw" / "cut" / "cut.video.mp4")
    work.segment("--scene-cuts")
    assert [start_s for _, start_s, _ in work.windows()] == [14]
    assert read_toml(work.root / "clips.toml")["segment"]["scene_cuts"] is True


@pytest.mark.parametrize("offset_s", [0.0, 1.5])
def test_cuts_are_on_the_sources_clock(offset_s: float, tmp_path: Path) -> None:
    pytest.importorskip("scenedetect")
    found = scenes.scene_cuts(cut_film(tmp_path / "cut.mp4", offset_s))
    assert found == pytest.approx([cut_s + offset_s for cut_s in CUTS_S], abs=0.002)
    assert scenes.scene_cuts(tmp_path / "cut.mp4", 250.0) == ()


def test_cuts_need_an_extra_that_the_error_names(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("scenedetect", "scenedetect.detectors"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    with pytest.raises(EnvironmentMissing, match=r"pip install 'yt360-tools\[scenes\]'"):
        scenes.check_scene_detector()
