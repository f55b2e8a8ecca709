"""A training's configuration: presets and files, what may be put over them, and how the rest is refused."""

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from avsa_models.config import (
    PRESETS,
    Config,
    config_from_dict,
    config_to_dict,
    config_to_toml,
    differing_keys,
    load_config,
    with_settings,
)
from yt360_tools.errors import UsageError
from yt360_tools.toml import load_toml

ALL_KEYS = {(section, key) for section, values in config_to_dict(Config()).items() for key in values}


def file(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


class TestPresets:
    @pytest.mark.parametrize("path", sorted(PRESETS.glob("*.toml")), ids=lambda path: path.stem)
    def test_hold_every_value(self, path: Path) -> None:
        values = load_toml(path, "preset")
        assert {(section, key) for section in values for key in values[section]} == ALL_KEYS

    def test_tiny_is_one(self) -> None:
        assert load_config("tiny").net.video_widths[-1] < Config().net.video_widths[-1]

    def test_an_unknown_one_names_the_nearest_and_all(self) -> None:
        with pytest.raises(UsageError, match=r"unknown preset 'tinny'; did you mean 'tiny'\?; known: .*tiny.*\.toml"):
            load_config("tinny")


class TestDefaults:
    """The released configuration of the paper, as far as this code has it."""

    def test_of_a_sample(self) -> None:
        config = Config()
        assert (config.moment.frames, config.moment.fps, config.moment.audio_s) == (8, 16.0, 1.0)
        assert config.views.size == 112
        assert (config.features.n_fft, config.features.hop, config.features.mels) == (512, 240, 128)

    def test_of_the_nets_and_stages(self) -> None:
        config = Config()
        assert (config.net.video_widths, config.net.video_blocks) == ((64, 128, 256, 512), 2)
        assert (config.avc.batch, config.avc.views, config.avc.negatives) == (112, 1, "easy")
        assert (config.avsa.batch, config.avsa.views, config.avsa.negatives) == (28, 4, "easy+hard")
        for stage in (config.avc, config.avsa):
            assert (stage.learning_rate, stage.weight_decay, stage.temperature) == (1e-4, 1e-5, 0.07)

    def test_stand_where_a_file_says_nothing(self, tmp_path: Path) -> None:
        assert load_config(file(tmp_path, "")) == Config()
        config = load_config(file(tmp_path, "[avc]\nbatch = 7\n"))
        assert config == dataclasses.replace(Config(), avc=dataclasses.replace(Config().avc, batch=7))


class TestFiles:
    def test_that_are_not_there_or_not_toml(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"missing\.toml cannot be read"):
            load_config(str(tmp_path / "missing.toml"))
        with pytest.raises(UsageError, match="is not TOML"):
            load_config(file(tmp_path, "[run\n"))

    def test_a_slash_makes_a_file_of_any_name(self, tmp_path: Path) -> None:
        (tmp_path / "mine").write_text("[run]\nseed = 3\n")
        assert load_config(str(tmp_path / "mine")).run.seed == 3

    @pytest.mark.parametrize("config", [Config(), load_config("tiny")], ids=["defaults", "tiny"])
    def test_come_back_as_they_were_written(self, config: Config, tmp_path: Path) -> None:
        assert load_config(file(tmp_path, config_to_toml(config))) == config

    def test_any_text_and_number_comes_back(self, tmp_path: Path) -> None:
        values = {"run": {"train_split": 'a "b" \\ é 🎧\n'}, "avc": {"learning_rate": 1e-9, "weight_decay": 1e22}}
        config = config_from_dict(values)
        assert load_config(file(tmp_path, config_to_toml(config))) == config

    def test_plain_values_are_fit_for_json(self) -> None:
        plain = config_to_dict(load_config("tiny"))
        assert json.loads(json.dumps(plain)) == plain
        assert config_from_dict(plain) == load_config("tiny")


class TestSettings:
    def test_are_put_over_the_preset_the_later_one_last(self) -> None:
        config = load_config("tiny", ["views.size=64", "net.video_widths=[8, 128]", "views.size = 32"])
        assert (config.views.size, config.net.video_widths) == (32, (8, 128))
        assert config.net.audio_widths == load_config("tiny").net.audio_widths

    def test_words_need_no_quotes(self) -> None:
        for text in ("features.kind=logmel", 'features.kind="logmel"'):
            assert load_config("tiny", [text]).features.kind == "logmel"

    def test_a_whole_number_serves_as_a_float(self) -> None:
        value = load_config("tiny", ["moment.fps=8"]).moment.fps
        assert (value, type(value)) == (8.0, float)

    @pytest.mark.parametrize("setting", ["views.size", "size=64", "=64", ""])
    def test_that_are_none(self, setting: str) -> None:
        with pytest.raises(UsageError, match=r"must be SECTION\.KEY=VALUE, such as"):
            load_config("tiny", [setting])


class TestRefusals:
    def test_an_unknown_section_names_the_nearest(self, tmp_path: Path) -> None:
        with pytest.raises(
            UsageError, match=r"mine\.toml: unknown section \[veiws\]; did you mean 'views'\?; known: run"
        ):
            load_config(file(tmp_path, "[veiws]\n"))
        with pytest.raises(UsageError, match=r"unknown section \[views\]"):
            load_config(file(tmp_path, "views = 3\n"))

    def test_an_unknown_key_names_the_nearest(self) -> None:
        with pytest.raises(UsageError, match=r"--set: unknown key avc\.step; did you mean 'steps'\?; known: steps, "):
            load_config("tiny", ["avc.step=5"])

    @pytest.mark.parametrize(
        ("setting", "kind"),
        [
            ("avc.steps=1e3", "a whole number"),
            ("avc.steps=1o0", "a whole number"),
            ("avc.steps=true", "a whole number"),
            ("moment.fps=fast", "a finite number"),
            ("moment.fps=nan", "a finite number"),
            ("moment.fps=inf", "a finite number"),
            ("moment.fps=true", "a finite number"),
            ("run.train_split=3", "a text"),
            ("views.hfov_deg=60", "a list of 2 finite numbers"),
            ("views.hfov_deg=[25, 60, 90]", "a list of 2 finite numbers"),
            ('views.hfov_deg=[25, "90"]', "a list of 2 finite numbers"),
            ("net.video_widths=64", "a list of whole numbers"),
            ("net.video_widths=[64, 128.5]", "a list of whole numbers"),
        ],
    )
    def test_a_value_of_another_type(self, setting: str, kind: str) -> None:
        name = setting.partition("=")[0]
        with pytest.raises(UsageError, match=rf"--set: {re.escape(name)} must be {kind}; got"):
            load_config("tiny", [setting])

    @pytest.mark.parametrize(
        "setting",
        [
            "run.seed=-1",
            "run.threads=0",
            "run.workers=-1",
            "run.save_every=0",
            "moment.frames=0",
            "moment.fps=0",
            "moment.audio_s=-1",
            "views.size=0",
            "views.hfov_deg=[90, 25]",
            "views.hfov_deg=[25, 180]",
            "features.kind=logmell",
            "features.hop=0",
            "features.mels=0",
            "net.video_widths=[]",
            "net.video_widths=[0, 128]",
            "net.video_widths=[16, 64]",
            "net.dropout=1",
            "net.transformer_layers=-1",
            "avc.steps=-1",
            "avc.batch=1",
            "avc.views=0",
            "avsa.learning_rate=0",
            "avsa.temperature=0",
            "avsa.warmup=1.5",
            "benchmark.test_moments=0",
            "benchmark.train_clips=1",
            "benchmark.test_clips=1",
            "benchmark.least_turn_deg=181",
        ],
    )
    def test_a_number_or_word_out_of_its_range(self, setting: str) -> None:
        name = setting.partition("=")[0].partition(".")[2]
        with pytest.raises(UsageError, match=rf"\.{name}\b.*(must|unknown)"):
            load_config("tiny", [setting])

    def test_negatives_are_chosen_by_name(self) -> None:
        with pytest.raises(
            UsageError, match=r"avsa\.negatives must be one of easy, easy\+hard, hard.*did you mean 'hard'"
        ):
            load_config("tiny", ["avsa.negatives=hards"])

    def test_hard_negatives_need_more_than_one_view(self) -> None:
        with pytest.raises(UsageError, match=r"avc\.negatives 'easy\+hard' needs avc\.views of 2 or more"):
            load_config("tiny", ["avc.negatives=easy+hard"])

    @pytest.mark.parametrize(
        ("setting", "says"),
        [
            ("benchmark.hfov_deg=[90, 25]", r"benchmark\.hfov_deg \[90.0, 25.0\] must rise from above 0"),
            ("benchmark.hfov_deg=[25, 180]", r"benchmark\.hfov_deg .*below 180"),
            ("benchmark.aspect=[0, 0]", r"benchmark\.aspect \[0.0, 0.0\] must rise from above 0"),
            (
                "benchmark.min_separation_deg=170",
                r"benchmark\.min_separation_deg: 4 directions .*do not fit 170° apart",
            ),
            ("benchmark.max_pitch_deg=91", r"benchmark\.max_pitch_deg must be 0 to 90"),
        ],
    )
    def test_what_no_benchmark_can_draw_is_told_before_the_training(self, setting: str, says: str) -> None:
        with pytest.raises(UsageError, match=says):
            load_config("tiny", [setting])


class TestOfAModel:
    """What may be put over the configuration of a model that has learned already."""

    EVALUATION = ("benchmark", "run.test_split")

    def test_is_what_it_was_but_for_that(self) -> None:
        config = load_config("tiny")
        other = with_settings(config, ["benchmark.hfov_deg=[60, 60]", "run.test_split=valid"], only=self.EVALUATION)
        assert differing_keys(config, other) == ["run.test_split", "benchmark.hfov_deg"]
        assert (other.benchmark.hfov_deg, other.run.test_split) == ((60.0, 60.0), "valid")
        assert with_settings(config, [], only=self.EVALUATION) == config

    @pytest.mark.parametrize("setting", ["views.size=64", "run.train_split=test", "avsa.steps=3"])
    def test_the_rest_is_the_models(self, setting: str) -> None:
        with pytest.raises(UsageError, match=r"--set .* is the model's, .*: benchmark, run\.test_split"):
            with_settings(load_config("tiny"), [setting], only=self.EVALUATION)

    def test_is_checked_as_ever(self) -> None:
        with pytest.raises(UsageError, match=r"unknown key benchmark\.sed; did you mean 'seed'"):
            with_settings(load_config("tiny"), ["benchmark.sed=3"], only=self.EVALUATION)
        with pytest.raises(UsageError, match=r"benchmark\.hfov_deg"):
            with_settings(load_config("tiny"), ["benchmark.hfov_deg=[90, 25]"], only=self.EVALUATION)


def test_differing_keys_are_named_in_their_order() -> None:
    other = load_config("tiny", ["avsa.steps=3", "run.seed=8", "views.hfov_deg=[25, 80]"])
    assert differing_keys(load_config("tiny"), other) == ["run.seed", "views.hfov_deg", "avsa.steps"]
    assert differing_keys(other, other) == []


def test_reading_one_needs_no_torch() -> None:
    code = (
        "import sys, avsa_models.config as c, avsa_models.cli; c.load_config('tiny'); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_value_of_a_file_is_not_shared() -> None:
    values: dict[str, Any] = {"net": {"video_widths": [8, 512]}}
    config_from_dict(values)
    assert values == {"net": {"video_widths": [8, 512]}}
