"""How picture and sound lie in time: where each begins and ends, and whether the picture's clock runs forward."""

from yt360_tools.examine.findings import Finding
from yt360_tools.media.picture_packets import Packets
from yt360_tools.media.probe import PictureProbe, SoundProbe
from yt360_tools.thresholds import TimingThresholds


def timing_findings(picture: PictureProbe, sound: SoundProbe, thresholds: TimingThresholds) -> tuple[Finding, ...]:
    """``no_overlap``, or ``offset`` and ``ends_apart``; times in seconds on the source's clock."""
    both_s = min(picture.end_s, sound.end_s) - max(picture.start_s, sound.start_s)
    offset_s, apart_s = sound.start_s - picture.start_s, sound.end_s - picture.end_s
    numbers = {"offset_s": offset_s, "ends_apart_s": apart_s, "both_s": both_s}
    if both_s < thresholds.least_both_s:
        said = (
            f"picture ({_span(picture)}) and sound ({_span(sound)}) go together for {max(0.0, both_s):.2f} s; "
            f"at least {thresholds.least_both_s:g} s are needed"
        )
        return (Finding("no_overlap", "reject", said, numbers),)
    found = []
    if abs(offset_s) > thresholds.most_offset_s:
        said = f"the sound begins {_later(offset_s)} than the picture: are they in step?"
        found.append(Finding("offset", "doubt", said, numbers))
    if abs(apart_s) > thresholds.most_end_apart_s:
        said = f"the sound ends {_later(apart_s)} than the picture; what only one of them has is not used"
        found.append(Finding("ends_apart", "doubt", said, numbers))
    return tuple(found)


def clock_findings(packets: Packets, thresholds: TimingThresholds) -> tuple[Finding, ...]:
    """``bad_timestamps``: the picture's decoding times run backwards, or leave out a long time.

    Args:
        packets: of the picture.
    """
    import numpy as np

    gap_s = float(np.diff(packets.times_s).max()) if packets.times_s.size > 1 else 0.0
    numbers = {"went_back_s": packets.went_back_s, "longest_gap_s": gap_s}
    if packets.went_back_s > thresholds.most_back_s:
        said = f"the picture's timestamps run back by {packets.went_back_s:.2f} s: nobody can say what is seen when"
        return (Finding("bad_timestamps", "doubt", said, numbers),)
    if gap_s > thresholds.most_gap_s:
        first = int(np.argmax(np.diff(packets.times_s)))
        span = (float(packets.times_s[first]), float(packets.times_s[first + 1]))
        said = f"the picture has no frame from {span[0]:.2f} to {span[1]:.2f} s"
        return (Finding("bad_timestamps", "doubt", said, numbers, (span,)),)
    return ()


def _span(track: PictureProbe | SoundProbe) -> str:
    return f"{track.start_s:.2f} to {track.end_s:.2f} s"


def _later(seconds: float) -> str:
    return f"{abs(seconds):.2f} s {'later' if seconds > 0 else 'earlier'}"
