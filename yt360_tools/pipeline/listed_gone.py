"""What ``download --list`` has found to be gone, of which no download asks again."""

from yt360_tools.config import DownloadConfig
from yt360_tools.manifest import Manifest
from yt360_tools.pipeline import download
from yt360_tools.pipeline.fingerprints import source_digits
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.records import Outcome

LISTING = "listing"
"""The ledger's name for what videos offer."""


def listed_gone(manifest: Manifest, ledger: Ledger, config: DownloadConfig) -> dict[str, Outcome]:
    """By video, the final answer of a listing as a download's outcome: of this source, newer than any download's."""
    listed, fetched = (ledger.entries_of(stage, manifest.video_ids) for stage in (LISTING, download.STAGE))
    here = source_digits(config, ledger.salt)
    found = {}
    for video_id, entry in listed.items():
        before = fetched.get(video_id)
        is_newer = before is None or before.state == "to_do" or (before.state == "failed" and before.at <= entry.at)
        if entry.state == "rejected" and entry.data.get("source") == here and is_newer:
            said = Outcome(video_id, download.STAGE, "rejected", entry.reason, entry.detail, {"source": here})
            found[video_id] = said
    return found


def known_gone(manifest: Manifest, ledger: Ledger) -> frozenset[str]:
    """The videos that a listing has found to be gone and that were not fetched nevertheless."""
    listed, fetched = (ledger.entries_of(stage, manifest.video_ids) for stage in (LISTING, download.STAGE))
    has = {video_id for video_id, entry in fetched.items() if entry.state == "done"}
    return frozenset(video_id for video_id, entry in listed.items() if entry.state == "rejected") - has
