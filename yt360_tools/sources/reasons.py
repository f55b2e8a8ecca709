"""Why a download ended as it did: the vocabulary, and what each word means for the next run.

A reason is *final* (the state ``rejected``: not asked again unless told), *needs_change* (``failed``: asked again when
told, or under another configuration of downloads), or it *heals* (``failed``: asked again by itself, after a pause).
What yt-dlp's and a server's words mean is read in `sources.verdicts`.
"""

from dataclasses import dataclass
from typing import Literal

from yt360_tools.errors import ItemError, MediaError, TransientError

Kind = Literal["final", "needs_change", "heals"]

KINDS: dict[Kind, tuple[str, str]] = {
    "final": ("rejected", "not asked again unless told"),
    "needs_change": ("failed", "asked again when told, or when the configuration of downloads is another one"),
    "heals": ("failed", "asked again by itself, after growing pauses, within a run and across runs"),
}
"""By kind, the state that it leaves in the ledger, and when such a video is asked for again."""


@dataclass(frozen=True)
class Reason:
    """One way for a download to end.

    Attributes:
        name: the word in the ledger.
        kind: ``final``, ``needs_change`` or ``heals``.
        meaning: what happened, for a person.
        advice: what to do about it; empty when nothing helps.
    """

    name: str
    kind: Kind
    meaning: str
    advice: str = ""

    @property
    def state(self) -> str:
        """``rejected`` or ``failed``."""
        return KINDS[self.kind][0]

    def error(self, words: str) -> ItemError:
        """One of our errors for this reason: what was said, and the advice behind it."""
        kind = MediaError if self.kind == "final" else TransientError
        return kind(self.name, f"{words.rstrip('.;')}; {self.advice}" if self.advice else words)


_COOKIES = "give cookies of an account that may see it (download.cookies_file or download.cookies_from_browser)"
_CLIENTS = "ask other clients (download.player_clients, or a token in download.extractor_args), or update yt-dlp"

_ALL = (
    Reason("gone_private", "final", "its owner has made it private"),
    Reason("gone_removed", "final", "it was removed: by its uploader, by YouTube, or for a copyright claim"),
    Reason("gone_terminated", "final", "its channel was terminated or closed"),
    Reason("gone", "final", "it is not there any more (404 or 410, or YouTube does not say why)"),
    Reason(
        "unsupported", "final", "the id is none of a YouTube video",
        "this is no id of a YouTube video; mend the manifest",
    ),
    Reason(
        "checksum", "final", "the file's sha256 is not the promised one, nor is that of a fresh copy",
        "ask the list's publisher which file is meant, or leave the checksum out of the manifest",
    ),
    Reason("restricted_age", "needs_change", "YouTube asks for the viewer's age", _COOKIES),
    Reason(
        "restricted_region", "needs_change", "it does not play in this country",
        "reach it from a country where it plays (download.proxy)",
    ),
    Reason("restricted_members", "needs_change", "it is for members, or must be paid for", _COOKIES),
    Reason(
        "no_360_picture", "needs_change", "no 360° picture that the policy takes was offered",
        f"{_CLIENTS}; download.picture and download.max_height say what is taken",
    ),
    Reason(
        "no_spatial_sound", "needs_change", "no spatial sound that the policy takes was offered; stereo is none",
        f"{_CLIENTS}; download.sound says what is taken",
    ),
    Reason("no_formats", "needs_change", "nothing that can be downloaded was offered, or only under DRM", _CLIENTS),
    Reason(
        "refused", "needs_change", "the server refused (401, 403, 407, 451)",
        "give what it asks for: cookies, user:password@ in the address, a token, other clients or "
        "another download.proxy",
    ),
    Reason(
        "cookies", "needs_change", "cookies cannot be loaded, or are asked for",
        "see download.cookies_from_browser and download.cookies_file, and whether the browser is closed",
    ),
    Reason(
        "not_media", "needs_change", "the answer is a page or a list, not media",
        "look at the address in a browser: it may ask for a login, or be wrong",
    ),
    Reason(
        "over_budget", "needs_change", "raw media would take more than their budget",
        "give more with --raw-budget-gb, or a lower download.max_height",
    ),
    Reason(
        "bot_wall", "heals", "YouTube takes this address for a robot's",
        "give cookies (download.cookies_file or download.cookies_from_browser), a token (download.extractor_args) "
        "or another download.proxy",
    ),
    Reason(
        "rate_limited", "heals", "too many requests (429)",
        "run again later, with a greater download.sleep_s and fewer download.jobs",
    ),
    Reason("network", "heals", "the network or the server failed (5xx, a reset, a timeout)"),
    Reason(
        "live", "heals", "it is live, has not begun, or has only just ended",
        "run again when the recording is there",
    ),
    Reason(
        "unavailable", "heals", "YouTube says 'unavailable' and not why",
        f"YouTube does not say that it is gone: {_CLIENTS}, or use cookies or a proxy",
    ),
    Reason("incomplete", "heals", "bytes or duration fall short of what was announced, or the end does not decode"),
    Reason(
        "unchecked", "heals", "it was fetched, and its decoder was killed or took too long: its bytes are kept",
        "run again, with more memory, or with another validate.decode_timeout_s, under which it is asked for at once",
    ),
    Reason("disk", "heals", "a file cannot be written", "mend the disk or its permissions, then run again"),
    Reason("disk_full", "heals", "the disk is full", "free space, then run again"),
    Reason("unknown", "heals", "none of the words above; yt-dlp's own stand in the detail"),
)  # fmt: skip

REASONS: dict[str, Reason] = {reason.name: reason for reason in _ALL}
"""Every reason by its name, the final ones first."""


def reason_policy(name: str) -> Reason:
    """What is known of a reason; a word that is none of them counts as ``unknown``, which heals."""
    return REASONS.get(name, REASONS["unknown"])
