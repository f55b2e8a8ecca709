"""Manifests: which clips of which videos make a dataset."""

from yt360_tools.manifest.checked import FaultGroup
from yt360_tools.manifest.checks import ManifestCheck, check_manifest
from yt360_tools.manifest.statistics import ManifestStatistics, manifest_statistics
from yt360_tools.manifest.table import Fault, Manifest, read_manifest, write_manifest

__all__ = [
    "Fault",
    "FaultGroup",
    "Manifest",
    "ManifestCheck",
    "ManifestStatistics",
    "check_manifest",
    "manifest_statistics",
    "read_manifest",
    "write_manifest",
]
