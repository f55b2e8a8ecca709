"""What an examination holds files against: each number with its unit, its range and where it comes from.

They are sections of the configuration: ``[picture]``, ``[sound]`` and ``[timing]``.
"""

from yt360_tools.thresholds.picture import PictureThresholds
from yt360_tools.thresholds.sound import SoundThresholds
from yt360_tools.thresholds.timing import TimingThresholds

__all__ = ["PictureThresholds", "SoundThresholds", "TimingThresholds"]
