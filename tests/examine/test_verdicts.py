"""From findings to a verdict: what counts most, what a user tolerates or refuses, and what a ledger keeps of it."""

import json

import pytest

from yt360_tools.errors import UsageError
from yt360_tools.examine.codes import CODES
from yt360_tools.examine.examination import Examination, read_examination
from yt360_tools.examine.findings import Finding, Hypothesis, verdict_of
from yt360_tools.examine.tolerance import BEYOND_USE, check_codes, judged
from yt360_tools.media.probe import PictureProbe, SoundProbe
from yt360_tools.records import SourceLayout

NOTE = Finding("empty_z", "note", "Z is empty", {"z_dbfs": -120.0})
FIX = Finding("fuma", "fix", "W is 3 dB down")
DOUBT = Finding("clipping", "doubt", "it clips", spans=((1.0, 2.0),))
REJECT = Finding("still", "reject", "nothing moves")


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ((), "accept"),
        ((NOTE,), "accept"),
        ((NOTE, FIX), "fix"),
        ((FIX, DOUBT, NOTE), "doubt"),
        ((REJECT, DOUBT), "reject"),
    ],
)
def test_the_gravest_finding_decides(findings: tuple[Finding, ...], verdict: str) -> None:
    assert verdict_of(findings) == verdict


class TestAUsersMind:
    def test_the_gravest_comes_first(self) -> None:
        found = judged((NOTE, REJECT, FIX, DOUBT), tolerate=(), refuse=())
        assert [one.severity for one in found] == ["reject", "doubt", "fix", "note"]

    def test_what_is_tolerated_is_a_note(self) -> None:
        assert verdict_of(judged((REJECT, NOTE), tolerate=("still",), refuse=())) == "accept"

    def test_a_fix_stays_one(self) -> None:
        assert verdict_of(judged((FIX,), tolerate=("fuma",), refuse=())) == "fix"

    def test_what_is_refused_rejects(self) -> None:
        assert verdict_of(judged((NOTE,), tolerate=("empty_z",), refuse=("empty_z",))) == "reject"

    def test_a_word_that_is_no_finding(self) -> None:
        with pytest.raises(UsageError, match=r"validate.tolerate: 'stil' is nothing.*'still'"):
            check_codes(["still", "stil"], "validate.tolerate")

    def test_what_cannot_be_built_cannot_be_tolerated(self) -> None:
        with pytest.raises(UsageError, match="'no_sound' cannot be tolerated"):
            check_codes(["no_sound"], "validate.tolerate")
        check_codes(["no_sound"], "validate.refuse")

    def test_these_are_words_that_are_known(self) -> None:
        assert set(BEYOND_USE) <= set(CODES)


def test_it_comes_back_from_a_ledger_as_it_was() -> None:
    whole = Examination(
        (REJECT, DOUBT, NOTE),
        PictureProbe("h264", 640, 320, 30.0, 0.0, 10.0, True),
        SoundProbe("opus", 4, 48000, 0.0, 10.0, "4.0"),
        SourceLayout("cubemap", "mono", "metadata", "3x2:RLUDFB:002200", pose_deg=(1.0, 2.0, 3.0)),
        (Hypothesis("er mono", 0.9, ("its edges meet",)), Hypothesis("flat", 0.1)),
        (Hypothesis("fuma", 1.0),),
        (0, 2, 3, 1),
        (2**0.5, 1.0, 1.0, 1.0),
        (-20.0, -30.0, -120.0, -30.0),
        (0.0, 0.0, 5.0),
    )
    plain = json.loads(json.dumps(whole.as_plain()))
    assert (plain["verdict"], plain["findings"][0]["code"]) == ("reject", "still")
    assert read_examination(plain) == whole
    assert read_examination(json.loads(json.dumps(Examination((REJECT,)).as_plain()))) == Examination((REJECT,))


def test_spans_that_no_clip_may_touch() -> None:
    spans = ((5.0, 6.0), (1.0, 2.0))
    found = Examination(
        (
            Finding("frozen_spans", "note", "", spans=spans),
            Finding("silent_spans", "note", "", spans=((3.0, 4.0),)),
            DOUBT,
        )
    )
    assert found.unusable_spans == ((1.0, 2.0, "frozen_spans"), (5.0, 6.0, "frozen_spans"))  # silence is heard again
