"""What a clip takes along into its shard of how its video was fetched and examined."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from yt360_tools.pipeline import download, validate
from yt360_tools.pipeline.ledger import Ledger

_TAKEN = ("code", "severity", "text")


@dataclass(frozen=True)
class Provenance:
    """Of one video.

    Attributes:
        files: the sha256 of each file as fetched, by name.
        findings: what its examination found that did not reject it, each with code, severity and text.
    """

    files: dict[str, str]
    findings: tuple[dict[str, Any], ...] = ()


def provenances(ledger: Ledger, video_ids: Iterable[str]) -> dict[str, Provenance]:
    """What the ledger knows of these videos."""
    fetched, examined = ledger.entries(download.STAGE), ledger.entries(validate.STAGE)
    found = {}
    for video_id in dict.fromkeys(video_ids):
        files = fetched[video_id].data.get("files", {}) if video_id in fetched else {}
        examination = examined[video_id].data.get(validate.EXAMINATION) or {} if video_id in examined else {}
        found[video_id] = Provenance(
            {name: str(facts["sha256"]) for name, facts in sorted(files.items()) if "sha256" in facts},
            tuple({key: one[key] for key in _TAKEN} for one in examination.get("findings", ())),
        )
    return found
