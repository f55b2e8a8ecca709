"""What YouTube offers for a video, asked without downloading, as plain values that can be chosen from again."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from yt360_tools.config import DownloadConfig
from yt360_tools.sources.information import facts_of
from yt360_tools.sources.offers import Offer, client_names, read_offer
from yt360_tools.sources.policy import Choice, Policy, choose
from yt360_tools.sources.ytdlp import ask_youtube


@dataclass(frozen=True)
class Listing:
    """What one video offers.

    Attributes:
        facts: title, upload date, length and the like.
        offers: the spheres, and the sounds that are or may be spatial.
        formats: how many formats there are in all.
        flat_pictures: ids of the pictures that are no spheres.
        stereo_sounds: ids of the sounds that are not spatial.
        languages: of its sound tracks, the original first.
        asked_at: when, in UTC, as ISO 8601.
    """

    facts: dict[str, Any]
    offers: tuple[Offer, ...]
    formats: int
    flat_pictures: tuple[str, ...]
    stereo_sounds: tuple[str, ...]
    languages: tuple[str, ...]
    asked_at: str

    def of(self, track: str) -> list[Offer]:
        """The spheres (``picture``) or the sounds (``sound``) that could be taken."""
        return [offer for offer in self.offers if offer.track == track]

    def choices(self, policy: Policy) -> dict[str, Choice]:
        """What a policy takes of it, by ``picture`` and ``sound``."""
        others = [Offer(format_id, "picture") for format_id in self.flat_pictures]
        others += [Offer(format_id, "sound") for format_id in self.stereo_sounds]
        return choose([*self.offers, *others], policy)

    def as_plain(self) -> dict[str, Any]:
        """As values that JSON holds; `read_listing` reads them."""
        return dataclasses.asdict(self) | {"offers": [_compact(offer) for offer in self.offers]}


def read_listing(plain: Mapping[str, Any]) -> Listing:
    """A listing from `Listing.as_plain`, also as JSON gives it back."""
    names = {item.name for item in dataclasses.fields(Offer)}
    offers = []
    for offer in plain["offers"]:
        values: dict[str, Any] = {key: value for key, value in offer.items() if key in names}
        offers.append(Offer(**values | {"flaws": tuple(offer.get("flaws", ()))}))
    lists = {key: tuple(plain[key]) for key in ("flat_pictures", "stereo_sounds", "languages")}
    return Listing(plain["facts"], tuple(offers), plain["formats"], asked_at=plain["asked_at"], **lists)


def list_youtube(video_id: str, config: DownloadConfig) -> Listing:
    """What YouTube offers for a video to the client, cookies and place that `config` asks with.

    Raises:
        MediaError: it is gone, or the id is none.
        TransientError: all else; another run, or another configuration, may succeed.
    """
    information = ask_youtube(video_id, config)
    clients = client_names()
    offers = [read_offer(entry, clients) for entry in information.get("formats") or []]
    sounds = sorted((offer for offer in offers if offer.track == "sound"), key=lambda offer: -offer.language_preference)
    return Listing(
        facts=facts_of(information, config),
        offers=tuple(offer for offer in offers if offer.kind),
        formats=len(offers),
        flat_pictures=tuple(offer.format_id for offer in offers if offer.track == "picture" and not offer.kind),
        stereo_sounds=tuple(offer.format_id for offer in sounds if not offer.kind),
        languages=tuple(dict.fromkeys(offer.language for offer in sounds if offer.language)),
        asked_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
    )


def _compact(offer: Offer) -> dict[str, Any]:
    """An offer's values that are not the default's: a ledger holds many."""
    empty = Offer("", "")
    plain = dataclasses.asdict(offer)
    return {key: value for key, value in plain.items() if value != getattr(empty, key) or key in ("format_id", "track")}
