"""What happens to a shard after it was built, as its header tells it."""

from datetime import datetime, timezone
from typing import Any


def happened(what: str, **facts: Any) -> dict[str, Any]:
    """An entry of a header's history: what was done (``repair``, ``migrate``, ...), when, and the facts."""
    return {"what": what, "when": datetime.now(timezone.utc).isoformat(timespec="seconds"), **facts}
