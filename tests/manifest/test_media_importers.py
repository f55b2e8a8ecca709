"""Folders of media as manifests: rows that name their files, so that a rebuild finds them."""

from pathlib import Path

import pytest
from worlds import command

from yt360_tools.manifest import read_manifest, write_manifest
from yt360_tools.manifest.importers import Imported, Lists, importer_named
from yt360_tools.pipeline.declared_media import named_media
from yt360_tools.sources.local import LocalSource


def touch(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"media")
    return root


def told(found: Imported) -> list[tuple[str, str]]:
    return [(fault.file, fault.reason) for fault in found.faults]


def check_a_source_finds_them(found: Imported, root: Path, tmp_path: Path) -> None:
    """Every row's files, through a written manifest, as `yt360 rebuild --media` looks for them."""
    write_manifest(tmp_path / "clips.csv", found.rows)
    manifest = read_manifest(tmp_path / "clips.csv")
    assert (len(manifest.rows), manifest.faults) == (len(found.rows), ())
    source = LocalSource(root, named_media(manifest))
    for row in manifest.rows:
        wanted = [row.extra[name] for name in ("media", "video_media", "audio_media") if row.extra.get(name)]
        assert [path.relative_to(root.resolve()).as_posix() for path in source.tracks(row.video_id)] == wanted


class TestFolder:
    def read(self, root: Path, *, splits_are_folders: bool = False) -> Imported:
        return importer_named("folder")(Lists(root, splits_are_folders=splits_are_folders))

    def test_a_row_a_video_with_its_files(self, tmp_path: Path) -> None:
        root = touch(
            tmp_path / "media",
            "muxed.mp4", "two.video.webm", "two.audio.webm", "beside.MKV", "beside.wav", "deep/down/far.mov",
            "-dash.mp4", "dots.in.name.mp4",
        )  # fmt: skip
        found = self.read(root)
        assert {row.video_id: row.extra for row in found.rows} == {
            "-dash": {"media": "-dash.mp4"},
            "beside": {"video_media": "beside.MKV", "audio_media": "beside.wav"},
            "dots.in.name": {"media": "dots.in.name.mp4"},
            "far": {"media": "deep/down/far.mov"},
            "muxed": {"media": "muxed.mp4"},
            "two": {"video_media": "two.video.webm", "audio_media": "two.audio.webm"},
        }
        assert all(row.is_whole_video and row.split == "all" and row.clip_id == row.video_id for row in found.rows)
        assert (found.faults, found.remarks) == ((), ())
        check_a_source_finds_them(found, root, tmp_path)

    def test_folders_can_be_splits(self, tmp_path: Path) -> None:
        root = touch(tmp_path / "media", "train/a.mp4", "test/deep/b.mp4", "loose.mp4")
        found = self.read(root, splits_are_folders=True)
        assert {row.video_id: row.split for row in found.rows} == {"a": "train", "b": "test", "loose": "none"}
        assert found.remarks == ("1 videos lie in no sub-folder, such as loose: split 'none'",)

    def test_names_that_are_no_ids_are_mended_and_told(self, tmp_path: Path) -> None:
        root = touch(tmp_path / "media", "Concert 2023 (final).mp4", "Ümläut.mp4")
        found = self.read(root)
        assert [row.video_id for row in found.rows] == ["Concert_2023_final_", "_ml_ut"]
        assert "Concert 2023 (final).mp4 gets the id Concert_2023_final_" in found.remarks
        check_a_source_finds_them(found, root, tmp_path)

    @pytest.mark.parametrize(
        ("names", "fault", "rows"),
        [
            (["alone.wav"], ("alone.wav", "no_picture"), 0),
            (["a.mp4", "a.webm"], ("a.mp4", "ambiguous"), 0),
            (["a.mp4", "a.wav", "a.flac"], ("a.flac", "ambiguous"), 0),
            (["a b.mp4", "a(b.mp4"], ("a(b.mp4", "duplicate"), 1),
            (["x/a.mp4", "y/a.mp4"], ("y/a.mp4", "duplicate"), 1),
            (["new\nline.mp4"], ("new\\nline.mp4", "bad_name"), 0),
            (["back\\slash.mp4"], ("back\\\\slash.mp4", "bad_name"), 0),
            ([f"{'x' * 200}.mp4"], (f"{'x' * 200}.mp4", "bad_id"), 0),
        ],
    )
    def test_what_cannot_be_a_row_is_told(
        self, names: list[str], fault: tuple[str, str], rows: int, tmp_path: Path
    ) -> None:
        found = self.read(touch(tmp_path, "good.mp4", *names))
        assert told(found) == [fault]
        assert len(found.rows) == 1 + rows

    def test_a_split_that_is_no_name_is_told(self, tmp_path: Path) -> None:
        found = self.read(touch(tmp_path, "my split/a.mp4", "train/b.mp4"), splits_are_folders=True)
        assert told(found) == [("my split/a.mp4", "bad_id")]
        assert [row.split for row in found.rows] == ["train"]

    def test_what_is_no_media_is_counted_and_hidden_files_are_not_seen(self, tmp_path: Path) -> None:
        found = self.read(touch(tmp_path, "a.mp4", "a.info.json", "notes.txt", ".b.mp4", ".git/c.mp4"))
        assert [row.video_id for row in found.rows] == ["a"]
        assert found.remarks == ("2 files are no media, such as a.info.json",)

    def test_an_empty_folder_is_told(self, tmp_path: Path) -> None:
        assert [reason for _, reason in told(self.read(tmp_path))] == ["empty"]

    def test_the_command(self, tmp_path: Path) -> None:
        root = touch(tmp_path / "media", "train/a.mp4", "test/b.mp4", "test/b.wav", "test/c.wav")
        arguments = ["manifest", "import", "folder", "--from", root, "--out", tmp_path / "c.csv", "--split-folders"]
        ended = command.run(arguments)
        assert ended.code == 2
        assert "test/c.wav: is a sound without a picture" in ended.stderr
        ended = command.run([*arguments, "--salvage"])
        assert ended.code == 0
        assert (tmp_path / "c.csv").read_text(encoding="utf-8").splitlines() == [
            "clip_id,video_id,start_s,end_s,split,media,video_media,audio_media",
            "a,a,,,train,train/a.mp4,,",
            "b,b,,,test,,test/b.mp4,test/b.wav",
        ]


class TestStarss23:
    def read(self, root: Path) -> Imported:
        return importer_named("starss23")(Lists(root))

    RECORDINGS = (
        "dev-train-sony/fold3_room21_mix013", "dev-train-tau/fold3_room4_mix001", "dev-test-sony/fold4_room23_mix001",
        "dev-test-tau/fold4_room2_mix001",
    )  # fmt: skip

    def recordings(self, root: Path) -> Path:
        for name in self.RECORDINGS:
            touch(
                root, f"foa_dev/{name}.wav", f"video_dev/{name}.mp4", f"metadata_dev/{name}.csv", f"mic_dev/{name}.wav"
            )
        return touch(root, "foa_dev/dev-train-sony/fold3_room21_mix001.wav", "README.md")

    def test_a_row_a_recording_with_picture_and_sound(self, tmp_path: Path) -> None:
        root = self.recordings(tmp_path / "starss")
        found = self.read(root)
        assert [(row.video_id, row.split, row.extra["site"]) for row in found.rows] == [
            ("fold3_room21_mix013", "train", "sony"),
            ("fold3_room4_mix001", "train", "tau"),
            ("fold4_room23_mix001", "test", "sony"),
            ("fold4_room2_mix001", "test", "tau"),
        ]
        assert found.rows[0].extra == {
            "site": "sony",
            "projection": "er",
            "stereo": "mono",
            "video_media": "video_dev/dev-train-sony/fold3_room21_mix013.mp4",
            "audio_media": "foa_dev/dev-train-sony/fold3_room21_mix013.wav",
            "metadata": "metadata_dev/dev-train-sony/fold3_room21_mix013.csv",
        }
        assert found.faults == ()
        (remark,) = found.remarks
        assert remark.startswith("1 recordings have no picture and are left out, such as foa_dev/dev-train-sony/fold3_")
        check_a_source_finds_them(found, root, tmp_path)

    def test_the_evaluation_set_is_a_split_of_its_own(self, tmp_path: Path) -> None:
        found = self.read(touch(tmp_path, "foa_eval/mix001.wav", "video_eval/mix001.mp4"))
        assert [(row.video_id, row.split, row.extra["metadata"]) for row in found.rows] == [("mix001", "eval", "")]

    def test_an_unknown_part_is_told(self, tmp_path: Path) -> None:
        found = self.read(touch(self.recordings(tmp_path), "foa_dev/dev-valid-sony/fold5_room1_mix001.wav"))
        assert told(found) == [("foa_dev/dev-valid-sony", "unknown_split")]
        assert len(found.rows) == 4

    def test_a_picture_without_sound_is_told(self, tmp_path: Path) -> None:
        found = self.read(touch(self.recordings(tmp_path), "video_dev/dev-test-tau/fold4_room8_mix001.mp4"))
        assert told(found) == [("video_dev/dev-test-tau/fold4_room8_mix001.mp4", "no_sound")]

    def test_another_folder_is_told(self, tmp_path: Path) -> None:
        (fault,) = self.read(touch(tmp_path, "a.mp4")).faults
        assert (fault.file, fault.reason) == ("foa_dev", "missing")
        assert "unpack foa_dev.zip" in fault.message
