"""AVSA-Bin: does the sound come from where the picture shows it, or has it been turned about the vertical?"""

from dataclasses import replace

import numpy as np

from avsa_models.benchmarks import AVSA_BIN
from avsa_models.benchmarks.pairs import FalseSound, PlannedPair, SoundPairs
from avsa_models.dataset import Moment
from avsa_models.views import Viewpoint
from yt360_tools.geometry import Direction


class TurnedSounds(SoundPairs):
    """The false sound is the true one, turned by an angle drawn evenly from all that are large enough.

    Moments come in twins: the second is the first once more, seen by views that have been turned by as much as the
    first one's false sound, the other way. So each twin's false sound is what the other truly hears, and the sound
    alone tells nothing, by construction. (An odd number of moments leaves the last one without a twin.)
    """

    name = AVSA_BIN
    question = "does the sound come from where the picture shows it, or has it been turned about the vertical?"

    def false_sound(self, clip_index: int, number: int, moment: Moment, rng: np.random.Generator) -> FalseSound:
        least_deg = self.benchmark.least_turn_deg
        return FalseSound(clip_index, moment.audio_start_s, float(rng.uniform(least_deg, 360 - least_deg)))

    def plan(self, index: int) -> PlannedPair:
        if index % self.moments % 2 == 0:
            return super().plan(index)
        twin = super().plan(index - 1)
        turn_deg = twin.false.turn_deg
        return replace(
            twin,
            viewpoints=tuple(_turned(viewpoint, -turn_deg) for viewpoint in twin.viewpoints),
            false=replace(twin.false, turn_deg=360 - turn_deg),
        )


def _turned(viewpoint: Viewpoint, turn_deg: float) -> Viewpoint:
    """A viewpoint that looks further to the left, by an angle in degrees."""
    look = viewpoint.view.direction
    yaw_deg = (look.yaw_deg + turn_deg + 180) % 360 - 180
    return replace(viewpoint, view=replace(viewpoint.view, direction=Direction(yaw_deg, look.pitch_deg, look.roll_deg)))
