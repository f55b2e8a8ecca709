"""The format policy at work: what two ladders of preferences choose of what is offered, and why."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from yt360_tools.config import DownloadConfig
from yt360_tools.sources.ladders import Bound, Rung, read_ladder
from yt360_tools.sources.offers import Offer


@dataclass(frozen=True)
class Policy:
    """Both ladders, and what holds on every rung of the picture's."""

    picture: tuple[Rung, ...]
    sound: tuple[Rung, ...]
    max_height: int


@dataclass(frozen=True)
class Choice:
    """What is chosen for a track, and why.

    Attributes:
        offer: None when no rung is fit by anything.
        why: a sentence.
        passed_over: by reason, the ids of the formats of this track that were not taken for it.
    """

    offer: Offer | None
    why: str
    passed_over: dict[str, list[str]] = field(default_factory=dict)


def read_policy(config: DownloadConfig) -> Policy:
    """The ladders of a configuration.

    Raises:
        UsageError: names the key, the rung and the word that is wrong, and the words that are known.
    """
    return Policy(read_ladder("picture", config.picture), read_ladder("sound", config.sound), config.max_height)


def choose(offers: Sequence[Offer], policy: Policy) -> dict[str, Choice]:
    """The choice for ``picture`` and for ``sound`` among what is offered."""
    ceiling = Bound("height", "<=", policy.max_height)
    too_tall = {id(offer): fault for offer in offers if offer.height and (fault := ceiling.fault(offer))}
    blocked = {key: f"{fault} (download.max_height)" for key, fault in too_tall.items()}
    blocked |= {id(offer): "protected by DRM" for offer in offers if "drm" in offer.flaws}
    return {
        "picture": _choose("picture", offers, policy.picture, blocked, "nothing says that it is a sphere"),
        "sound": _choose("sound", offers, policy.sound, blocked, "nothing says that it is spatial"),
    }


def _choose(track: str, offers: Sequence[Offer], ladder: Sequence[Rung], blocked: dict[int, str], unfit: str) -> Choice:
    passed: dict[str, list[str]] = {}

    def pass_over(offer: Offer, why: str) -> None:
        passed.setdefault(why, []).append(offer.format_id)

    candidates = []
    for offer in (offer for offer in offers if offer.track == track):
        if not offer.kind:
            pass_over(offer, unfit)
        elif id(offer) in blocked:
            pass_over(offer, blocked[id(offer)])
        else:
            candidates.append(offer)
    for number, rung in enumerate(ladder, 1):
        fits = [offer for offer in candidates if not rung.fault(offer)]
        if not fits:
            continue
        best = min(fits, key=lambda offer: [value for _, value in rung.order(offer)])
        for offer in candidates:
            if offer is not best:
                pass_over(offer, rung.fault(offer) or _behind(rung, best, offer))
        of = f" of {len(fits)} that fit" if len(fits) > 1 else ""
        way = "smallest" if "smallest" in rung.flags else "tallest"
        first = f" ({way}{of})" if track == "picture" and of else f" (best{of})" if of else ""
        skipped = f"; nothing fits {_named(ladder[: number - 1])}" if number > 1 else ""
        return Choice(best, f"{described(best)}: rung {number} '{rung.text}'{first}{skipped}", passed)
    for offer in candidates:
        near = [rung for rung in ladder if offer.kind in rung.kinds]
        pass_over(offer, near[-1].fault(offer) if near else f"no rung takes {offer.kind}")
    return Choice(None, _nothing(track, passed, ladder), passed)


def _behind(rung: Rung, best: Offer, offer: Offer) -> str:
    """The first thing by which an offer that fits is behind the best one."""
    pairs = zip(rung.order(best), rung.order(offer), strict=True)
    return next((words for (_, ahead), (words, behind) in pairs if behind > ahead), "it is listed later")


def _nothing(track: str, passed: dict[str, list[str]], ladder: Sequence[Rung]) -> str:
    if not passed:
        return f"no {track} is offered at all"
    counted = ", ".join(f"{why}: {' '.join(ids)}" for why, ids in passed.items())
    return f"none of the {track}s offered fits {_named(ladder)}: {counted}"


def _named(rungs: Sequence[Rung]) -> str:
    return ", ".join(f"'{rung.text}'" for rung in rungs)


def described(offer: Offer) -> str:
    """An offer in a few words: ``313 eac 3840x2160 vp9 30 fps``, ``338 ambisonics_quad 4 channels opus``."""
    lines = f"{offer.width}x{offer.height}" if offer.width and offer.height else f"{offer.height or '?'} lines"
    frames = f"{offer.fps:g} fps" if offer.fps else ""
    channels = f"{offer.channels} channels" if offer.channels else ""
    size = (lines, offer.codec, frames) if offer.track == "picture" else (channels, offer.codec, offer.language)
    hdr = offer.dynamic_range if offer.dynamic_range not in ("SDR", "") else ""
    return " ".join(word for word in (offer.format_id, offer.kind, *size, hdr) if word)
