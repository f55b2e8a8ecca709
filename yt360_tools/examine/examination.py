"""What an examination found out about one video's files."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from yt360_tools.examine.findings import Finding, Hypothesis, verdict_of
from yt360_tools.media.probe import PictureProbe, SoundProbe
from yt360_tools.records import SourceLayout

AMBIX = (1.0, 1.0, 1.0, 1.0)
"""What AmbiX' channels are multiplied by."""


@dataclass(frozen=True)
class Examination:
    """What a video's picture and sound are, with the evidence.

    Attributes:
        findings: the gravest first.
        layout: how the sphere lies in the picture; None where that could not be decided.
        layouts: what the picture's content says of it, the best first.
        formats: what the sound's channels may be, the best first.
        channel_map: which decoded channels are W, Y, Z, X; empty where there is no sound field.
        channel_gains: what these are multiplied by to be SN3D.
        levels_dbfs: of each decoded channel, RMS.
        header_pose_deg: the pose that the picture's header states, whatever was made of it.
    """

    findings: tuple[Finding, ...]
    picture: PictureProbe | None = None
    sound: SoundProbe | None = None
    layout: SourceLayout | None = None
    layouts: tuple[Hypothesis, ...] = ()
    formats: tuple[Hypothesis, ...] = ()
    channel_map: tuple[int, ...] = ()
    channel_gains: tuple[float, ...] = AMBIX
    levels_dbfs: tuple[float, ...] = ()
    header_pose_deg: tuple[float, float, float] | None = None

    @property
    def verdict(self) -> str:
        """``accept``, ``fix``, ``doubt`` or ``reject``."""
        return verdict_of(self.findings)

    @property
    def unusable_spans(self) -> tuple[tuple[float, float, str], ...]:
        """From, to (seconds on the source's clock) and code of what no clip should be made of, by time."""
        spans = [(*span, finding.code) for finding in self.findings for span in finding.spans]
        return tuple(sorted((first, last, code) for first, last, code in spans if code in _UNUSABLE))

    def with_findings(self, findings: tuple[Finding, ...]) -> "Examination":
        """The same with other findings."""
        return dataclasses.replace(self, findings=findings)

    def as_plain(self) -> dict[str, Any]:
        """Plain values, fit for JSON."""
        plain = dataclasses.asdict(self)
        for finding, one in zip(plain["findings"], self.findings, strict=True):
            finding["numbers"] = dict(one.numbers)
        return {"verdict": self.verdict, **plain, "unusable_spans": [list(span) for span in self.unusable_spans]}


def read_examination(plain: dict[str, Any]) -> Examination:
    """What `Examination.as_plain` laid down; JSON has made lists of its tuples."""
    kept: dict[str, Any] = {
        item.name: plain[item.name] for item in dataclasses.fields(Examination) if item.name in plain
    }
    kept["findings"] = tuple(
        Finding(**{**one, "spans": tuple((first, last) for first, last in one["spans"])}) for one in kept["findings"]
    )
    for key in ("layouts", "formats"):
        kept[key] = tuple(Hypothesis(**{**one, "evidence": tuple(one["evidence"])}) for one in kept[key])
    for key, kind in (("picture", PictureProbe), ("sound", SoundProbe)):
        kept[key] = kind(**kept[key]) if kept[key] else None
    layout = kept["layout"]
    kept["layout"] = SourceLayout(**{key: _as_tuple(value) for key, value in layout.items()}) if layout else None
    return Examination(**{key: _as_tuple(value) for key, value in kept.items()})


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


_UNUSABLE = ("black", "black_spans", "frozen", "frozen_spans")
"""Silence is not among them: segmenting hears for itself, with its own limits."""
