"""The rule by which a picture's layout is decided: what somebody says, its header, and what its frames look like.

1. What a user declares holds. Frames that look otherwise for certain are a note.
2. Else the header holds, unless the frames deny it: they look like another layout for certain
   (``picture.layout_certain_from``) and not at all like the header's (``picture.layout_denied_below``). Then the frames
   are followed where they say equirectangular or EAC, mono or stereo (``layout_disagrees``, a fix). Less sure, or a
   film that looks flat in spite of its header, it is a doubt, and the header is followed: a bad stitch looks alike.
3. Without a header the frames decide where they are clear (``picture.layout_clear_from``); a film that is flat, or
   half a sphere, for certain is rejected. Where they are not, a picture of 2:1 is taken as equirectangular, with a
   doubt.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from yt360_tools.config import ValidateConfig
from yt360_tools.examine.declared import Declared
from yt360_tools.examine.findings import Finding, Hypothesis
from yt360_tools.examine.layout_shape import Shape, is_boxed_sphere
from yt360_tools.media.layout import LayoutError, decide_layout
from yt360_tools.projection.er import UNCROPPED
from yt360_tools.records import SourceLayout
from yt360_tools.thresholds import PictureThresholds

NO_SPHERE = {
    "flat": ("flat", "a flat film: its left and right edges do not meet"),
    "flat_in_sphere": ("flat_in_sphere", "a flat film with bars around it"),
    "half mono": ("half_sphere", "half a sphere, with nothing behind"),
    "half left-right": ("half_sphere", "half a sphere for each of two eyes"),
}
"""Hypotheses that are none of a whole sphere: the finding's code, and what it looks like."""

_CUBEMAP = "cubemap mono"
_EYES = {"bottom-top": "top-bottom", "right-left": "left-right"}


@dataclass(frozen=True)
class DecidedLayout:
    """A layout, None where nothing can be built of the picture, and what was found on the way."""

    layout: SourceLayout | None
    findings: tuple[Finding, ...] = ()


def decide_by_rule(
    path: Path,
    looks: Sequence[Hypothesis],
    shape: Shape | None,
    *,
    declared: Declared,
    faces: str,
    config: ValidateConfig,
    thresholds: PictureThresholds,
) -> DecidedLayout:
    """Decide how the sphere lies in a file.

    Args:
        looks: what its frames look like, the likeliest first; none where they tell nothing.
        shape: of its frames; None where they tell nothing.
        faces: the arrangement that fits best if it is a cubemap.

    Raises:
        UsageError: what is declared is none of the known words.
        MediaError: the file does not open.
    """
    rule = _Rule(path, tuple(looks), shape, faces, thresholds)
    try:
        said = decide_layout(
            path,
            declared=(declared.projection, declared.stereo),
            faces=declared.faces,
            pose=config.pose,
            pose_signs=config.pose_signs,
        )
    except LayoutError as error:
        return rule.without_layout(error)
    if declared.projection:
        return rule.declared(said)
    if said.decided_by == "metadata":
        return rule.by_header(said, is_stereo_declared=declared.stereo is not None)
    return rule.by_look(said, is_stereo_declared=declared.stereo is not None)


@dataclass(frozen=True)
class _Rule:
    path: Path
    looks: tuple[Hypothesis, ...]
    shape: Shape | None
    faces: str
    limits: PictureThresholds

    @property
    def best(self) -> Hypothesis:
        return self.looks[0] if self.looks else Hypothesis("er mono", 0.0)

    @property
    def is_certain(self) -> bool:
        return self.best.score >= self.limits.layout_certain_from

    @property
    def is_clear(self) -> bool:
        return self.best.score >= self.limits.layout_clear_from

    def score_of(self, layout: SourceLayout) -> float:
        return next((one.score for one in self.looks if one.name == _name(layout)), 0.0)

    def declared(self, said: SourceLayout) -> DecidedLayout:
        if not self.is_certain or self.best.name == _name(said):
            return DecidedLayout(said)
        return DecidedLayout(
            said, (self._disagrees("note", f"it is declared {_name(said)}", "what is declared holds"),)
        )

    def by_header(self, said: SourceLayout, *, is_stereo_declared: bool) -> DecidedLayout:
        best, says = self.best, f"its header says {_name(said)}"
        is_denied = bool(self.looks) and self.score_of(said) <= self.limits.layout_denied_below
        if best.name == _name(said) or not (self.is_clear or is_denied):
            return DecidedLayout(said)
        if best.name in NO_SPHERE:
            return DecidedLayout(said, (self._no_sphere("doubt", f"{says}, and its picture looks like"),))
        is_overruled = self.is_certain and is_denied
        if best.name == _CUBEMAP and is_overruled:
            return DecidedLayout(None, (self._unknown_faces(),))
        if not is_overruled or best.name == _CUBEMAP or (is_stereo_declared and _stereo(best) != _eyes(said)):
            kept = "the header is followed: have a look"
            return DecidedLayout(said, (self._disagrees("doubt", says, kept),) if self._is_doubtful(said) else ())
        seen = dataclasses.replace(_layout(best), pose_deg=said.pose_deg)
        return DecidedLayout(seen, (self._disagrees("fix", says, "the picture is followed"),))

    def by_look(self, said: SourceLayout, *, is_stereo_declared: bool) -> DecidedLayout:
        best = self.best
        if best.name in NO_SPHERE and self.is_clear:
            severity = "reject" if self.is_certain else "doubt"
            said = dataclasses.replace(said, decided_by="default")
            return DecidedLayout(said, (self._no_sphere(severity, "it has no header of a sphere, and looks like"),))
        if best.name == _CUBEMAP and self.is_clear:
            return DecidedLayout(None, (self._unknown_faces(),))
        if self.is_clear and not (is_stereo_declared and _stereo(best) != _eyes(said)):
            seen = _layout(best)
            same_eyes = _eyes(said) == seen.stereo
            return DecidedLayout(
                dataclasses.replace(seen, stereo=said.stereo if same_eyes else seen.stereo, pose_deg=said.pose_deg)
            )
        second = self.looks[1] if len(self.looks) > 1 else None
        seen_as = f"{best.name} ({_percent(best)})" + (f" or {second.name} ({_percent(second)})" if second else "")
        text = (
            f"it has no header of a sphere, and its picture {f'may be {seen_as}' if self.looks else 'tells nothing'}; "
            f"it is taken as {_name(said)}: declare how it lies if you know"
        )
        return DecidedLayout(said, (Finding("layout_unsure", "doubt", text, {"score": best.score}),))

    def without_layout(self, error: LayoutError) -> DecidedLayout:
        """Nothing says a layout that can be read: unless the frames do."""
        best = self.best
        if error.reason == "not_equirectangular":
            if best.name in NO_SPHERE:
                severity = "reject" if self.is_clear else "doubt"
                found = self._no_sphere(severity, "it has no header of a sphere, and looks like")
                return DecidedLayout(None, (Finding(error.reason, "reject", str(error)), found))
            if best.name == _CUBEMAP and self.is_clear:
                return DecidedLayout(None, (self._unknown_faces(),))
            is_boxed = self.shape is not None and is_boxed_sphere(self.shape, self.limits)
            if self.is_clear or (is_boxed and best.name == "er mono"):
                return DecidedLayout(_layout(best))
        if error.reason == "unsupported_projection" and self.is_certain and best.name not in (*NO_SPHERE, _CUBEMAP):
            looks_like = f"its picture looks like {best.name} for certain ({_percent(best)})"
            seen = f"{error.finding}, and {looks_like}: it is followed"
            return DecidedLayout(_layout(best), (Finding("layout_disagrees", "fix", seen, {"score": best.score}),))
        if error.reason == "unknown_faces" and self.is_certain and best.name not in (*NO_SPHERE, _CUBEMAP):
            return DecidedLayout(
                _layout(best), (self._disagrees("fix", "its header says cubemap", "the picture is followed"),)
            )
        return DecidedLayout(None, (Finding(error.reason, "reject", str(error)),))

    def _is_doubtful(self, said: SourceLayout) -> bool:
        return self.score_of(said) <= 1 - self.limits.layout_clear_from

    def _disagrees(self, severity: str, says: str, then: str) -> Finding:
        looks_like = f"its picture looks like {self.best.name} ({_percent(self.best)}: {self.best.evidence[0]})"
        text = f"{says}, and {looks_like}; {then}"
        return Finding("layout_disagrees", severity, text, {"score": self.best.score})

    def _no_sphere(self, severity: str, says: str) -> Finding:
        code, looks_like = NO_SPHERE[self.best.name]
        text = f"{says} {looks_like} ({_percent(self.best)}; {'; '.join(self.best.evidence[:2])})"
        return Finding(code, severity, text, {"score": self.best.score})

    def _unknown_faces(self) -> Finding:
        text = (
            f"its picture looks like a cubemap ({_percent(self.best)}), and nobody says where its faces lie; "
            f"{self.faces} fits best: declare it (--projection cubemap --faces, or the manifest's columns)"
        )
        return Finding("unknown_faces", "reject", text, {"score": self.best.score})


def _name(layout: SourceLayout) -> str:
    return f"{layout.projection} {_eyes(layout)}"


def _eyes(layout: SourceLayout) -> str:
    """The stereo layout, whichever eye comes first: no picture tells."""
    return _EYES.get(layout.stereo, layout.stereo)


def _stereo(look: Hypothesis) -> str:
    return look.name.partition(" ")[2]


def _layout(look: Hypothesis) -> SourceLayout:
    projection, _, stereo = look.name.partition(" ")
    return SourceLayout(projection, stereo, "content", "", UNCROPPED)


def _percent(look: Hypothesis) -> str:
    return f"{100 * look.score:.0f} %"
