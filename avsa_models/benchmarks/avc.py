"""AVC-Bin: are picture and sound of the same video?"""

from collections.abc import Sequence

import numpy as np

from avsa_models.benchmarks import AVC_BIN
from avsa_models.benchmarks.pairs import FalseSound, SoundPairs
from avsa_models.config import Config
from avsa_models.dataset import Moment, PanoramaClips
from yt360_tools.errors import UsageError


class OtherVideos(SoundPairs):
    """The false sound is the true one of another video's moment, heard through the picture's viewpoints.

    Each sound stands in two pairs, once true and once false, so the sound alone tells nothing, by construction.
    """

    name = AVC_BIN
    question = "are picture and sound of the same video?"

    def __init__(self, clips: PanoramaClips, config: Config, *, most_clips: int, moments: int, views: int) -> None:
        super().__init__(clips, config, most_clips=most_clips, moments=moments, views=views)
        rng, videos = self._rng(), [clips.video_of_clip[index] for index in self.chosen]
        others = ([self.chosen[place] for place in derangement(videos, rng)] for _ in range(moments))
        self._other = [dict(zip(self.chosen, other, strict=True)) for other in others]

    def false_sound(self, clip_index: int, number: int, moment: Moment, rng: np.random.Generator) -> FalseSound:
        other = self._other[number][clip_index]
        return FalseSound(other, self.moment(other, number).audio_start_s, turn_deg=0.0)


def derangement(video_of_clip: Sequence[int], rng: np.random.Generator) -> tuple[int, ...]:
    """For each clip, one of another video; each clip is chosen once.

    The clips are laid in a ring, those of a video side by side and otherwise in random order, and the ring is turned
    by as many places as the largest video has clips.

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
    places = [place_of_video[video] for video in clips.tolist()]
    ring = np.lexsort((rng.random(len(clips)), places))
    other = np.empty(len(clips), int)
    other[ring] = np.roll(ring, -sizes.max())
    return tuple(other.tolist())
