"""Configuration: what may be said, in which file or layer, and how the rest is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from yt360_tools.config import BuildConfig, Config, as_plain, check_overrides, merge, read_toml, resolve
from yt360_tools.errors import UsageError


def toml(folder: Path, text: str) -> Path:
    path = folder / "yt360.toml"
    path.write_text(text, encoding="utf-8")
    return path


def checked(section: str, **values: Any) -> dict[str, Any]:
    return check_overrides({section: values}, where="here")[section]


class TestDefaults:
    def test_stand_where_nothing_is_said(self) -> None:
        assert resolve({}) == Config()

    def test_of_a_clip_and_a_shard(self) -> None:
        config = Config()
        assert (config.segment.clip_s, config.build.layout, config.build.fps) == (10.0, "panorama", 16.0)
        assert (config.build.sample_rate, config.build.eac_border_px, config.build.beam) == (24000, 2.0, "cardioid")

    def test_pass_their_own_checks(self) -> None:
        plain = {name: as_plain(getattr(Config(), name)) for name in ("download", "validate", "segment", "build")}
        assert resolve(check_overrides(plain, where="defaults")) == Config()


class TestFile:
    def test_values_replace_defaults_one_by_one(self, tmp_path: Path) -> None:
        text = '[download]\nplayer_clients = ["tv", "web"]\n[build]\nlayout = "cube"\nfps = 8\nsize = 112\n'
        config = resolve(read_toml(toml(tmp_path, text)))
        assert config.download.player_clients == ("tv", "web")
        assert config.build == BuildConfig(layout="cube", fps=8.0, size="112")
        assert config.segment == Config().segment

    def test_an_empty_file_says_nothing(self, tmp_path: Path) -> None:
        assert read_toml(toml(tmp_path, "")) == {}

    def test_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"missing\.toml cannot be read"):
            read_toml(tmp_path / "missing.toml")

    @pytest.mark.parametrize("content", [b"[build\nfps = 8", b"\xff\xfe\x00"])
    def test_that_is_not_toml(self, content: bytes, tmp_path: Path) -> None:
        path = tmp_path / "broken.toml"
        path.write_bytes(content)
        with pytest.raises(UsageError, match="is not TOML"):
            read_toml(path)


class TestRefusals:
    def test_an_unknown_section_names_the_nearest(self) -> None:
        with pytest.raises(UsageError, match=r"here: unknown section \[biuld\]; did you mean 'build'"):
            check_overrides({"biuld": {}}, where="here")

    def test_a_key_outside_of_any_section(self) -> None:
        with pytest.raises(UsageError, match=r"unknown section \[fps\]"):
            check_overrides({"fps": 8}, where="here")
        with pytest.raises(UsageError, match=r"unknown section \[build\]"):
            check_overrides({"build": 8}, where="here")

    def test_an_unknown_key_names_the_nearest_and_all(self) -> None:
        with pytest.raises(UsageError, match=r"build\.smaple_rate; did you mean 'sample_rate'.*known: layout, .*seed"):
            checked("build", smaple_rate=1)

    @pytest.mark.parametrize(
        ("section", "key", "value", "kind"),
        [
            ("build", "fps", "16", "float"),
            ("build", "fps", True, "float"),
            ("build", "width", 448.5, "int"),
            ("build", "width", True, "int"),
            ("build", "layout", 4, "str"),
            ("build", "view", [30, -10], "list of strings"),
            ("build", "view", 30, "list of strings"),
            ("build", "size", 112.0, "str"),
            ("build", "size", True, "str"),
            ("download", "source", [["a"]], "list of strings"),
            ("segment", "clip_s", None, "float"),
        ],
    )
    def test_a_value_of_another_type(self, section: str, key: str, value: Any, kind: str) -> None:
        with pytest.raises(UsageError, match=rf"{section}\.{key} must be of type {kind}; got"):
            checked(section, **{key: value})

    @pytest.mark.parametrize("key", ["proxy", "source"])
    def test_a_value_that_may_hold_a_password_is_not_shown(self, key: str) -> None:
        with pytest.raises(UsageError) as caught:
            checked("download", **{key: ["http://me:secret@host", 3]})
        assert "secret" not in str(caught.value)
        assert "got a list" in str(caught.value)

    @pytest.mark.parametrize(
        ("section", "key", "value"),
        [
            ("download", "jobs", 0),
            ("download", "attempts", -1),
            ("download", "rate_limit_mb_s", float("nan")),
            ("download", "rate_limit_mb_s", -1),
            ("segment", "clip_s", 0),
            ("segment", "clip_s", float("inf")),
            ("segment", "max_clips_per_video", -1),
            ("build", "fps", -16),
            ("build", "quality", 0),
            ("build", "quality", 101),
            ("build", "sample_rate", 0),
            ("build", "shard_mb", 0),
            ("build", "seed", -1),
            ("build", "min_separation_deg", -30),
            ("build", "max_pitch_deg", -1),
            ("build", "max_pitch_deg", 91),
            ("build", "eac_border_px", -1),
        ],
    )
    def test_a_number_out_of_its_range(self, section: str, key: str, value: float) -> None:
        with pytest.raises(UsageError, match=rf"{section}\.{key} must be"):
            checked(section, **{key: value})

    @pytest.mark.parametrize(
        ("section", "key", "value", "hint"),
        [
            ("build", "layout", "veiwport", "did you mean 'viewport'"),
            ("build", "codec", "h265", "jpeg, h264, raw"),
            ("validate", "projection", "equirect", "auto, er, eac"),
            ("validate", "stereo", "left_right", "did you mean 'left-right'"),
        ],
    )
    def test_a_word_that_is_no_choice(self, section: str, key: str, value: str, hint: str) -> None:
        with pytest.raises(UsageError, match=hint):
            checked(section, **{key: value})


class TestValues:
    def test_lists_become_tuples(self) -> None:
        assert checked("build", view=["30,-10", "0,0"]) == {"view": ("30,-10", "0,0")}

    def test_one_text_stands_for_a_list_of_one(self) -> None:
        assert checked("download", source="youtube") == {"source": ("youtube",)}

    def test_whole_numbers_serve_as_floats(self) -> None:
        found = checked("build", fps=8)["fps"]
        assert (found, type(found)) == (8.0, float)

    def test_a_size_may_be_a_number(self) -> None:
        assert checked("build", size=112) == {"size": "112"}

    @pytest.mark.parametrize("quality", [1, 100])
    def test_ends_of_a_range_are_in_it(self, quality: int) -> None:
        assert checked("build", quality=quality) == {"quality": quality}


class TestLayers:
    def test_the_later_one_wins_key_by_key(self) -> None:
        file = {"build": {"fps": 8.0, "layout": "cube"}, "segment": {"clip_s": 5.0}}
        command_line = {"build": {"fps": 4.0}}
        assert merge(file, command_line) == {"build": {"fps": 4.0, "layout": "cube"}, "segment": {"clip_s": 5.0}}
        assert merge(command_line, file)["build"]["fps"] == 8.0

    def test_are_not_touched(self) -> None:
        file = {"build": {"fps": 8.0}}
        merge(file, {"build": {"fps": 4.0}})
        assert file == {"build": {"fps": 8.0}}

    def test_are_put_over_the_defaults(self) -> None:
        assert resolve({"build": {"fps": 4.0}}).build == BuildConfig(fps=4.0)


def test_plain_values_are_fit_for_json() -> None:
    plain = as_plain(BuildConfig(view=("1,2",)))
    assert plain["view"] == ["1,2"]
    assert json.loads(json.dumps(plain)) == plain
