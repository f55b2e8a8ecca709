"""AVSA-Bin: does the sound come from where the picture shows it, or has it been turned about the vertical?"""

import numpy as np

from avsa_models.benchmarks import AVSA_BIN
from avsa_models.benchmarks.pairs import FalseSound, SoundPairs
from avsa_models.dataset import Moment


class TurnedSounds(SoundPairs):
    """The false sound is the true one, turned by an angle drawn evenly from all that are large enough.

    Views look every way alike, so a turned scene sounds like any other: the sound alone tells nothing.
    """

    name = AVSA_BIN
    question = "does the sound come from where the picture shows it, or has it been turned about the vertical?"

    def false_sound(self, clip_index: int, number: int, moment: Moment, rng: np.random.Generator) -> FalseSound:
        least_deg = self.benchmark.least_turn_deg
        return FalseSound(clip_index, moment.audio_start_s, float(rng.uniform(least_deg, 360 - least_deg)))
