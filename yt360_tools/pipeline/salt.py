"""Random bytes of one workspace, with which what is kept of passwords is mixed: without them nothing can be guessed.

They lie beside the ledger and not in it, so that a ledger can be passed on.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from yt360_tools.errors import EnvironmentMissing
from yt360_tools.files import complete_file

SALT_FILE = ".salt"
"""What the file beside the ledger is called."""

_BYTES = 32
_FEWEST = 16


@dataclass(frozen=True)
class Salt:
    """The salt of one workspace; it is made when it is first asked for, and stays as it is.

    Attributes:
        path: the file that holds it.
        may_make: whether one is made where there is none.
    """

    path: Path
    may_make: bool = True

    def key(self) -> bytes:
        """The salt, 32 bytes; random ones, which nothing kept was made with, where there is none and none is made.

        Raises:
            EnvironmentMissing: it is to be made or kept, and its file cannot be read or written.
        """
        try:
            found = self._read()
            if found or not self.may_make:
                return found or os.urandom(_BYTES)
            with complete_file(self.path) as partial:
                partial.chmod(0o600)
                partial.write_bytes(os.urandom(_BYTES))
            return self._read()
        except OSError as error:
            if not self.may_make:
                return os.urandom(_BYTES)
            raise EnvironmentMissing(
                f"{self.path} cannot be used ({error.strerror or error}); mend its permissions, "
                "or remove it: what waits for another configuration of downloads is then asked for once more"
            ) from error

    def _read(self) -> bytes:
        """What the file holds; empty where there is none, or it was cut short."""
        try:
            found = self.path.read_bytes()
        except FileNotFoundError:
            return b""
        return found if len(found) >= _FEWEST else b""
