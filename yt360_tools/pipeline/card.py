"""The card of a dataset of shards: what is in it, how it was made, whose it is, and how a video gets out of it."""

import json
from collections import Counter
from pathlib import Path

from yt360_tools.files import write_whole
from yt360_tools.manifest.descriptors import Descriptor
from yt360_tools.shards import ShardSet

CARD = "CARD.md"
"""The card's name, beside the shards."""

_NO_DATASET = (
    "Nobody has said which dataset this is. `yt360 shard card --dataset NAME` writes its citation and licence here "
    "(`yt360 manifest list` knows them)."
)
_RIGHTS = (
    "The videos are under the terms of their uploaders: a list of them may be published, shards made of them need the "
    "right to do so. A video whose owner wants it out goes by `yt360 shard remove PATH --video=ID`, which notes it "
    "in the shard."
)


def write_card(shards: ShardSet, target: Path, dataset: Descriptor | None = None) -> None:
    """Write the card of shards as Markdown.

    Raises:
        ShardError: a shard is damaged.
        EnvironmentMissing: the card cannot be written.
    """
    write_whole(target, card_text(shards, dataset).encode())


def card_text(shards: ShardSet, dataset: Descriptor | None = None) -> str:
    """The card, from what the shards say of themselves; only one clip of each shard is looked at."""
    parts = [f"# {dataset.title or dataset.name if dataset else 'A dataset of 360° clips with spatial audio'}"]
    if dataset and dataset.description:
        parts.append(dataset.description)
    parts += ["## What is in it", _counts(shards), _kinds(shards)]
    parts += ["## Rights", _RIGHTS, (dataset.licence or "No licence is known.") if dataset else _NO_DATASET]
    if dataset and dataset.citation:
        parts += ["## Citation", dataset.citation]
    parts += ["## How it was made", _recipe(shards), "## What happened to it since", _history(shards)]
    parts.append(
        "The format is described in docs/shard-format.md of yt360-tools; `yt360 shard verify` checks every byte."
    )
    return "\n\n".join(parts) + "\n"


def _counts(shards: ShardSet) -> str:
    lines = ["| split | videos | clips | hours | shards | bytes |", "|---|---|---|---|---|---|"]
    by_split: dict[str, list[Path]] = {}
    for path in shards.paths:
        by_split.setdefault(shards.contents(path).header.split, []).append(path)
    for split in sorted(by_split):
        entries = [entry for path in by_split[split] for entry in shards.contents(path).entries]
        hours = sum(entry.end_s - entry.start_s for entry in entries) / 3600
        size = sum(path.stat().st_size for path in by_split[split])
        videos = len({entry.video_id for entry in entries})
        lines.append(f"| {split} | {videos} | {len(entries)} | {hours:.3f} | {len(by_split[split])} | {size} |")
    return "\n".join(lines)


def _kinds(shards: ShardSet) -> str:
    kinds: Counter[str] = Counter()
    for path in shards.paths:
        entries = shards.contents(path).entries
        if not entries:
            continue
        clip = shards.clip(entries[0].clip_id)
        first, tracks = (clip.views[0].view if clip.views else None), clip.record.attributes
        seen = f"{len(clip.views)} x {first.projection} {first.width} x {first.height}" if first else "no view"
        pictures = f" at {clip.fps:g} fps ({tracks['views/0/frames']['codec']})" if first else ""
        sound = f"{clip.sample_rate_hz} Hz ({tracks['ambisonics']['codec']})"
        kinds[f"{seen}{pictures}; AmbiX W, Y, Z, X at {sound}"] += 1
    return "\n".join(f"- {kind}: {count} shards" for kind, count in kinds.items())


def _recipe(shards: ShardSet) -> str:
    """Each way in which shards were made, once."""
    recipes: Counter[str] = Counter()
    for path in shards.paths:
        header = shards.contents(path).header
        tools = ", ".join(f"{name} {version}" for name, version in sorted(header.tools.items()) if version)
        recipes[
            f"Tools: {tools or 'not known'}.\n\n```json\n{json.dumps(header.config, indent=2, sort_keys=True)}\n```"
        ] += 1
    return "\n\n".join(f"{count} shards. {recipe}" for recipe, count in recipes.items())


def _history(shards: ShardSet) -> str:
    lines = []
    for path in shards.paths:
        for note in shards.contents(path).header.history:
            facts = {name: value for name, value in note.items() if name in ("videos", "lost", "version", "clips")}
            told = f" {json.dumps(facts)}" if facts else ""
            lines.append(f"- {path.name}: {note['what']}, {note['when']}{told}")
    return "\n".join(lines) or "Nothing."
