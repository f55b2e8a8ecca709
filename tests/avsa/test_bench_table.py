"""Each number of an outcome stands in the row and the column that say so."""

from typing import Any

from avsa_models.benchmarks.outcome import Outcome, Score
from avsa_models.benchmarks.table import outcome_table


def outcome(benchmark: str) -> dict[str, Any]:
    joint, sound, picture = (
        Score(0.812, (0.75, 0.861), 0.9),
        Score(0.512, (0.44, 0.58), 0.5),
        Score(0.5, (0.5, 0.5), 0.5),
    )
    return Outcome(benchmark, "who?", joint, sound, picture, 480, 40, {}, (), ()).to_dict()


def test_rows_and_columns() -> None:
    assert outcome_table([outcome("avc-bin"), outcome("avsa-bin")]).splitlines() == [
        "benchmark  judged from        accuracy   95 % interval  pairs  videos",
        "avc-bin    sound and picture    81.2 %  75.0 to 86.1 %    480      40",
        "           sound alone*         51.2 %  44.0 to 58.0 %",
        "           picture alone*       50.0 %  50.0 to 50.0 %",
        "           chance               50.0 %",
        "avsa-bin   sound and picture    81.2 %  75.0 to 86.1 %    480      40",
        "           sound alone*         51.2 %  44.0 to 58.0 %",
        "           picture alone*       50.0 %  50.0 to 50.0 %",
        "           chance               50.0 %",
        "* at chance by construction: each picture and each sound stands in two pairs, one true and one false",
    ]
