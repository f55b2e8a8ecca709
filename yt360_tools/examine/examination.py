"""What an examination found out about one video's files."""

import dataclasses
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from yt360_tools.examine.findings import Finding, Hypothesis, verdict_of
from yt360_tools.media.probe import PictureProbe, SoundProbe
from yt360_tools.media.probe_details import Clock, Colours, PictureDetails, SoundDetails
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
        picture_details: clocks, how frames come, rotation, colours; None where the picture does not decode.
        sound_details: clocks and samples; None where the sound does not decode.
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
    picture_details: PictureDetails | None = None
    sound_details: SoundDetails | None = None

    @property
    def verdict(self) -> str:
        """``accept``, ``fix``, ``doubt`` or ``reject``."""
        return verdict_of(self.findings)

    @property
    def verdict_of_sound(self) -> str:
        """What the verdict would be if nothing were wrong but what is wrong with a sound without a picture."""
        return verdict_of(finding for finding in self.findings if finding.code != "no_picture")

    def unusable_spans(self, least_s: float) -> tuple[tuple[float, float, str], ...]:
        """From, to (seconds on the source's clock) and code of what no clip should be made of, by time.

        Args:
            least_s: shorter ones do no harm.
        """
        spans = [(*span, finding.code) for finding in self.findings for span in finding.spans]
        return tuple(sorted(one for one in spans if one[2] in _UNUSABLE and one[1] - one[0] >= least_s))

    def as_plain(self) -> dict[str, Any]:
        """Plain values, fit for JSON."""
        plain = dataclasses.asdict(self)
        for finding, one in zip(plain["findings"], self.findings, strict=True):
            finding["numbers"] = dict(one.numbers)
        for details in (plain["picture_details"], plain["sound_details"]):
            if details:
                details["clock"]["tick"] = str(details["clock"]["tick"])
        return {"verdict": self.verdict, **plain}


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
    for key, read in (("picture_details", _picture_details), ("sound_details", _sound_details)):
        kept[key] = read(kept[key]) if kept.get(key) else None
    layout = kept["layout"]
    kept["layout"] = SourceLayout(**{key: _as_tuple(value) for key, value in layout.items()}) if layout else None
    return Examination(**{key: _as_tuple(value) for key, value in kept.items()})


def _picture_details(plain: dict[str, Any]) -> PictureDetails:
    return PictureDetails(**{**plain, "clock": _clock(plain["clock"]), "colours": Colours(**plain["colours"])})


def _sound_details(plain: dict[str, Any]) -> SoundDetails:
    return SoundDetails(**{**plain, "clock": _clock(plain["clock"])})


def _clock(plain: dict[str, Any]) -> Clock:
    return Clock(**{**plain, "tick": Fraction(plain["tick"])})


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


_UNUSABLE = ("black", "black_spans", "frozen", "frozen_spans")
"""Silence is not among them: segmenting hears for itself, with its own limits."""
