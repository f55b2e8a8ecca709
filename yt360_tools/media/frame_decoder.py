"""Going forward through the pictures of a file: at each moment the last one and the next one."""

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from yt360_tools.errors import MediaError
from yt360_tools.media.containers import foreign_errors, opened, start_of
from yt360_tools.media.foreseen import Foreseen, Foresight

_SEEK_GAP_S = 5.0
_EDGE_S = 0.1


class FrameDecoder:
    """Walks forward through the frames of a file and holds the last one and the next one.

    Frames that no window shows and to which no other refers are passed over: at half a film's rate that is a sixth
    of the work. Should the frame at some moment not be the foreseen one, all are decoded from there on.

    Args:
        threads: the decoder's; with more than one every frame is decoded.
    """

    def __init__(self, path: Path, threads: int) -> None:
        self._path, self._threads = path, threads
        self._foresight = Foresight(path) if threads == 1 else None
        self._foreseen: Foreseen | None = None
        self._open()
        stream = self._stream
        self.tick = Fraction(stream.time_base)
        self._tick_s = float(stream.time_base)
        self.half_tick_s = min(self._tick_s / 2, 0.0005) + 1e-6
        self._interval_s = 1 / float(stream.average_rate or 25)

    def _open(self) -> None:
        self._context = opened(self._path, "video")
        self._container, self._stream = self._context.__enter__()
        self._stream.codec_context.thread_count = self._threads
        self._stream.codec_context.thread_type = "FRAME" if self._threads > 1 else "SLICE"
        self._first_s: float | None = None
        self._is_straight = True
        self._restart(start_of(self._stream))

    def _restart(self, near_s: float) -> None:
        self._frames: Iterator[Any] | None = self._decoded()
        self._held: Any = None
        self._next: Any = None
        self._position_s = near_s

    def _decoded(self) -> Iterator[Any]:
        codec, passes_over = self._stream.codec_context, False
        codec.skip_frame = "DEFAULT"  # before a search it may have been otherwise
        for packet in self._container.demux(self._stream):
            is_spare = self._foreseen is not None and packet.pts in self._foreseen.spare
            if is_spare != passes_over:
                codec.skip_frame = "NONREF" if is_spare else "DEFAULT"
                passes_over = is_spare
            yield from packet.decode()

    def close(self) -> None:
        """Let go of the file."""
        if self._foresight is not None:
            self._foresight.close()
        self._let_go()

    def _let_go(self) -> None:
        self._held = self._next = self._frames = None
        self._context.__exit__(None, None, None)

    def expect(self, targets_s: Sequence[float]) -> None:
        """Say which frames `frame_at` will be asked for next, in rising order; none: any may be."""
        spare = self._foreseen.spare if self._foreseen is not None else ()
        if spare and self._position_s < max(spare) * self._tick_s:
            self._position_s = -math.inf  # left early: what comes next may have been passed over, and is searched anew
        limits_s = [target_s + self.half_tick_s for target_s in targets_s]
        self._foreseen = self._foresight.foresee(limits_s) if self._foresight is not None and limits_s else None

    def frame_at(self, target_s: float) -> Any:
        """The last frame whose time is not after `target_s`.

        Raises:
            MediaError: ``window_outside_video`` or ``unreadable_video``.
        """
        if self._foreseen is None:
            return self._frame_at(target_s)
        try:
            frame = self._frame_at(target_s)
            if frame.pts == self._foreseen.at(target_s + self.half_tick_s):
                return frame
        except MediaError:
            pass
        self._foresight = self._foreseen = None
        self._reopen()
        return self._frame_at(target_s)

    def _frame_at(self, target_s: float) -> Any:
        limit_s = target_s + self.half_tick_s
        gap_s = target_s - self._position_s
        behind = self._held is not None and limit_s < self._time(self._held) and not self._is_first(self._held)
        if behind or gap_s > _SEEK_GAP_S:
            self._seek(limit_s)
        while self._held is None or self._next is not None or self._frames is not None:
            if self._next is None:
                self._next = self._decode_or_break()
            if self._next is None or (self._held is not None and self._time(self._next) > limit_s):
                break
            self._held, self._next = self._next, None
            self._position_s = self._time(self._held)
            if self._first_s is None and self._is_straight:
                self._first_s = self._position_s
            if self._position_s > limit_s:
                break
        self._check_inside(target_s, limit_s)
        return self._held

    def frame_after(self) -> tuple[float, Any] | None:
        """The time of the frame after the last one that was given, and it; None at the end."""
        if self._next is None and self._frames is not None:
            self._next = self._decode_or_break()
        if self._next is None:
            return None
        self._held, self._next = self._next, None
        self._position_s = self._time(self._held)
        return self._position_s, self._held

    def _is_first(self, frame: Any) -> bool:
        return self._first_s is not None and self._time(frame) <= self._first_s

    def _check_inside(self, target_s: float, limit_s: float) -> None:
        if self._held is None:
            raise MediaError("unreadable_video", f"{self._path.name}: not one frame of its picture decodes")
        held_s = self._time(self._held)
        if held_s > limit_s + max(_EDGE_S, self._interval_s):
            raise MediaError(
                "window_outside_video",
                f"{self._path.name}: a frame at {target_s:.3f} s is wanted, and the picture begins at {held_s:.3f} s",
            )
        lasts_s = max(_EDGE_S, 2 * self._interval_s, (self._held.duration or 0) * self._tick_s)
        if self._next is None and self._frames is None and limit_s > held_s + lasts_s:
            raise MediaError(
                "window_outside_video",
                f"{self._path.name}: a frame at {target_s:.3f} s is wanted, and the picture's "
                f"last one is at {held_s:.3f} s",
            )

    def _time(self, frame: Any) -> float:
        return float(frame.pts * self._tick_s)

    def _decode_or_break(self) -> Any:
        """As `_decode`; after an error the next target is searched anew, so that other windows may be read."""
        try:
            return self._decode()
        except MediaError:
            self._position_s = -math.inf
            raise

    def _decode(self) -> Any:
        """The next frame in order of presentation; None at the end."""
        with foreign_errors(self._path, "unreadable_video", "decoding its picture"):
            for frame in self._frames or ():
                if frame.pts is None:
                    frame.pts = frame.dts
                if frame.pts is None:
                    raise MediaError("unreadable_video", f"{self._path.name}: it has frames without a time")
                if frame.is_corrupt:
                    raise MediaError(
                        "unreadable_video",
                        f"{self._path.name}: its picture is damaged near {self._time(frame):.3f} s",
                    )
                if self._held is None or frame.pts > self._held.pts:
                    return frame
        self._frames = None
        return None

    def _seek(self, limit_s: float) -> None:
        """Go to a frame not after `limit_s` from which everything decodes as it does from the beginning.

        An index may point too late (open groups of pictures, coarse cues), so the first frame that decodes is
        looked at, and if it is too late the search begins earlier; the last resort is the beginning.
        """
        import av

        for back_s in (0.0, 10.0):
            try:
                self._container.seek(math.floor((limit_s - back_s) / self._tick_s), stream=self._stream, backward=True)
                self._restart(limit_s)
                frame = self._decode()
            except (av.error.FFmpegError, MediaError):
                continue
            if frame is not None and self._time(frame) <= limit_s:
                self._held = frame
                self._position_s = self._time(frame)
                self._is_straight = False
                return
        self._reopen()
        self._position_s = limit_s  # whatever the way: no second search for the same target

    def _reopen(self) -> None:
        self._let_go()
        self._open()
