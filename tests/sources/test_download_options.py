"""What of the configuration reaches yt-dlp, held against what its own command line makes of the same words."""

from pathlib import Path

import pytest
import yt_dlp

from yt360_tools.config import DownloadConfig, check_overrides, resolve
from yt360_tools.errors import UsageError
from yt360_tools.sources import open_source
from yt360_tools.sources.session import browser_of, extractor_arguments, session_options


def by_the_command_line(*arguments: str) -> dict[str, object]:
    """yt-dlp's options for a command line, the user's own configuration left aside."""
    return yt_dlp.parse_options(["--ignore-config", *arguments]).ydl_opts


@pytest.mark.parametrize(
    "arguments",
    [
        ("youtube:player_client=web,tv;po_token=web.gvs+AbC=,tv.gvs+D",),
        ("YouTube:Player-Client= web , tv ;skip",),
        (r"youtube:a=one\,two,three", "youtubetab:skip=webpage"),
        ("youtube:a=1", "youtube:b=2"),
        ("youtubepot-bgutilhttp:base_url=http://127.0.0.1:4416",),
        ("youtube:",),
    ],
)
def test_extractor_arguments_are_read_as_yt_dlp_reads_them(arguments: tuple[str, ...]) -> None:
    words = [word for argument in arguments for word in ("--extractor-args", argument)]
    ours = extractor_arguments(DownloadConfig(extractor_args=arguments))
    assert ours == by_the_command_line(*words)["extractor_args"]


@pytest.mark.parametrize("browser", ["firefox", "Chrome+gnomekeyring:Profile 1", "firefox:/p q::none", "edge::Work"])
def test_a_browser_is_read_as_yt_dlp_reads_it(browser: str) -> None:
    assert browser_of(browser) == by_the_command_line("--cookies-from-browser", browser)["cookiesfrombrowser"]


def test_player_clients_and_extractor_arguments_go_together() -> None:
    config = DownloadConfig(player_clients=("tv", "web"), extractor_args=("youtube:skip=hls",))
    assert session_options(config)["extractor_args"] == {"youtube": {"skip": ["hls"], "player_client": ["tv", "web"]}}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (DownloadConfig(extractor_args=("youtube:a=1", "po_token=s3cret")), "number 2"),
        (DownloadConfig(extractor_args=("youtube:player_client=s3cret",), player_clients=("tv",)), "name them once"),
        (DownloadConfig(cookies_from_browser="firefix:/s3cret"), "did you mean 'firefox'"),
        (DownloadConfig(cookies_from_browser="chrome+ring:/s3cret"), "unknown keyring 'RING'"),
        (DownloadConfig(cookies_from_browser=":/s3cret"), "BROWSER"),
    ],
)
def test_wrong_arguments_are_refused_before_the_first_video(config: DownloadConfig, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_source(config)
    assert said in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ("http://s3cret.example:s3cr", "its host or its port is none"),
        ("http://s3cret.example:99999", "its host or its port is none"),
        ("s3cret.example:0", "its port is none"),
        ("http://[s3cret", "its host or its port is none"),
        ("http://", "its host is none"),
        ("http://me:s3cret@:3128", "its host is none"),
        ("http://s3cret example:3128", "its host is none"),
        ("gopher://s3cret.example:70", "its scheme is none of a proxy"),
        ("http://me:s3cret/word@proxy.example:3128", "its host or its port is none"),
        ("http://me:12/s3cret@proxy.example:3128", "something stands behind its host and port"),
        ("http://s3cret.example:3128?x=1", "something stands behind its host and port"),
    ],
)
def test_a_proxy_that_is_none_is_refused_before_the_first_video(proxy: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_source(DownloadConfig(proxy=proxy))
    assert str(caught.value).startswith(f"download.proxy: {said}; write ")
    assert not [part for part in ("s3cr", "12", "99999", "gopher", "70") if part in str(caught.value)]


@pytest.mark.parametrize(
    "proxy",
    [
        "", "http://proxy.example:3128", "proxy.example:3128", "proxy.example", "//proxy.example:1", "HTTPS://h:1/",
        "http://me:p%2Fw@h:3128", "http://me:p@ss@h:3128", "socks5h://127.0.0.1:1080", "socks5://h", "http://[::1]:3128",
    ],
)  # fmt: skip
def test_a_proxy_is_taken_as_yt_dlp_takes_it(proxy: str) -> None:
    open_source(DownloadConfig(proxy=proxy))


def test_a_pause_lies_between_requests_and_before_files() -> None:
    options = session_options(DownloadConfig(sleep_s=2.0, jitter=0.25))
    assert (options["sleep_interval"], options["max_sleep_interval"]) == (1.5, 2.5)
    between = {session_options(DownloadConfig(sleep_s=2.0, jitter=0.25))["sleep_interval_requests"] for _ in range(9)}
    assert len(between) == 9
    assert all(1.5 <= pause_s <= 2.5 for pause_s in between)
    assert not [key for key in session_options(DownloadConfig()) if "sleep_interval" in key]


def test_nothing_is_merged_mended_cached_or_asked_beside_the_media() -> None:
    options = session_options(DownloadConfig())
    assert options["fixup"] == "never"
    assert options["cachedir"] is False
    assert not {"warn_when_outdated", "postprocessors", "remote_components", "usenetrc"} & set(options)


def test_each_session_has_cookies_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "cookies.txt"
    path.write_text("# Netscape HTTP Cookie File\n", encoding="utf-8")
    first, second = (session_options(DownloadConfig(cookies_file=str(path)))["cookiefile"] for _ in range(2))
    assert first is not second
    assert first.read() == second.read() == path.read_text(encoding="utf-8")


def test_the_configuration_knows_the_keys() -> None:
    given = {"sleep_s": 3, "extractor_args": ["youtube:skip=hls"], "cookies_from_browser": "firefox"}
    config = resolve(check_overrides({"download": given}, where="a.toml")).download
    assert (config.sleep_s, config.extractor_args, config.cookies_from_browser) == (
        3.0,
        ("youtube:skip=hls",),
        "firefox",
    )
    with pytest.raises(UsageError, match="sleep_s must be 0 to 3600"):
        check_overrides({"download": {"sleep_s": -1}}, where="a.toml")
