"""Which revision of this project runs, where it runs from a checkout."""

from pathlib import Path


def git_revision(checkout: Path = Path(__file__).parents[1]) -> str:
    """The commit that a checkout stands at, as 40 hexadecimal digits; empty where there is none, as in a wheel.

    Read from the files of git, so that neither git nor another process is needed; changes that are not committed do
    not show.
    """
    git = checkout / ".git"
    try:
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        if (git / name).is_file():
            return (git / name).read_text(encoding="utf-8").strip()
        packed = (git / "packed-refs").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    return next((line.partition(" ")[0] for line in packed if line.endswith(f" {name}")), "")
