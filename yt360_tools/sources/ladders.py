"""The grammar of a format policy: a ladder's rungs, such as ``eac height<=2160 vp9 fps<=60``, and what fits them.

docs/downloads-youtube.md has it with examples. What a ladder chooses is decided in `sources.policy`.
"""

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from yt360_tools.errors import UsageError, nearest
from yt360_tools.sources.offers import CODECS, PICTURES, SOUNDS, UNLABELLED, Offer

KINDS: dict[str, dict[str, tuple[str, ...]]] = {
    "picture": {"360": tuple(PICTURES.values()), **{kind: (kind,) for kind in PICTURES.values()},
                **{word: (kind,) for word, kind in PICTURES.items()}},
    "sound": {"spatial": SOUNDS, **{kind: (kind,) for kind in SOUNDS}, UNLABELLED: (UNLABELLED,)},
}  # fmt: skip
"""By track, a rung's first word, and the kinds of offers that it takes."""

_QUANTITIES = {"picture": ("height", "fps"), "sound": ("channels",)}
_FLAGS = {"picture": ("sdr", "hdr", "smallest", "upscaled"), "sound": ()}
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {"<=": operator.le, ">=": operator.ge, "=": operator.eq}
_BOUND = re.compile(r"([a-z]+)(<=|>=|=)(.+)")
_FEWEST_CHANNELS = 4


@dataclass(frozen=True)
class Bound:
    """Such as ``height<=2160``."""

    quantity: str
    comparison: str
    value: float

    def fault(self, offer: Offer) -> str:
        """Why an offer does not keep to it; empty when it does."""
        seen = getattr(offer, self.quantity)
        if seen is None:
            return f"{self.quantity} is not told"
        if _COMPARISONS[self.comparison](seen, self.value):
            return ""
        return f"{self.quantity} {seen:g} is not {self.comparison}{self.value:g}"


@dataclass(frozen=True)
class Rung:
    """One preference of a ladder.

    Attributes:
        text: as it is written in the configuration.
        kinds: which kinds of `Offer` it takes.
        codecs: the codecs that it takes, the preferred first; empty takes all.
        ids: YouTube's numbers of formats that it takes; empty takes all.
        language: of a sound; empty takes the original first.
        flags: of ``sdr``, ``hdr``, ``smallest``, ``upscaled``.
    """

    text: str
    kinds: tuple[str, ...]
    bounds: tuple[Bound, ...] = ()
    codecs: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    language: str = ""
    flags: tuple[str, ...] = ()

    def fault(self, offer: Offer) -> str:
        """Why an offer does not fit; empty when it does."""
        if offer.kind not in self.kinds:
            return f"{offer.kind} is another kind"
        if self.ids and offer.format_id.partition("-")[0] not in self.ids:
            return f"not one of id={','.join(self.ids)}"
        if self.codecs and offer.codec not in self.codecs:
            return f"{offer.codec or 'an unknown codec'} is not {' or '.join(self.codecs)}"
        if self.language and offer.language.partition("-")[0] != self.language.partition("-")[0]:
            return f"language {offer.language or 'unknown'} is not {self.language}"
        is_sdr = offer.dynamic_range in ("SDR", "")
        if ("sdr" in self.flags and not is_sdr) or ("hdr" in self.flags and is_sdr):
            return f"{offer.dynamic_range or 'SDR'} is not {'SDR' if 'sdr' in self.flags else 'HDR'}"
        if "upscaled" in offer.flaws and "upscaled" not in self.flags:
            return "upscaled by AI, which is no recording"
        return next((fault for bound in self.bounds if (fault := bound.fault(offer))), "")

    def order(self, offer: Offer) -> tuple[tuple[str, Any], ...]:
        """What decides among offers that fit, the least first: each with how a loser is told from the winner."""
        height = offer.height or 0
        tall = height if "smallest" in self.flags else -height
        return (
            ("it is " + " and ".join(offer.flaws).replace("_", " "), sum(flaw != "upscaled" for flaw in offer.flaws)),
            ("it has more lines" if "smallest" in self.flags else "it has fewer lines", tall),
            ("its codec is less preferred", self.codecs.index(offer.codec) if self.codecs else 0),
            ("it is HDR", offer.dynamic_range not in ("SDR", "")),
            ("it carries a sound too", offer.is_muxed),
            ("it is not the original language", -offer.language_preference),
            ("its bit rate is lower", -offer.bit_rate_kbps),
        )


def read_ladder(track: str, texts: Sequence[str]) -> tuple[Rung, ...]:
    """The rungs of a ladder for ``picture`` or ``sound``.

    Raises:
        UsageError: names the key, the rung and the word that is wrong, and the words that are known.
    """
    key = f"download.{track}"
    if not texts:
        what = "360" if track == "picture" else "spatial"
        raise UsageError(f"{key} has no rung, so that nothing would ever be fetched; the simplest is ['{what}']")
    return tuple(_read_rung(track, text, f"{key}, rung {number} {text!r}") for number, text in enumerate(texts, 1))


def _read_rung(track: str, text: str, where: str) -> Rung:
    first, *words = text.split() or [""]
    kinds = KINDS[track]
    if first.lower() not in kinds:
        other = KINDS["sound" if track == "picture" else "picture"]
        hint = f" (a word of the other ladder: {first})" if first.lower() in other else nearest(first, kinds)
        if first.lower() in ("stereo", "mono"):
            hint = "; stereo is no spatial sound, and is never fetched for it"
        raise UsageError(f"{where}: the first word must be the kind of {track}{hint}; known: {', '.join(kinds)}")
    found: dict[str, Any] = {"bounds": [], "codecs": (), "ids": (), "language": "", "flags": []}
    for word in words:
        _read_word(track, word.lower(), found, where)
    if {"sdr", "hdr"} <= set(found["flags"]):
        raise UsageError(f"{where}: 'sdr' and 'hdr' exclude each other")
    rung = Rung(
        text, kinds[first.lower()], **{**found, "bounds": tuple(found["bounds"]), "flags": tuple(found["flags"])}
    )
    if rung.kinds == (UNLABELLED,) and not rung.ids and not rung.bounds:
        raise UsageError(
            f"{where}: {UNLABELLED} sounds may be 5.1 surround; say which are meant with id= or channels=, such as "
            f"'{UNLABELLED} channels=4'"
        )
    return rung


def _read_word(track: str, word: str, found: dict[str, Any], where: str) -> None:
    if word in _FLAGS[track]:
        found["flags"].append(word)
        return
    codecs = word.split(">")
    if all(codec in CODECS[track] for codec in codecs):
        found["codecs"] = tuple(codecs)
        return
    parts = _BOUND.fullmatch(word)
    quantities = _QUANTITIES[track]
    if parts and parts[1] in ("id", "language") and parts[2] == "=":
        values = tuple(parts[3].split(","))
        found["ids" if parts[1] == "id" else "language"] = values if parts[1] == "id" else values[0]
        return
    known = (*CODECS[track], *_FLAGS[track], "id=N", *(f"{name}<=N" for name in quantities))
    known += ("language=LL",) if track == "sound" else ()
    if not parts or parts[1] not in quantities:
        raise UsageError(f"{where}: unknown word {word!r}{nearest(word, known)}; known: {', '.join(known)}")
    if not re.fullmatch(r"\d{1,5}(\.\d+)?", parts[3]):
        raise UsageError(f"{where}: {parts[1]} is compared with a number; got {parts[3]!r}")
    bound = Bound(parts[1], parts[2], float(parts[3]))
    if bound.quantity == "channels" and bound.comparison != ">=" and bound.value < _FEWEST_CHANNELS:
        raise UsageError(
            f"{where}: {word} leaves no spatial sound, which has {_FEWEST_CHANNELS} channels at least; stereo is none"
        )
    found["bounds"].append(bound)
