"""YouTube, through yt-dlp: a 360° picture and a spatial sound track, each as it is served."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from yt360_tools.config import DownloadConfig
from yt360_tools.sources.information import write_information
from yt360_tools.sources.offers import client_names, read_offer
from yt360_tools.sources.policy import Choice, Policy, choose, read_policy
from yt360_tools.sources.reasons import REASONS
from yt360_tools.sources.ytdlp import download_youtube

TRACKS = {"picture": "video", "sound": "audio"}
"""What a choice is for, and what its file is called."""

MISSING = {"picture": "no_360_picture", "sound": "no_spatial_sound"}
"""By what could not be chosen, the reason that it gives."""


class YoutubeSource:
    """Fetches ``<video_id>.video.*`` and ``<video_id>.audio.*``, and keeps what YouTube said beside them."""

    is_local = False

    def __init__(self, config: DownloadConfig) -> None:
        self.config = config
        self.policy = read_policy(config)

    def fetch(self, video_id: str, destination: Path) -> None:
        """Put a video's picture and sound into a folder, each beside its note, and what YouTube said of them.

        Args:
            destination: a folder that is there; what an earlier try has left in it is gone on from.

        Raises:
            MediaError: it is gone, or the id is none.
            TransientError: all else; another run, or another configuration, may succeed.
            OSError: ``<video_id>.info.json`` cannot be written.
        """
        choices: dict[str, Choice] = {}

        def select(context: dict[str, Any]) -> Iterator[dict[str, Any]]:
            for track, entry, choice in choose_formats(context["formats"], self.policy):
                choices[track] = choice
                yield {**entry, "yt360_track": TRACKS[track]}

        information = download_youtube(video_id, destination / video_id, self.config, select)
        write_information(destination / f"{video_id}.info.json", information, choices, self.config)


def choose_formats(formats: Sequence[dict[str, Any]], policy: Policy) -> list[tuple[str, dict[str, Any], Choice]]:
    """The formats to fetch among yt-dlp's: for ``picture`` and ``sound``, the format and why it is the one.

    Which formats a video has depends on who asks: that there is none is not final.

    Raises:
        TransientError: ``no_360_picture`` or ``no_spatial_sound``, with what was offered and what to change.
    """
    clients = client_names()
    offers = [read_offer(entry, clients) for entry in formats]
    choices = choose(offers, policy)
    check_choices(choices)
    places = {id(offer): place for place, offer in enumerate(offers)}
    return [(track, formats[places[id(choice.offer)]], choice) for track, choice in choices.items()]


def check_choices(choices: dict[str, Choice]) -> None:
    """Nothing, if there is an offer for both tracks.

    Raises:
        TransientError: ``no_360_picture`` or ``no_spatial_sound``.
    """
    for track, choice in choices.items():
        if choice.offer is None:
            raise REASONS[MISSING[track]].error(f"of what this client offers, {choice.why}")
