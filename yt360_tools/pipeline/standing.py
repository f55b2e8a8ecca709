"""How a video stands before a run of downloads: whether it is asked for, and if not, what holds it and until when.

All that plans, prices, waits or tells asks here. Nothing here reads a clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Literal

from yt360_tools.config import DownloadConfig
from yt360_tools.manifest import Manifest
from yt360_tools.pipeline.declared_media import named_media, promised_checksums
from yt360_tools.pipeline.fingerprints import fingerprint, source_digits
from yt360_tools.pipeline.ledger import Entry, Ledger
from yt360_tools.pipeline.retrying import Waiting, tries_before, waits
from yt360_tools.sources.youtube import MISSING

DOWNLOAD, LISTING = "download", "listing"
"""The ledger's names for how videos were fetched, and for what ``download --list`` has learnt of them."""

ASKED_AT = "asked_at"
"""Where a listing's data tell when its answer came, if another policy has chosen from it since."""

State = Literal["done", "asked", "paused", "blocked", "given_up"]

_RESTS_ON = {"checksum": ("promised", "named"), "unsafe_path": ("named",), "ambiguous_media": ("named",)}
"""By reason, what the manifest says of a video that its rejection rests on."""


@dataclass(frozen=True)
class Declared:
    """What the manifest says of a video's files, by track (``""`` for one muxed file).

    Attributes:
        promised: their sha256.
        named: where they lie below a folder of media; empty where media come from elsewhere.
    """

    promised: Mapping[str, str] = field(default_factory=dict)
    named: Mapping[str, str] = field(default_factory=dict)

    def behind(self, reason: str) -> dict[str, Any]:
        """What of this a rejection for a reason rests on, for the ledger."""
        return {name: dict(getattr(self, name)) for name in _RESTS_ON.get(reason, ())}


@dataclass(frozen=True)
class Asking:
    """How a run asks.

    Attributes:
        source: digits of the source (`fingerprints.source_digits`).
        config: digits of all that decides what we are offered (`fingerprints.fingerprint`).
        youtube: digits of YouTube as a source, which is what listings ask.
        is_local: whether the source is a folder: it is looked through in every run.
        decode_timeout_s: seconds that decoding a fetched file's start and end may take.
    """

    source: str
    config: str
    youtube: str
    is_local: bool
    decode_timeout_s: float

    @classmethod
    def of(cls, config: DownloadConfig, ledger: Ledger, *, is_local: bool, decode_timeout_s: float) -> "Asking":
        """That of a run with this configuration, in the ledger's workspace."""
        source, digits = source_digits(config, ledger.salt), fingerprint(config, ledger.salt)
        youtube = source_digits(DownloadConfig(), ledger.salt)
        return cls(source, digits, youtube, is_local, decode_timeout_s)


@dataclass(frozen=True)
class Standing:
    """Whether a video is asked for.

    Attributes:
        state: ``done``; ``asked``: it may be, now; ``paused``: not before `until`; ``blocked``: it failed, and not
            before something is changed; ``given_up``: it was rejected, and not before somebody tells so.
        reason: of how it ended at last; empty where it did not end, or is done.
        detail: what was said of that.
        until: when a pause is over.
        tries: how often it was tried in vain under this configuration.
        is_listed: whether it is a listing that gave it up, and no download has tried since.
    """

    state: State
    reason: str = ""
    detail: str = ""
    until: datetime | None = None
    tries: int = 0
    is_listed: bool = False

    @property
    def is_asked(self) -> bool:
        """Whether it may be asked for now."""
        return self.state == "asked"


def standing(entry: Entry | None, listed: Entry | None, asking: Asking, declared: Declared, now: datetime) -> Standing:
    """How a video stands.

    Args:
        entry: its download's latest outcome.
        listed: its listing's latest outcome.
        now: an aware time.
    """
    if entry is not None and entry.state == "done":
        return Standing("done")
    if entry is not None and _is_rejected_for_good(entry, listed, asking, declared):
        return Standing("given_up", entry.reason, entry.detail)
    if listed is not None and _is_listed_gone(entry, listed, asking):
        return Standing("given_up", listed.reason, listed.detail, is_listed=True)
    if entry is None or entry.state != "failed":
        return Standing("asked", entry.reason if entry else "")
    tries = tries_before(entry, asking.config, asking.decode_timeout_s)
    held = None if asking.is_local else waits(entry, asking.config, now, asking.decode_timeout_s)
    if held is None:
        return Standing("asked", entry.reason, entry.detail, tries=tries)
    return Standing("paused" if held.until else "blocked", entry.reason, entry.detail, held.until, tries)


def standings(
    manifest: Manifest,
    ledger: Ledger,
    config: DownloadConfig,
    *,
    decode_timeout_s: float,
    is_local: bool | None = None,
    now: datetime | None = None,
) -> dict[str, Standing]:
    """How a manifest's videos stand, in its order.

    Args:
        decode_timeout_s: seconds that decoding a fetched file's start and end may take.
        is_local: whether the source is a folder of media; by default as the configuration says.
        now: an aware time; the present by default.
    """
    is_local = bool(config.media) if is_local is None else is_local
    asking = Asking.of(config, ledger, is_local=is_local, decode_timeout_s=decode_timeout_s)
    fetched, listed = (ledger.entries_of(stage, manifest.video_ids) for stage in (DOWNLOAD, LISTING))
    declared, moment = declared_media(manifest, is_local=is_local), now or datetime.now(timezone.utc)
    return {
        one: standing(fetched.get(one), listed.get(one), asking, declared.get(one, _NOTHING), moment)
        for one in manifest.video_ids
    }


def waiting_of(known: Mapping[str, Standing]) -> tuple[Waiting, ...]:
    """The videos that have failed and are left alone now."""
    return tuple(
        Waiting(video_id, one.reason, one.until)
        for video_id, one in known.items()
        if one.state in ("paused", "blocked")
    )


def declared_media(manifest: Manifest, *, is_local: bool) -> dict[str, Declared]:
    """By video, what the manifest says of its files; videos of which it says nothing are left out."""
    promised, named = promised_checksums(manifest), named_media(manifest) if is_local else {}
    return {one: Declared(promised.get(one, {}), named.get(one, {})) for one in {**promised, **named}}


_NOTHING = Declared()


def _is_rejected_for_good(entry: Entry, listed: Entry | None, asking: Asking, declared: Declared) -> bool:
    """Whether a rejection holds: for the source that gave it, for what the manifest said then, until a newer listing.

    What an older ledger does not tell of a rejection is taken to be as it is now.
    """
    if entry.state != "rejected" or _is_of_another(entry, asking):
        return False
    rests_on = declared.behind(entry.reason)
    if any(entry.data.get(name, now) != now for name, now in rests_on.items()):
        return False
    return not (
        listed is not None and asking.source == asking.youtube and _found(listed) and _heard(listed) >= entry.at
    )


def _is_listed_gone(entry: Entry | None, listed: Entry, asking: Asking) -> bool:
    """Whether a listing of this source has found a video gone, and no download has tried it since."""
    if listed.state != "rejected" or listed.data.get("source") != asking.source:
        return False
    is_silent = entry is None or entry.state == "to_do" or (entry.state == "rejected" and _is_of_another(entry, asking))
    return is_silent or (entry is not None and entry.at <= listed.at)


def _is_of_another(entry: Entry, asking: Asking) -> bool:
    """Whether a rejection was given by another source than the one that is asked now."""
    return bool(entry.data.get("source", asking.source) != asking.source)


def _found(listed: Entry) -> bool:
    """Whether a listing was answered with a video that is there."""
    return listed.state == "done" or listed.reason in MISSING.values()


def _heard(listed: Entry) -> str:
    """When the answer of a listing came: since then, another policy may have chosen from it anew."""
    return str(listed.data.get(ASKED_AT, listed.at))
