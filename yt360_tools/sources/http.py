"""Any HTTP server, through yt-dlp: redirects, cookies, passwords and proxies as it knows them."""

from pathlib import Path

from yt360_tools.config import DownloadConfig
from yt360_tools.sources.templates import TemplateSource
from yt360_tools.sources.ytdlp import download_address


class HttpSource(TemplateSource):
    """Addresses that begin with http:// or https://."""

    def __init__(self, config: DownloadConfig) -> None:
        super().__init__(config, _get)


def _get(address: str, destination: Path, name: str, config: DownloadConfig) -> None:
    download_address(address, destination / name, config)
