"""Where results are written: looked at before the work begins. No folder is made for a file that is named."""

from pathlib import Path

from yt360_tools.errors import EnvironmentMissing, UsageError


def check_out(path: Path | None) -> None:
    """Refuse a file whose folder is not there; None is no file.

    Raises:
        EnvironmentMissing: it tells the folder.
    """
    if path is not None and not path.parent.is_dir():
        raise EnvironmentMissing(f"{path} cannot be written: there is no folder {path.parent}")


def check_plot(path: Path | None) -> None:
    """Refuse a picture whose name does not end in .png, or whose folder is not there; None is no picture.

    Raises:
        UsageError: it has another name.
        EnvironmentMissing: it tells the folder.
    """
    if path is not None and path.suffix.lower() != ".png":
        raise UsageError(f"a plot is a PNG: {path} should end with .png")
    check_out(path)
