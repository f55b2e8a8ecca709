"""Writing one shard, whole or not at all."""

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.shards.attributes import LIBRARY_VERSIONS, write_attributes
from yt360_tools.shards.codecs import reading_codec
from yt360_tools.shards.schema import (
    CONVENTIONS,
    FORMAT,
    VERSION,
    ClipContent,
    ShardHeader,
    attributes_sha256,
    content_sha256,
    record_sha256,
)


class ShardWriter:
    """Gathers clips and publishes them as one file.

    The HDF5 file is made in memory and its image is written under a temporary name, flushed to disk and
    renamed by `publish`: a full disk or a kill leaves no file that looks whole, and HDF5 never sees the
    disk fail. Leaving the `with` block without `publish` leaves nothing.
    """

    def __init__(self, path: Path, header: ShardHeader) -> None:
        import h5py

        self.path = path
        self.clip_ids: list[str] = []
        self._file = h5py.File(
            f"{path.name}.building", "w", driver="core", backing_store=False, libver=LIBRARY_VERSIONS
        )
        attributes: dict[str, str | int] = {
            "format": FORMAT,
            "version": VERSION,
            "split": header.split,
            "config": json.dumps(header.config, sort_keys=True),
            "tools": json.dumps(header.tools, sort_keys=True),
            "conventions": CONVENTIONS,
        }
        write_attributes(self._file, attributes | {"header_sha256": attributes_sha256(attributes)})
        self._clips = self._file.create_group("clips")

    def __enter__(self) -> "ShardWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, clip: ClipContent) -> str:
        """Add a clip; returns the checksum of its content."""
        datasets, attributes = _laid_out(clip)
        group = self._clips.create_group(clip.window.clip_id)
        for path, values in datasets.items():
            group.create_dataset(path, data=values)
        for path, entries in attributes.items():
            write_attributes(group[path] if path else group, entries)
        content = content_sha256(datasets)
        write_attributes(group, {"content_sha256": content, "record_sha256": record_sha256(content, attributes)})
        self.clip_ids.append(clip.window.clip_id)
        return content

    def publish(self) -> None:
        """Write the file, flush it to disk and give it its name.

        Raises:
            OSError: the disk is full, read-only or gone; no file bears the shard's name then.
        """
        self._file.flush()
        image = self._file.id.get_file_image()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        try:
            with temporary.open("wb") as file:
                file.write(image)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _laid_out(clip: ClipContent) -> tuple[dict[str, NDArray[Any]], dict[str, dict[str, Any]]]:
    """A clip's datasets by path and its attributes by group path, as `schema` describes them."""
    window = clip.window
    datasets: dict[str, NDArray[Any]] = {
        "window": np.array([window.start_s, window.end_s], np.float64),
        "rates": np.array([clip.fps, clip.sample_rate_hz], np.float64),
        "ambisonics": np.asarray(clip.ambisonics, np.float32),
    }
    attributes: dict[str, dict[str, Any]] = {
        "": {
            "clip_id": window.clip_id,
            "video_id": window.video_id,
            "split": window.split,
            "source": json.dumps(clip.source, sort_keys=True),
        }
    }
    for index, content in enumerate(clip.views):
        view, at = content.view, f"views/{index}"
        codec = reading_codec(content.encoded.codec, at)
        angles = [view.direction.yaw_deg, view.direction.pitch_deg, view.direction.roll_deg]
        datasets[f"{at}/direction"] = np.array([*angles, view.hfov_deg, view.vfov_deg], np.float64)
        datasets[f"{at}/beam"] = np.asarray(content.beam, np.float32)
        for name, values in codec.datasets(content.encoded.frames, view.height, view.width).items():
            datasets[f"{at}/{name}"] = values
        attributes[at] = {
            "projection": view.projection,
            "codec": codec.name,
            "width": view.width,
            "height": view.height,
        }
    return datasets, attributes
