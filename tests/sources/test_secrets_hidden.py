"""Whatever a configuration holds secret, no message shows it: also where an address is none, for want of %-codes."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from yt360_tools.config import DownloadConfig
from yt360_tools.sources.secrets import MASK, without_secrets

PLACES: dict[str, tuple[Callable[[str], str], Callable[[str], DownloadConfig]]] = {
    "a source's password": (
        lambda secret: f"https://me:{secret}@media.invalid:1/{{video_id}}.mp4",
        lambda address: DownloadConfig(source=(address,)),
    ),
    "a source's user": (
        lambda secret: f"https://{secret}:@media.invalid/{{video_id}}.mp4",
        lambda address: DownloadConfig(source=(address,)),
    ),
    "a source's query": (
        lambda secret: f"https://media.invalid/{{video_id}}.mp4?key={quote(secret, safe='/?')}&x=1",
        lambda address: DownloadConfig(source=(address,)),
    ),
    "a proxy's password": (
        lambda secret: f"http://me:{secret}@proxy.invalid:3128",
        lambda address: DownloadConfig(proxy=address),
    ),
    "a proxy's password without a scheme": (
        lambda secret: f"me:{secret}@proxy.invalid:3128",
        lambda address: DownloadConfig(proxy=address),
    ),
}
LETTERS = st.characters(exclude_categories=("C", "Z"), include_characters=" ")
PASSWORDS = st.text(LETTERS | st.sampled_from("/?#@:'\"<>%{} 0123456789"), min_size=4).map(str.strip)


@pytest.mark.parametrize("place", PLACES)
@given(PASSWORDS)
@example("12/34")
@example("/?#@:")
@example("pa'/ss")
@example("pa ss/wo")
@example("12?34#56")
@example("{secret}")
@example("100%/a")
def test_no_password_is_shown(place: str, password: str) -> None:
    addressed, configured = PLACES[place]
    assume(len(password) >= 4 and not (place.endswith("user") and ":" in password))  # there the password begins
    address = addressed(password)
    frame = "GET {0} failed; the address is '{0}' ({1}, {2})"
    assume(password not in frame.format(addressed(MASK), MASK, MASK))
    shown = without_secrets(frame.format(address, password, quote(password, safe="")), configured(address))
    assert password not in shown
    assert quote(password, safe="") not in shown
    assert " failed; the address is '" in shown


@pytest.mark.parametrize(
    "said", ["Port could not be cast to integer value as 'first'", "cannot resolve second", "no such path: /second/"]
)
def test_no_piece_is_shown_of_a_password_that_an_address_cannot_hold(said: str) -> None:
    """As one who takes what comes before the first slash for host and port would say it."""
    for config in (
        DownloadConfig(source=("https://me:first/second@media.invalid/{video_id}",)),
        DownloadConfig(proxy="http://me:first/second@proxy.invalid:3128"),
    ):
        shown = without_secrets(said, config)
        assert not [piece for piece in ("first", "second") if piece in shown]


@pytest.mark.parametrize(
    "proxy", ["http://media.invalid:8080", "media.invalid:8080", "http://me:s3cret@media.invalid:8080"]
)
@pytest.mark.parametrize(
    "place", ["media.invalid", "media.invalid:8080", "media.invalid:9090", "you@media.invalid:8080"]
)
def test_a_source_on_its_proxys_host_is_told(proxy: str, place: str) -> None:
    config = DownloadConfig(source=(f"http://{place}/{{video_id}}.mp4",), proxy=proxy)
    address = f"http://{place.rpartition('@')[2]}/a.mp4: 404"
    assert without_secrets(address, config) == address
    assert "s3cret" not in without_secrets(f"cannot reach {proxy}", config)


def test_a_proxys_own_port_is_not_told_beside_a_source_on_its_host() -> None:
    config = DownloadConfig(source=("http://media.invalid/{video_id}.mp4",), proxy="http://media.invalid:8080")
    assert without_secrets("host='media.invalid', port=8080", config) == "host='media.invalid', port=***"


def test_a_password_that_is_a_sources_host_is_hidden_all_the_same() -> None:
    config = DownloadConfig(
        source=("http://media.invalid/{video_id}.mp4",), proxy="http://me:media.invalid@h.invalid:1"
    )
    assert "media.invalid" not in without_secrets("http://media.invalid/a.mp4", config)


def test_a_path_with_an_at_sign_is_no_secret() -> None:
    config = DownloadConfig(source=("https://media.invalid/@channel/{video_id}.mp4",))
    text = "https://media.invalid/@channel/a.mp4: 404"
    assert without_secrets(text, config) == text


def test_what_is_short_leaves_a_message_to_read() -> None:
    config = DownloadConfig(source=("https://me:%20%20@media.invalid/{video_id}?a=%41%42&b=no",))
    text = "no  such AB, to me"
    assert without_secrets(text, config) == text
