"""Which format a sound is read by, and what there is to say of it."""

from yt360_tools.examine.findings import Finding
from yt360_tools.examine.sound_formats import Format, Judged
from yt360_tools.thresholds.sound import SoundThresholds

_PLAIN_NAME = "ambix"
_TOLD = {
    "fuma": ("fuma", "its channels are FuMa: W, X, Y, Z, with W 3 dB down"),
    "n3d": ("n3d", "its channels are N3D: Y, Z and X are 4.8 dB stronger than in AmbiX"),
    "packed_5_1": ("packed_5_1", "its channels are W, Y, Z, X packed as 5.1: X, Y, W, -, Z, - as they decode"),
    "ambix_head_locked": ("head_locked", "behind W, Y, Z, X its channels are head-locked; they are left out"),
}


def decide_format(judged: Judged, thresholds: SoundThresholds) -> tuple[Format, tuple[Finding, ...]]:
    """The format to read the channels by, and what there is to say of it.

    Another one than AmbiX is taken (a fix) from `fix_score` on; AmbiX stays from `stay_score` on. Otherwise a person
    has to look, and until then AmbiX (or else the likeliest) is taken. That there is no sound field is a rejection
    only where moments without W or a shift in time prove it.
    """
    best = judged.best
    assert best is not None
    plain = judged.formats.get(_PLAIN_NAME, best)
    scores = {f"{one.name}_score": one.score for one in judged.hypotheses}
    if not judged.readings[best.name].is_told:
        return plain, ()
    if judged.score("not_ambisonic") >= thresholds.unrelated_score:
        return plain, (_unrelated(judged, scores, thresholds),)
    if best.name != _PLAIN_NAME and judged.score(best.name) >= thresholds.fix_score:
        code, said = _TOLD[best.name]
        return best, (Finding(code, "fix", said, scores),)
    if judged.score(_PLAIN_NAME) >= thresholds.stay_score:
        return plain, ()
    said = ", ".join(f"{one.name} {one.score:.2f}" for one in judged.hypotheses)
    return plain, (Finding("format_unsure", "doubt", f"it cannot be told how its channels count: {said}", scores),)


def _unrelated(judged: Judged, scores: dict[str, float], thresholds: SoundThresholds) -> Finding:
    numbers = {**scores, "impossible_share": judged.impossible_share, "lag": judged.lag}
    if judged.lag > thresholds.certain_lag:
        said = "its channels hear the same at different times, as surround sound does: no sound field"
        return Finding("not_ambisonic", "reject", said, numbers)
    if judged.impossible_share > 2 * thresholds.impossible_share:
        said = f"in {100 * judged.impossible_share:.0f}% of what sounds, W hears hardly anything of it: no sound field"
        return Finding("not_ambisonic", "reject", said, numbers)
    said = "its channels have little to do with each other: are they a sound field at all?"
    return Finding("not_ambisonic", "doubt", said, numbers)
