"""What a training and its evaluation may be told: a frozen dataclass a section, read from a preset or a TOML file.

The defaults are the published values (arXiv 2011.01819, its released configuration), and stand in the dataclasses and
nowhere else. Not published, or not so, are: opening angles that are true ones, the minimal separation of viewpoints,
the features logmel+iv, AdamW with its decoupled decay, warm-up and the fall along a cosine, and all of
`BenchmarkConfig`. Presets hold every value. An unknown section or key is refused with the nearest known one.
"""

import dataclasses
import json
import math
import typing
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from avsa_models.dataset import MomentConfig
from avsa_models.features import FeatureConfig
from avsa_models.nets.config import NetConfig
from avsa_models.views import ViewConfig, draw_viewpoints, require_openings
from yt360_tools.errors import UsageError, nearest
from yt360_tools.toml import load_toml, parse_value

PRESETS = Path(__file__).parent / "presets"

STAGES = ("avc", "avsa")
"""The stages of the pretraining, in their order; each is a section of the configuration."""

NEGATIVES = ("easy", "easy+hard", "hard")
"""What `losses.info_nce` knows: other videos, those and a sample's other viewpoints, those viewpoints alone."""

DRAWN_VIEWS = 4
"""A benchmark's viewpoints are drawn so many at a time, however many are used: fewer are the first of the same."""

_TRIED_DRAWS = 10


@dataclass(frozen=True)
class RunConfig:
    """What holds for all stages.

    Attributes:
        seed: the samples and the first weights are functions of it.
        train_split: the clips that are learned from.
        test_split: the clips of the evaluation.
        threads: of the nets. Another number may change the last digits of the weights.
        workers: processes that prepare samples; 0 prepares them in between. It changes the speed alone.
        save_every: steps from one checkpoint to the next; what is lost when the machine fails.
    """

    seed: int = 0
    train_split: str = "train"
    test_split: str = "test"
    threads: int = 1
    workers: int = 1
    save_every: int = 200


@dataclass(frozen=True)
class StageConfig:
    """A stage of the pretraining.

    Attributes:
        steps: updates of the weights; 0 skips the stage.
        batch: samples a step.
        views: viewpoints a sample, K.
        negatives: one of `NEGATIVES`.
        learning_rate: the greatest one.
        weight_decay: decoupled from the gradients (AdamW), of all weights.
        warmup: the share of the steps in which the learning rate rises; behind it falls along half a cosine.
        temperature: by which similarities are divided.
    """

    steps: int
    batch: int
    views: int
    negatives: str
    learning_rate: float = 1e-4
    weight_decay: float = 1e-5
    warmup: float = 0.05
    temperature: float = 0.07


@dataclass(frozen=True)
class BenchmarkConfig:
    """What the evaluation is fixed to, so that two runs can be compared.

    Attributes:
        seed: the evaluated samples and the head's first weights are functions of it.
        hfov_deg, aspect, min_separation_deg, max_pitch_deg: as in `ViewConfig`; nothing is mirrored or recoloured.
        train_clips: clips from which the head learns, at most; of as many videos as can be.
        test_clips: clips on which it is measured, at most; chosen alike.
        train_moments: moments of each of the former.
        test_moments: moments of each of the latter.
        head_hidden: width of the head's hidden layer.
        head_epochs, head_batch, head_learning_rate, head_weight_decay: how the head learns.
        least_turn_deg: a sound counts as not aligned when its azimuth is turned by at least so much; what lies above
            or below the horizon moves by a smaller angle, the smaller the nearer it is to a pole.

    Raises:
        UsageError: no opening, or not so many directions so far apart, can be drawn.
    """

    seed: int = 0
    hfov_deg: tuple[float, float] = (90.0, 90.0)
    aspect: tuple[float, float] = (1.0, 1.0)
    min_separation_deg: float = 75.0
    max_pitch_deg: float = 30.0
    train_clips: int = 2000
    test_clips: int = 1000
    train_moments: int = 4
    test_moments: int = 6
    head_hidden: int = 128
    head_epochs: int = 40
    head_batch: int = 128
    head_learning_rate: float = 2e-3
    head_weight_decay: float = 1e-2
    least_turn_deg: float = 30.0

    def __post_init__(self) -> None:
        require_openings("benchmark", self.hfov_deg, self.aspect)
        rng = np.random.default_rng(0)
        try:
            for _ in range(_TRIED_DRAWS):  # now, and not when the training is over
                draw_viewpoints(rng, self.views(size=1), DRAWN_VIEWS)
        except UsageError as error:
            raise UsageError(f"benchmark.min_separation_deg: {error}") from error

    def views(self, size: int) -> ViewConfig:
        """How viewpoints are drawn: looking anywhere, unmirrored, in true colours; of the training's only the `size`.

        Were they drawn where the true sound comes from, only a false one would come from elsewhere.
        """
        return ViewConfig(
            size=size,
            hfov_deg=self.hfov_deg,
            aspect=self.aspect,
            max_pitch_deg=self.max_pitch_deg,
            min_separation_deg=self.min_separation_deg,
            toward_sound=0.0,
            mirror=0.0,
            brightness=0.0,
            contrast=0.0,
            saturation=0.0,
            hue_deg=0.0,
        )


@dataclass(frozen=True)
class Config:
    """Everything that a training and its evaluation may be told.

    The published stages are 100 and 50 epochs of YT-360's training clips; the steps here are about as many.
    """

    run: RunConfig = field(default_factory=RunConfig)
    moment: MomentConfig = field(default_factory=MomentConfig)
    views: ViewConfig = field(default_factory=ViewConfig)
    features: FeatureConfig = field(default_factory=FeatureConfig)
    net: NetConfig = field(default_factory=NetConfig)
    avc: StageConfig = field(default_factory=lambda: StageConfig(64_000, 112, 1, "easy"))
    avsa: StageConfig = field(default_factory=lambda: StageConfig(128_000, 28, 4, "easy+hard"))
    benchmark: BenchmarkConfig = field(default_factory=BenchmarkConfig)

    def __post_init__(self) -> None:
        for name in STAGES:
            stage = self.stage(name)
            if stage.views == 1 and stage.negatives != "easy":
                raise UsageError(
                    f"{name}.negatives {stage.negatives!r} needs {name}.views of 2 or more: "
                    "hard negatives are a sample's other viewpoints"
                )

    def stage(self, name: str) -> StageConfig:
        """One of `STAGES`."""
        stage: StageConfig = getattr(self, name)
        return stage


Values = dict[str, dict[str, Any]]
"""Plain values by section and key, fit for JSON and TOML: lists, no tuples."""

_DEFAULTS = Config()
_SECTIONS: dict[str, Any] = {item.name: getattr(_DEFAULTS, item.name) for item in dataclasses.fields(Config)}

_ANY = math.inf
_ABOVE_0 = 5e-324
_RANGES: dict[tuple[str, str], tuple[float, float]] = {
    ("run", "seed"): (0, 2**63 - 1),
    ("run", "threads"): (1, 1024),
    ("run", "workers"): (0, 1024),
    ("run", "save_every"): (1, _ANY),
    ("moment", "frames"): (1, _ANY),
    ("moment", "fps"): (_ABOVE_0, _ANY),
    ("moment", "audio_s"): (_ABOVE_0, _ANY),
    ("views", "max_pitch_deg"): (0, 90),
    ("views", "min_separation_deg"): (0, 180),
    ("views", "hue_deg"): (0, 180),
    ("features", "n_fft"): (2, _ANY),
    ("features", "hop"): (1, _ANY),
    ("features", "mels"): (1, _ANY),
    ("features", "low_hz"): (0, _ANY),
    ("net", "video_blocks"): (1, _ANY),
    ("net", "transformer_layers"): (0, _ANY),
    ("net", "dropout"): (0, 0.99),
    ("net", "embedding"): (1, _ANY),
    **{
        (section, key): allowed
        for section in STAGES
        for key, allowed in {
            "steps": (0, _ANY),
            "batch": (2, _ANY),
            "views": (1, _ANY),
            "learning_rate": (_ABOVE_0, _ANY),
            "weight_decay": (0, _ANY),
            "warmup": (0, 1),
            "temperature": (_ABOVE_0, _ANY),
        }.items()
    },
    ("benchmark", "seed"): (0, 2**63 - 1),
    ("benchmark", "max_pitch_deg"): (0, 90),
    ("benchmark", "min_separation_deg"): (0, 180),
    ("benchmark", "train_clips"): (2, _ANY),
    ("benchmark", "test_clips"): (2, _ANY),
    ("benchmark", "train_moments"): (1, _ANY),
    ("benchmark", "test_moments"): (1, _ANY),
    ("benchmark", "head_hidden"): (1, _ANY),
    ("benchmark", "head_epochs"): (1, _ANY),
    ("benchmark", "head_batch"): (2, _ANY),
    ("benchmark", "head_learning_rate"): (_ABOVE_0, _ANY),
    ("benchmark", "head_weight_decay"): (0, _ANY),
    ("benchmark", "least_turn_deg"): (0, 180),
}
"""The least and the greatest value of a number, both allowed."""


def load_config(name_or_path: str, settings: Sequence[str] = ()) -> Config:
    """The configuration of a preset, or of a TOML file, with `settings` such as ``views.size=64`` put over it.

    What ends in ``.toml`` or has a slash is a file, all else a preset. A file may leave keys out.

    Raises:
        UsageError: no such preset or file; an unknown section or key; a value of another type or out of its range.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml" and len(path.parts) == 1:
        path = _preset(name_or_path)
    return _resolved(_put_over(_checked(load_toml(path, "configuration"), str(path)), settings))


def with_settings(config: Config, settings: Sequence[str], *, only: Collection[str]) -> Config:
    """A model's configuration with `settings` put over it, of the sections and the keys (``run.seed``) in `only`.

    Raises:
        UsageError: as `load_config`; or a setting of anything else, with which the model has learned.
    """
    changed = _resolved(_put_over(_checked(config_to_dict(config), "configuration"), settings))
    for name in differing_keys(config, changed):
        if not {name, name.partition(".")[0]} & {*only}:
            raise UsageError(f"--set {name} is the model's, which has learned with it; here go: {', '.join(only)}")
    return changed


def config_from_dict(values: Mapping[str, Any], where: str = "configuration") -> Config:
    """The configuration of plain values such as `config_to_dict` gives; `where` they stand, for the message.

    Raises:
        UsageError: as `load_config`.
    """
    return _resolved(_checked(values, where))


def config_to_dict(config: Config) -> Values:
    """A configuration as plain values by section and key."""
    return {
        section: {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
        for section, values in dataclasses.asdict(config).items()
    }


def config_to_toml(config: Config) -> str:
    """A configuration as the text of a TOML file that `load_config` reads back."""
    lines = []
    for section, values in config_to_dict(config).items():
        lines += [f"[{section}]", *(f"{key} = {_as_toml(value)}" for key, value in values.items()), ""]
    return "\n".join(lines[:-1]) + "\n"


def differing_keys(one: Config, other: Config) -> list[str]:
    """The keys in which two configurations differ, as ``views.size``, in their order."""
    first, second = config_to_dict(one), config_to_dict(other)
    return [
        f"{section}.{key}" for section, values in first.items() for key in values if values[key] != second[section][key]
    ]


def _as_toml(value: Any) -> str:
    # JSON's texts, whole numbers and lists are TOML's too; so are Python's floats, which JSON writes alike.
    return json.dumps(value, ensure_ascii=False)


def _preset(name: str) -> Path:
    known = sorted(path.stem for path in PRESETS.glob("*.toml"))
    if name not in known:
        raise UsageError(
            f"unknown preset {name!r}{nearest(name, known)}; known: {', '.join(known)}; or give a file, NAME.toml"
        )
    return PRESETS / f"{name}.toml"


def _put_over(values: Values, settings: Sequence[str]) -> Values:
    for setting in settings:
        given = _checked(_parse_setting(setting), "--set")
        values = {name: {**values.get(name, {}), **given.get(name, {})} for name in _SECTIONS}
    return values


def _parse_setting(setting: str) -> Values:
    name, equals, text = setting.partition("=")
    section, dot, key = name.strip().partition(".")
    if not (equals and dot):
        raise UsageError(f"--set {setting!r} must be SECTION.KEY=VALUE, such as views.size=64")
    return {section: {key: parse_value(text.strip())}}


def _resolved(values: Values) -> Config:
    return Config(**{name: dataclasses.replace(_SECTIONS[name], **values.get(name, {})) for name in _SECTIONS})


def _checked(values: Mapping[str, Any], where: str) -> Values:
    checked: Values = {}
    for section, entries in values.items():
        if section not in _SECTIONS or not isinstance(entries, dict):
            known = ", ".join(_SECTIONS)
            raise UsageError(f"{where}: unknown section [{section}]{nearest(section, _SECTIONS)}; known: {known}")
        checked[section] = {key: _checked_value(where, section, key, value) for key, value in entries.items()}
    return checked


def _checked_value(where: str, section: str, key: str, value: Any) -> Any:
    kinds = typing.get_type_hints(type(_SECTIONS[section]))
    if key not in kinds:
        raise UsageError(f"{where}: unknown key {section}.{key}{nearest(key, kinds)}; known: {', '.join(kinds)}")
    name = f"{where}: {section}.{key}"
    converted = _converted(value, kinds[key])
    if converted is None:
        raise UsageError(f"{name} must be {_described(kinds[key])}; got {value!r}")
    low, high = _RANGES.get((section, key), (-_ANY, _ANY))
    if isinstance(converted, int | float) and not low <= converted <= high:
        least = "greater than 0" if low == _ABOVE_0 else f"at least {low:g}"
        raise UsageError(f"{name} must be {least if high == _ANY else f'{low:g} to {high:g}'}; got {value}")
    if key == "negatives" and converted not in NEGATIVES:
        raise UsageError(f"{name} must be one of {', '.join(NEGATIVES)}; got {value!r}{nearest(value, NEGATIVES)}")
    return converted


def _converted(value: Any, kind: Any) -> Any:
    """`value` as `kind`: a list as a tuple, a whole number as a float; None if it is of another kind."""
    if typing.get_origin(kind) is tuple:
        item, *rest = typing.get_args(kind)
        if not isinstance(value, list | tuple) or (rest != [...] and len(value) != 1 + len(rest)):
            return None
        items = tuple(_converted(one, item) for one in value)
        return None if None in items else items
    if isinstance(value, bool) != (kind is bool):
        return None
    if kind is float and isinstance(value, int | float) and math.isfinite(value):
        return float(value)
    return value if isinstance(value, kind) and kind is not float else None


def _described(kind: Any) -> str:
    if typing.get_origin(kind) is tuple:
        item, *rest = typing.get_args(kind)
        count = "" if rest == [...] else f"{1 + len(rest)} "
        return f"a list of {count}{_PLURALS[item]}"
    return _SINGULARS[kind]


_SINGULARS = {int: "a whole number", float: "a finite number", str: "a text", bool: "true or false"}
_PLURALS = {int: "whole numbers", float: "finite numbers", str: "texts"}
