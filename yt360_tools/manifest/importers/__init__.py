"""From a dataset's published lists, or a folder of media, to the rows of a manifest: one file a dataset."""

from collections.abc import Callable

from yt360_tools.errors import UsageError, nearest
from yt360_tools.manifest.importers.demo import import_demo
from yt360_tools.manifest.importers.findings import NO_SPLIT, Imported, ListFault
from yt360_tools.manifest.importers.folder import import_folder
from yt360_tools.manifest.importers.lists import Lists, PublishedList
from yt360_tools.manifest.importers.spatialaudiogen import import_spatialaudiogen
from yt360_tools.manifest.importers.sphere360 import import_sphere360
from yt360_tools.manifest.importers.starss23 import import_starss23
from yt360_tools.manifest.importers.yt360 import import_yt360
from yt360_tools.manifest.importers.yt_ambigen import import_yt_ambigen

__all__ = ["IMPORTERS", "NO_SPLIT", "Imported", "Importer", "ListFault", "Lists", "PublishedList", "importer_named"]

Importer = Callable[[Lists], Imported]

IMPORTERS: dict[str, Importer] = {
    "yt360": import_yt360,
    "spatialaudiogen": import_spatialaudiogen,
    "sphere360": import_sphere360,
    "yt-ambigen": import_yt_ambigen,
    "starss23": import_starss23,
    "demo": import_demo,
    "folder": import_folder,
}


def importer_named(name: str) -> Importer:
    """The importer of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in IMPORTERS:
        raise UsageError(f"no importer {name!r}{nearest(name, IMPORTERS)}; known: {', '.join(IMPORTERS)}")
    return IMPORTERS[name]
