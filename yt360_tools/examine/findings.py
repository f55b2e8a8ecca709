"""What an examination says: findings, hypotheses with scores, and the verdict that follows from them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

SEVERITIES = ("note", "fix", "doubt", "reject")
"""From what is only worth knowing to what makes a file useless."""

VERDICTS = ("accept", "fix", "doubt", "reject")
"""Accept; accept with a fix that is applied when clips are built; a person should look; reject."""

Span = tuple[float, float]
"""From, to: seconds on the source's clock."""


@dataclass(frozen=True)
class Finding:
    """One thing that was found out about a file.

    Attributes:
        code: a word of `codes.CODES`.
        severity: one of `SEVERITIES`.
        text: what was seen, and what follows, as a sentence for a person.
        numbers: the evidence, by name (with the unit behind the last ``_``).
        spans: where in the file, if not all over it.
    """

    code: str
    severity: str
    text: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Hypothesis:
    """One answer to a question, and how much speaks for it.

    Attributes:
        name: the answer, such as ``er mono`` or ``fuma``.
        score: 0 to 1; those of all answers to one question sum to 1.
        evidence: what was measured for or against it, in words with numbers.
    """

    name: str
    score: float
    evidence: tuple[str, ...] = ()


def verdict_of(findings: Iterable[Finding]) -> str:
    """The one of `VERDICTS` that the gravest finding asks for."""
    gravest = max((SEVERITIES.index(finding.severity) for finding in findings), default=0)
    return VERDICTS[gravest]
