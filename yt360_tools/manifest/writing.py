"""Results beside manifests: written whole or not at all, and never over what they were made of."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from yt360_tools.errors import EnvironmentMissing, UsageError
from yt360_tools.manifest.formats import written_whole


def check_not_over(out: Path, sources: Iterable[Path]) -> None:
    """Refuse a result that would replace a source.

    Raises:
        UsageError: `out` is one of the sources, by any name.
    """
    for source in sources:
        with contextlib.suppress(OSError):
            if os.path.samefile(out, source):
                raise UsageError(f"{out} is what is read; name another file to write")


@contextlib.contextmanager
def text_written_whole(path: Path, *, not_over: Iterable[Path] = ()) -> Iterator[TextIO]:
    """A new text file in UTF-8, which is there when all is written.

    Raises:
        UsageError: it would replace one of `not_over`.
        EnvironmentMissing: it cannot be written.
    """
    check_not_over(path, not_over)
    try:
        with written_whole(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise EnvironmentMissing(f"{path} cannot be written: {error.strerror or error}") from error
