"""Which samples a step learns from.

Each epoch is a permutation of the split's clips that (seed, stage, epoch) decides alone; how a clip is sampled
(moment, viewpoints, colours) is decided by (seed, stage, epoch, place in the epoch) alone. The epochs follow each
other without a gap, and a step takes the next `batch` places of that sequence:

    places   0 1 2 3 4 | 0 1 2 3 4 | 0 1 ...      5 clips
    steps    0---- 1------ 2---- 3------ ...      batch 3: step 1 has the end of one epoch and the start of the next

So a step is known from its number: nothing is carried on from one to the next, any step may be the first, and
neither the number of workers nor their order changes a sample.
"""

from collections.abc import Generator

from avsa_models.config import STAGES, Config
from avsa_models.dataset import PanoramaClips, Sample
from avsa_models.samples import Batch, SampleConfig, Samples, stacked
from avsa_models.workers import prepared
from yt360_tools.errors import UsageError


class StageBatches:
    """A stage's batches by step, counted from 0: each a function of clips, configuration, stage and step alone.

    Raises:
        UsageError: the clips are all of one video.
    """

    def __init__(self, clips: PanoramaClips, config: Config, stage: str) -> None:
        if len(clips.video_ids) < 2:
            raise UsageError(
                f"all {len(clips)} clips of the split {clips.split!r} are of the video {clips.video_ids[0]!r}; "
                "negatives are taken from other videos: give shards of two or more"
            )
        self._stage = config.stage(stage)
        self._samples = Samples(
            clips,
            SampleConfig(
                self._stage.views,
                config.moment,
                config.views,
                config.features,
                config.run.seed,
                (STAGES.index(stage),),
            ),
        )

    def __getitem__(self, step: int, /) -> Batch:
        first = step * self._stage.batch
        places = range(first, first + self._stage.batch)
        return stacked([self.sample(*divmod(place, len(self._samples))) for place in places])

    def sample(self, epoch: int, place: int) -> Sample:
        """The sample at a place of an epoch, both counted from 0."""
        return self._samples[epoch, place]


def stage_batches(
    clips: PanoramaClips, config: Config, stage: str, *, first_step: int = 0, workers: int = 0
) -> Generator[Batch, None, None]:
    """The batches of a stage's steps from `first_step` on, prepared by `workers` processes, or in between by none.

    Raises:
        UsageError, TransientError, ShardError: as `StageBatches`, `workers.prepared` and `dataset.draw_sample`.
    """
    batches = StageBatches(clips, config, stage)
    clips.close()
    return prepared(batches, range(first_step, config.stage(stage).steps), workers=workers)
