"""Writing one shard, whole or not at all."""

import os
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.shards.attributes import LIBRARY_VERSIONS, write_attributes
from yt360_tools.shards.capsules import HEADER_MARK, sealed
from yt360_tools.shards.catalogue import Entry, catalogue_datasets, catalogue_sha256
from yt360_tools.shards.layout import Attributes, Datasets, laid_out
from yt360_tools.shards.record import Place, Record, content_of
from yt360_tools.shards.schema import ClipContent, ShardHeader, array_sha256, attributes_sha256
from yt360_tools.shards.seal import SEAL_BYTES, seal_of


class ShardWriter:
    """Gathers clips and publishes them as one file.

    The HDF5 file is made in memory and its image is written under a temporary name, flushed to disk and
    renamed by `publish`: a full disk or a kill leaves no file that looks whole, and HDF5 never sees the
    disk fail. Leaving the `with` block without `publish` leaves nothing.
    """

    def __init__(self, path: Path, header: ShardHeader) -> None:
        import h5py

        self.path = path
        self._entries: list[Entry] = []
        self._attributes = header.attributes()
        self._file = h5py.File(
            f"{path.name}.building", "w", driver="core", backing_store=False, libver=LIBRARY_VERSIONS
        )
        self._file.create_dataset("header", data=sealed(HEADER_MARK, self._attributes))
        self._seal_at = _stored(self._file, "seal", np.zeros(SEAL_BYTES, np.uint8)).address
        self._clips = self._file.create_group("clips")

    def __enter__(self) -> "ShardWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def clip_ids(self) -> list[str]:
        """Of the clips that were added, in their order."""
        return [entry.clip_id for entry in self._entries]

    def add(self, clip: ClipContent) -> str:
        """Add a clip; returns the checksum of its content."""
        return self.add_laid_out(*laid_out(clip))

    def add_laid_out(self, datasets: Datasets, attributes: Attributes) -> str:
        """Add a clip as `layout.laid_out` gives it, such as one out of another shard."""
        clip_id = str(attributes[""]["clip_id"])
        group = self._clips.create_group(clip_id)
        places = {path: _stored(group, path, values) for path, values in datasets.items()}
        record = Record(dict(attributes), places, content_of(places))
        for path, entries in attributes.items():
            write_attributes(group[path] if path else group, entries)
        write_attributes(group, {"content_sha256": record.content_sha256})
        at = _stored(group, "record", record.sealed())
        start_s, end_s = datasets["window"].tolist()
        self._entries.append(Entry(clip_id, str(attributes[""]["video_id"]), start_s, end_s, at.address, at.nbytes))
        return record.content_sha256

    def publish(self) -> None:
        """Write the file, flush it to disk and give it its name.

        Raises:
            OSError: the disk is full, read-only or gone; no file bears the shard's name then.
        """
        catalogue = catalogue_datasets(self._entries)
        for name, values in catalogue.items():
            self._file.create_dataset(f"catalogue/{name}", data=values)
        attributes = self._attributes | {"catalogue_sha256": catalogue_sha256(catalogue)}
        write_attributes(self._file, attributes | {"header_sha256": attributes_sha256(attributes)})
        self._file.flush()
        image = memoryview(self._file.id.get_file_image())
        before, behind = image[: self._seal_at], image[self._seal_at + SEAL_BYTES :]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        try:
            with temporary.open("wb") as file:
                for part in (before, seal_of(before, behind), behind):
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _stored(group: Any, path: str, values: NDArray[Any]) -> Place:
    """Store an array in one piece, and say where it came to lie."""
    values = np.ascontiguousarray(values)
    dataset = group.create_dataset(path, data=values)
    return Place(values.dtype.str, values.shape, int(dataset.id.get_offset() or 0), array_sha256(values))
