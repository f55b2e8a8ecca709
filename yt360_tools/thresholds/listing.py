"""All thresholds as a table for people: ``python -m yt360_tools.thresholds.listing`` prints it for the docs."""

import dataclasses

from yt360_tools.thresholds import PictureThresholds, SoundThresholds, TimingThresholds

SECTIONS = {"picture": PictureThresholds, "sound": SoundThresholds, "timing": TimingThresholds}


def markdown_table(section: str) -> str:
    """The thresholds of one of `SECTIONS` as a Markdown table: key, default with unit, what it decides, its origin."""
    lines = ["| key | default | what it decides | where it comes from |", "|---|---|---|---|"]
    for item in dataclasses.fields(SECTIONS[section]):
        unit = item.metadata["unit"]
        default = f"{item.default:g}" + (f" {unit}" if unit else "")
        lines.append(f"| `{item.name}` | {default} | {item.metadata['says']} | {item.metadata['origin']} |")
    return "\n".join(lines)


if __name__ == "__main__":
    for name in SECTIONS:
        print(f"`[{name}]`\n\n{markdown_table(name)}\n")
