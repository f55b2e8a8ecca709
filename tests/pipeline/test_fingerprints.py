"""What the ledger keeps of a configuration of downloads: changes are seen, and no secret can be guessed from it."""

import json
import stat
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest
from worlds.download_runs import Runs

from yt360_tools.config import DownloadConfig
from yt360_tools.errors import EnvironmentMissing, TransientError
from yt360_tools.pipeline.fingerprints import PACE, PUBLIC, SECRET, fingerprint, source_digits
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.salt import Salt

SECRETS: dict[str, Callable[[str], DownloadConfig]] = {
    "a proxy's password": lambda word: DownloadConfig(proxy=f"http://me:{word}@host:1"),
    "a source's password": lambda word: DownloadConfig(source=(f"https://me:{word}@host/{{video_id}}.mp4",)),
    "a source's query": lambda word: DownloadConfig(source=(f"https://host/{{video_id}}.mp4?token={word}",)),
    "a token": lambda word: DownloadConfig(extractor_args=(f"youtube:po_token={word};skip=hls",)),
    "a browser's profile": lambda word: DownloadConfig(cookies_from_browser=f"firefox:{word}"),
}

_WORD = "p4ssW0rd-of-24-letters.x"
NEAR_EACH_OTHER = (
    _WORD,
    *(_WORD[:at] + "~" + _WORD[at + 1 :] for at in range(len(_WORD))),  # a letter is another one, at each place
    *(_WORD[:length] for length in range(1, len(_WORD), 2)),  # it is cut short
    *(_WORD + end for end in ("x", ".", "-", "0", "_")),  # it goes on
    *(_WORD.upper(), _WORD.lower(), _WORD[::-1], _WORD * 2, _WORD * 50, _WORD * 50 + "x"),
    *("pässword", "pa\u0308ssword", "p%C3%A4ssword", "passwörd"),
)
"""52 words that are alike in most of what a digest might forget: length, case, order, the end, the form of a letter."""


@pytest.fixture
def salt(tmp_path: Path) -> Salt:
    return Salt(tmp_path / ".salt")


@pytest.fixture
def other(tmp_path: Path) -> Salt:
    return Salt(tmp_path / ".other")


class TestAFingerprint:
    def test_tells_what_is_offered_from_how_often_we_ask(self, salt: Salt) -> None:
        config = DownloadConfig(proxy="http://me:s3cret@host:1")
        paced = replace(config, jobs=9, attempts=9, timeout_s=9.0, discard_raw=True, raw_budget_gb=5.0)
        assert fingerprint(paced, salt) == fingerprint(config, salt)
        assert fingerprint(replace(config, max_height=720), salt) != fingerprint(config, salt)

    @pytest.mark.parametrize("place", SECRETS)
    def test_tells_one_secret_from_another(self, place: str, salt: Salt) -> None:
        seen = {fingerprint(SECRETS[place](word), salt) for word in NEAR_EACH_OTHER}
        assert len(seen) == len(NEAR_EACH_OTHER)

    def test_tells_cookies_by_what_is_in_their_file(self, salt: Salt, tmp_path: Path) -> None:
        cookies = tmp_path / "cookies.txt"
        config, seen = DownloadConfig(cookies_file=str(cookies)), set()
        for text in (None, "one", "two"):
            if text:
                cookies.write_text(text)
            seen.add(fingerprint(config, salt))
        assert len(seen) == 3

    @pytest.mark.parametrize("place", SECRETS)
    def test_lets_no_secret_be_guessed_without_the_salt(self, place: str, salt: Salt, other: Salt) -> None:
        """However many configurations of one secret a ledger holds: what a guess gives has no digit of the secret's."""
        real, guessed = SECRETS[place]("s3cret"), SECRETS[place]("else")
        for height in (720, 1080, 2160):
            kept = fingerprint(replace(real, max_height=height), salt)
            assert kept != fingerprint(replace(real, max_height=height), other)
            assert kept[:8] == fingerprint(replace(guessed, max_height=height), other)[:8]

    def test_is_that_of_every_workspace_without_secrets(self, salt: Salt, other: Salt) -> None:
        """So joined workspaces remember of each other what they have learnt."""
        for config in (DownloadConfig(), DownloadConfig(source=("https://host/{video_id}.mp4",), max_height=720)):
            assert fingerprint(config, salt) == fingerprint(config, other)
            assert source_digits(config, salt) == source_digits(config, other)
        assert not salt.path.exists()

    def test_of_a_source_is_that_of_the_source_alone(self, salt: Salt) -> None:
        config = SECRETS["a source's password"]("s3cret")
        assert source_digits(replace(config, proxy="http://me:else@host:1"), salt) == source_digits(config, salt)
        assert source_digits(SECRETS["a source's password"]("else"), salt) != source_digits(config, salt)
        assert source_digits(DownloadConfig(source=("youtube",)), salt) == source_digits(DownloadConfig(), salt)

    def test_counts_every_option_of_downloads_as_pace_as_public_or_as_secret(self) -> None:
        """A new option must be given a place."""
        assert sorted(PACE + PUBLIC + SECRET) == sorted(field.name for field in fields(DownloadConfig))


class TestTheSalt:
    def test_is_made_once_for_its_owner_alone(self, salt: Salt) -> None:
        key = salt.key()
        assert len(key) == 32
        assert Salt(salt.path).key() == key
        assert stat.S_IMODE(salt.path.stat().st_mode) == 0o600
        assert [path.name for path in salt.path.parent.iterdir()] == [salt.path.name]

    def test_is_another_one_in_each_workspace(self, salt: Salt, other: Salt) -> None:
        assert salt.key() != other.key()

    def test_that_was_cut_short_is_made_anew(self, salt: Salt) -> None:
        salt.path.write_bytes(b"short")
        assert len(salt.key()) == 32
        assert salt.path.stat().st_size == 32

    def test_is_not_made_by_a_reader(self, tmp_path: Path) -> None:
        reader = Salt(tmp_path / ".salt", may_make=False)
        assert reader.key() != reader.key()
        assert not reader.path.exists()

    def test_that_cannot_be_read_stops_a_writer_alone(self, tmp_path: Path) -> None:
        (tmp_path / ".salt").mkdir()
        with pytest.raises(EnvironmentMissing, match=r"\.salt cannot be used .*mend its permissions"):
            Salt(tmp_path / ".salt").key()
        assert Salt(tmp_path / ".salt", may_make=False).key()


class Refusing:
    """A server that wants a password, or has too much to give."""

    is_local = False

    def __init__(self, reason: str = "refused") -> None:
        self.reason = reason
        self.asked: list[str] = []

    def fetch(self, video_id: str, destination: Path) -> None:
        self.asked.append(video_id)
        raise TransientError(self.reason, f"{video_id}: {self.reason}")


class TestARun:
    SECRET = DownloadConfig(proxy="http://me:s3cret@host:1", attempts=1)

    def test_asks_again_only_with_another_password(self, tmp_path: Path) -> None:
        source, runs = Refusing(), Runs(tmp_path, ["a"])
        for config in (self.SECRET, self.SECRET, replace(self.SECRET, proxy="http://me:else@host:1")):
            runs.run(config, source)
        assert source.asked == ["a", "a"]

    def test_keeps_the_salt_beside_the_ledger_and_not_in_it(self, tmp_path: Path) -> None:
        runs = Runs(tmp_path, ["a"])
        runs.run(self.SECRET, Refusing())
        ledger = Ledger(runs.workspace.ledger, read_only=True)
        kept = json.dumps([*ledger.rows().values()])
        ledger.close()
        key = runs.workspace.salt.read_bytes()
        assert fingerprint(self.SECRET, Salt(runs.workspace.salt)) in kept
        assert key.hex() not in kept
        assert all(key not in path.read_bytes() for path in runs.workspace.root.glob("ledger.sqlite*"))

    def test_makes_none_where_nothing_is_secret(self, tmp_path: Path) -> None:
        runs = Runs(tmp_path, ["a"])
        runs.run(DownloadConfig(attempts=1), Refusing())
        assert not runs.workspace.salt.exists()

    def test_asks_again_for_what_a_budget_had_no_room_for(self, tmp_path: Path) -> None:
        """The budget is no part of the fingerprint: each run has its own, or none."""
        source, runs = Refusing("over_budget"), Runs(tmp_path, ["a"])
        runs.run(DownloadConfig(discard_raw=True, raw_budget_gb=1e-6, attempts=1), source)
        runs.run(DownloadConfig(attempts=1), source)
        assert source.asked == ["a", "a"]
        assert runs.waiting == ()
