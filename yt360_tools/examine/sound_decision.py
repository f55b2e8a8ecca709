"""Which format a sound is read by, and what there is to say of it."""

from yt360_tools.examine.findings import Finding
from yt360_tools.examine.sound_formats import Format, Judged
from yt360_tools.examine.sound_reading import Reading
from yt360_tools.thresholds.sound import SoundThresholds

_PLAIN_NAME = "ambix"
_TOLD = {
    "fuma": ("fuma", "fix", "its channels are FuMa: W, X, Y, Z, with W 3 dB down"),
    "n3d": ("n3d", "fix", "its channels are N3D: Y, Z and X are 4.8 dB stronger than in AmbiX"),
    "packed_5_1": ("packed_5_1", "fix", "its channels are W, Y, Z, X packed as 5.1: X, Y, W, -, Z, - as they decode"),
    "ambix_head_locked": (
        "head_locked", "fix", "behind W, Y, Z, X its channels are head-locked; they are left out",
    ),
    "ambix_and_others": (
        "unexpected_channels", "doubt",
        "its first four channels may be W, Y, Z, X, but no format has so many channels behind them",
    ),
}  # fmt: skip


def decide_format(
    judged: Judged, clipped_share: float, thresholds: SoundThresholds
) -> tuple[Format, tuple[Finding, ...]]:
    """The format to read the channels by, and what there is to say of it.

    Another one than AmbiX is taken (a fix) from `fix_score` on, if not too much is clipped (that makes W weaker, and
    AmbiX look like FuMa), and if its levels don't say AmbiX, but for microphones that are off. AmbiX stays from
    `stay_score` on. Otherwise a person has to look, and until then AmbiX (or else the likeliest) is taken. That there
    is no sound field is a rejection only where moments without W or a shift in time prove it.
    """
    best = judged.best
    assert best is not None
    plain = judged.formats.get(_PLAIN_NAME, best)
    scores = {f"{one.name}_score": one.score for one in judged.hypotheses}
    if not judged.readings[best.name].is_told:
        return plain, ()
    if judged.score("not_ambisonic") >= thresholds.unrelated_score:
        return plain, (_unrelated(judged, scores, thresholds),)
    is_clear = best.name != _PLAIN_NAME and judged.score(best.name) >= thresholds.fix_score
    is_certain = clipped_share <= thresholds.most_clipped and _fits(best, judged.readings[best.name], thresholds)
    if is_clear and is_certain:
        code, severity, said = _TOLD[best.name]
        return best, (Finding(code, severity, said, scores),)
    if judged.score(_PLAIN_NAME) >= thresholds.stay_score:
        return plain, ()
    said = ", ".join(f"{one.name} {one.score:.2f}" for one in judged.hypotheses)
    if is_clear:
        said += "; much of it is clipped" if clipped_share > thresholds.most_clipped else "; its levels do not say so"
    return plain, (Finding("format_unsure", "doubt", f"it cannot be told how its channels count: {said}", scores),)


def _fits(best: Format, reading: Reading, thresholds: SoundThresholds) -> bool:
    """Whether levels are nearer to a format's than to AmbiX's, or off by about the same all the time.

    Where sounds come from tells FuMa from AmbiX as well, but a stage to the left in AmbiX is in front in FuMa. Where W
    is alone the levels tell nothing of the others.
    """
    if reading.ratio_db < best.ratio_db - thresholds.w_alone_db:
        return False
    return reading.ratio_db >= best.ratio_db / 2 or reading.wander_db < thresholds.steady_db


def _unrelated(judged: Judged, scores: dict[str, float], thresholds: SoundThresholds) -> Finding:
    numbers = {**scores, "impossible_share": judged.impossible_share, "lag": judged.lag}
    if judged.lag > thresholds.certain_lag:
        said = "its channels hear the same at different times, as surround sound does: no sound field"
        return Finding("not_ambisonic", "reject", said, numbers)
    if judged.impossible_share > 2 * thresholds.impossible_share:
        said = f"in {100 * judged.impossible_share:.0f} % of what sounds, W hears hardly anything of it: no sound field"
        return Finding("not_ambisonic", "reject", said, numbers)
    said = "its channels do not go together as a sound field's do: is it one at all?"
    return Finding("not_ambisonic", "doubt", said, numbers)
