"""What is odd about what a file's header asks of players: turning the picture, and colours."""

from yt360_tools.examine.findings import Finding
from yt360_tools.media.probe_details import PictureDetails

_HDR = {"smpte2084": "PQ", "arib-std-b67": "HLG"}
_WIDE = ("bt2020", "smpte431", "smpte432")


def probe_findings(details: PictureDetails) -> tuple[Finding, ...]:
    """``rotation_flag`` and ``odd_colours``.

    A quarter turn makes a panorama stand upright, which no camera means: a doubt. Half a turn, or a mirror, is worth
    knowing only: the picture is read as it is stored, and its layout is decided by what it shows.
    """
    return (*_rotation_findings(details), *_colour_findings(details))


def _rotation_findings(details: PictureDetails) -> tuple[Finding, ...]:
    if not details.rotation_deg and not details.is_mirrored:
        return ()
    asked = [f"turn the picture by {details.rotation_deg} degrees"] if details.rotation_deg else []
    asked = ["mirror the picture", *asked] if details.is_mirrored else asked
    said = f"its header asks players to {' and to '.join(asked)}; it is read as it is stored"
    numbers = {"rotation_deg": float(details.rotation_deg), "is_mirrored": float(details.is_mirrored)}
    severity = "doubt" if details.rotation_deg % 180 else "note"
    return (Finding("rotation_flag", severity, said, numbers),)


def _colour_findings(details: PictureDetails) -> tuple[Finding, ...]:
    colours = details.colours
    odd = []
    if colours.transfer in _HDR:
        odd.append(
            f"it is high dynamic range ({_HDR[colours.transfer]}), which looks dull where it is taken for another"
        )
    if colours.primaries in _WIDE:
        odd.append(f"its colours are wide ones ({colours.primaries}), which look pale where they are taken for others")
    if colours.space == "rgb" and colours.pixel_format.startswith("yuv"):
        odd.append(f"its header says RGB, and its pixels are {colours.pixel_format}")
    if colours.pixel_format.startswith("gray"):
        odd.append("it is in shades of grey")
    return (Finding("odd_colours", "note", "; ".join(odd), {"bits": float(colours.bits)}),) if odd else ()
