"""What lies beside a workspace's shards: the index of their clips, and the dataset's card."""

import logging

from yt360_tools.errors import ShardError, UsageError
from yt360_tools.pipeline.build import write_index
from yt360_tools.pipeline.card import CARD, write_card
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.shards import open_shards

logger = logging.getLogger(__name__)


def write_shard_tables(ledger: Ledger, workspace: Workspace) -> None:
    """Lay down ``index.csv`` and ``CARD.md``; without a shard there is no card."""
    write_index(ledger, workspace)
    card = workspace.shards / CARD
    try:
        with open_shards(workspace.shards) as shards:
            write_card(shards, card)
    except UsageError:  # there is no shard
        card.unlink(missing_ok=True)
    except ShardError as error:
        logger.warning("%s is not written: %s", card.name, error)
