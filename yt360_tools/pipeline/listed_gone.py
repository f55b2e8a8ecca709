"""What ``download --list`` has found to be gone, of which no download asks again."""

from yt360_tools.config import DownloadConfig
from yt360_tools.manifest import Manifest
from yt360_tools.pipeline.fingerprints import source_digits
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.standing import DOWNLOAD, LISTING, Standing
from yt360_tools.records import Outcome


def as_outcomes(standings: dict[str, Standing], source: str) -> list[Outcome]:
    """What a listing of a source gave up, as outcomes of downloads.

    Args:
        source: the source's digits.
    """
    return [
        Outcome(video_id, DOWNLOAD, "rejected", one.reason, one.detail, {"source": source})
        for video_id, one in standings.items()
        if one.is_listed
    ]


def known_gone(manifest: Manifest, ledger: Ledger, config: DownloadConfig) -> frozenset[str]:
    """The videos that a listing of this source has found to be gone and that were not fetched nevertheless."""
    listed, fetched = (ledger.entries_of(stage, manifest.video_ids) for stage in (LISTING, DOWNLOAD))
    here = source_digits(config, ledger.salt)
    gone = {one for one, entry in listed.items() if entry.state == "rejected" and entry.data.get("source") == here}
    return frozenset(gone - {one for one, entry in fetched.items() if entry.state == "done"})
