"""AVC-Bin: are picture and sound of the same video?"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from avsa_models.benchmarks import AVC_BIN
from avsa_models.benchmarks.pairs import FalseSound, PlannedPair, SoundPairs
from avsa_models.config import Config
from avsa_models.dataset import Moment, PanoramaClips
from yt360_tools.errors import UsageError


class OtherVideos(SoundPairs):
    """The false sound is the true one of another video's moment, heard through the picture's viewpoints.

    Clips come in couples for each moment's number, whose pictures are seen through the same viewpoints and have each
    other's sounds as the false ones. So each sound is heard alike once true and once false, and the sound alone tells
    nothing, by construction. (An odd number of clips leaves one without a partner, which hears some other's.)
    """

    name = AVC_BIN
    question = "are picture and sound of the same video?"

    def __init__(self, clips: PanoramaClips, config: Config, *, most_clips: int, moments: int, views: int) -> None:
        super().__init__(clips, config, most_clips=most_clips, moments=moments, views=views)
        rng, videos = self._rng(), [clips.video_of_clip[index] for index in self.chosen]
        self._place = {clip_index: place for place, clip_index in enumerate(self.chosen)}
        self._partner = [partners(videos, rng) for _ in range(moments)]

    def false_sound(self, clip_index: int, number: int, moment: Moment, rng: np.random.Generator) -> FalseSound:
        other = self.chosen[self._partner[number][self._place[clip_index]]]
        return FalseSound(other, self.moment(other, number).audio_start_s, turn_deg=0.0)

    def plan(self, index: int) -> PlannedPair:
        place, number = divmod(index, self.moments)
        pair, other = super().plan(index), self._partner[number][place]
        if other < place and self._partner[number][other] == place:
            return replace(pair, viewpoints=super().plan(other * self.moments + number).viewpoints)
        return pair


def partners(video_of_clip: Sequence[int], rng: np.random.Generator) -> tuple[int, ...]:
    """For each clip, one of another video, of which it is the partner too; one is left over of an odd number.

    The clips are laid in a ring, those of a video side by side and otherwise in random order, and each meets the one
    on the other side. What is left over, one of the largest video, meets any clip of another.

    Raises:
        UsageError: one video has more than half of the clips, so there are too few others.
    """
    clips = np.asarray(video_of_clip)
    videos, sizes = np.unique(clips, return_counts=True)
    if 2 * sizes.max() > len(clips):
        raise UsageError(
            f"avc-bin takes each clip's false sound from another video, but of {len(clips)} clips "
            f"{sizes.max()} are of one; give shards of more videos"
        )
    place_of_video = dict(zip(videos.tolist(), rng.permutation(len(videos)).tolist(), strict=True))
    places = np.asarray([place_of_video[video] for video in clips.tolist()])
    ring = np.lexsort((rng.random(len(clips)), places))
    partner = np.empty(len(clips), int)
    if len(ring) % 2:
        largest = videos[sizes.argmax()]
        alone = int(rng.choice(np.flatnonzero(clips == largest)))
        partner[alone] = rng.choice(np.flatnonzero(clips != largest))
        ring = ring[ring != alone]
    partner[ring] = np.roll(ring, len(ring) // 2)
    return tuple(partner.tolist())
