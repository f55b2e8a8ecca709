"""A demo world: its own ``manifest.csv``."""

from yt360_tools.errors import UsageError
from yt360_tools.manifest.importers.findings import Findings, Imported
from yt360_tools.manifest.importers.lists import Lists
from yt360_tools.manifest.table import read_manifest

_MANIFEST = "manifest.csv"


def import_demo(lists: Lists) -> Imported:
    """The rows of a world that ``yt360 demo`` made."""
    findings = Findings()
    try:
        manifest = read_manifest(lists.folder / _MANIFEST)
    except UsageError as error:
        findings.fault(_MANIFEST, 0, "unreadable", f"{error}")
        return findings.imported()
    findings.rows += manifest.rows
    for fault in manifest.faults:
        findings.fault(_MANIFEST, fault.line, fault.reason, fault.message.partition(": ")[2])
    return findings.imported()
