"""Fetching published lists from a server on this machine: verified, whole or not there, not asked for too often."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from worlds import small_lists
from worlds.hostile_server import Break, HostileServer, Page, Serve, Status, serving

from yt360_tools.errors import EnvironmentMissing, TransientError, UsageError
from yt360_tools.manifest.descriptors import Descriptor
from yt360_tools.manifest.fetching import Fetched, fetch_lists
from yt360_tools.manifest.mirrors import Mirror

BODIES = {name: text.encode() for name, text in small_lists.YT360.items()}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileServer]:
    """The lists of `small_lists.YT360` at its root, served on this machine alone."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as found:
        for name, body in BODIES.items():
            found.add(f"/{name}", Serve(body))
        yield found


class Pauses(list[float]):
    """What would have been slept, in seconds."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def fetch(server: HostileServer, folder: Path, pauses: Pauses | None = None, **options: object) -> Fetched:
    dataset = small_lists.yt360(f"{server.address}/")
    return fetch_lists(dataset, folder, sleep=Pauses() if pauses is None else pauses, **options)  # type: ignore[arg-type]


def at_hand(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_every_list_comes_into_the_folder(server: HostileServer, tmp_path: Path) -> None:
    done = fetch(server, tmp_path / "lists")
    assert at_hand(tmp_path / "lists") == BODIES
    assert done == Fetched(tuple(BODIES), ())


def test_what_is_at_hand_with_the_right_checksum_is_not_asked_for(server: HostileServer, tmp_path: Path) -> None:
    small_lists.write(tmp_path, {"train.txt": BODIES["train.txt"], "test.txt": b"damaged"})
    done = fetch(server, tmp_path)
    assert [server.count(f"/{name}") for name in BODIES] == [0, 1, 1]
    assert done == Fetched(("test.txt", "segments.txt"), ("train.txt",))
    fetch(server, tmp_path)
    assert [server.count(f"/{name}") for name in BODIES] == [0, 1, 1]
    assert at_hand(tmp_path) == BODIES


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_heal_is_asked_again_after_growing_pauses(status: int, server: HostileServer, tmp_path: Path) -> None:
    server.add("/test.txt", Status(status), Status(status), Status(status), Serve(BODIES["test.txt"]))
    pauses = Pauses()
    fetch(server, tmp_path, pauses)
    assert server.count("/test.txt") == 4
    assert at_hand(tmp_path) == BODIES
    assert [0.8 * 2**number <= pause <= 1.2 * 2**number for number, pause in enumerate(pauses)] == [True] * 3


def test_a_server_that_says_when_is_obeyed_within_bounds(server: HostileServer, tmp_path: Path) -> None:
    later = [Status(429, {"Retry-After": text}) for text in ("7", "86400", "soon")]
    server.add("/test.txt", *later, Serve(BODIES["test.txt"]))
    pauses = Pauses()
    fetch(server, tmp_path, pauses)
    assert pauses[:2] == [7.0, 30.0]
    assert 3.2 <= pauses[2] <= 4.8


@pytest.mark.parametrize(
    ("act", "asked", "reason", "says"),
    [
        (Status(404), 1, "network", r"test\.txt: http://127.* answers 404: it is not there"),
        (Status(410), 1, "network", "answers 410: it is not there"),
        (Status(403), 1, "network", r"test\.txt: http://127.* answers 403"),
        (Status(503), 4, "network", "answers 503"),
        (Break(BODIES["segments.txt"], after=9), 4, "network", "cannot be fetched"),
        (Serve(BODIES["test.txt"], length=99), 4, "network", "cannot be fetched"),
        (Serve(BODIES["test.txt"][:-3]), 2, "checksum", r"is not the published list \(9 bytes\)"),
        (Serve(BODIES["train.txt"]), 2, "checksum", r"is not the published list \(24 bytes\)"),
        (Serve(b""), 2, "checksum", r"is not the published list \(0 bytes\)"),
        (Serve(b"<!DOCTYPE html><html>Sign in</html>"), 2, "checksum", "is not the published list but a web page"),
        (Page(), 2, "checksum", "is not the published list but a web page"),
    ],
)
def test_what_goes_wrong_is_named_and_nothing_of_it_stays(
    act: object, asked: int, reason: str, says: str, server: HostileServer, tmp_path: Path
) -> None:
    server.add("/test.txt", act)
    with pytest.raises(TransientError, match=says) as caught:
        fetch(server, tmp_path)
    assert caught.value.reason == reason
    assert "1 of 3 lists of Small were not fetched" in str(caught.value)
    assert "manifest import" in str(caught.value)
    assert server.count("/test.txt") == asked
    assert at_hand(tmp_path) == {name: body for name, body in BODIES.items() if name != "test.txt"}


def test_a_wrong_checksum_tells_both(server: HostileServer, tmp_path: Path) -> None:
    server.add("/test.txt", Serve(BODIES["train.txt"]))
    sums = {file.name: file.sha256 for file in small_lists.yt360().files}
    with pytest.raises(TransientError, match="its sha256 is") as caught:
        fetch(server, tmp_path)
    assert f"its sha256 is {sums['train.txt']}, the published one's is {sums['test.txt']}" in str(caught.value)
    assert "--any-version" in str(caught.value)


def test_a_wrong_checksum_leaves_an_old_list_as_it_was(server: HostileServer, tmp_path: Path) -> None:
    small_lists.write(tmp_path, {"test.txt": b"of an older time"})
    server.add("/test.txt", Serve(BODIES["train.txt"]))
    with pytest.raises(TransientError):
        fetch(server, tmp_path)
    assert at_hand(tmp_path)["test.txt"] == b"of an older time"


def test_all_that_fails_is_told_at_once(server: HostileServer, tmp_path: Path) -> None:
    server.add("/train.txt", Status(404))
    server.add("/test.txt", Serve(b"cut"))
    with pytest.raises(TransientError) as caught:
        fetch(server, tmp_path)
    assert "2 of 3 lists" in str(caught.value)
    assert "train.txt: http" in str(caught.value)
    assert "test.txt: what http" in str(caught.value)
    assert at_hand(tmp_path) == {"segments.txt": BODIES["segments.txt"]}


def test_where_nobody_answers_the_other_lists_are_asked_for_once(tmp_path: Path) -> None:
    with serving() as server:
        closed = server.address
    pauses = Pauses()
    with pytest.raises(TransientError, match="3 of 3 lists of Small were not fetched") as caught:
        fetch_lists(small_lists.yt360(f"{closed}/"), tmp_path, sleep=pauses)
    assert caught.value.reason == "network"
    assert len(pauses) == 3


def test_a_folder_that_cannot_be_made_is_told(server: HostileServer, tmp_path: Path) -> None:
    (tmp_path / "lists").write_text("a file", encoding="utf-8")
    with pytest.raises(EnvironmentMissing, match="cannot be written"):
        fetch(server, tmp_path / "lists")


def test_what_is_not_fetched_says_how_it_is_made(tmp_path: Path) -> None:
    made = Descriptor(name="made", title="Made", importer="demo", made_by="make it: yt360 demo world")
    with pytest.raises(UsageError, match="Made is not fetched; make it: yt360 demo world"):
        fetch_lists(made, tmp_path)


class TestMirrors:
    NESTED = small_lists.yt360(
        "https://nobody.invalid/at/all/",
        files=(small_lists.published("subsets/a b.train.1.lst", "x\n", split="train"),),
    )

    def test_the_published_address(self) -> None:
        addresses = Mirror().addresses(self.NESTED, self.NESTED.files[0])
        assert addresses == ("https://nobody.invalid/at/all/subsets/a%20b.train.1.lst",)

    @pytest.mark.parametrize(
        ("mirror", "base"),
        [
            (Mirror(base_url="http://h/x"), "http://h/x"),
            (Mirror(base_url="http://h/x/"), "http://h/x"),
            (Mirror(root_url="http://h/x"), "http://h/x/small"),
            (Mirror(root_url="http://h:1/x/"), "http://h:1/x/small"),
        ],
    )
    def test_a_mirror_has_the_published_path_or_the_name_alone(self, mirror: Mirror, base: str) -> None:
        addresses = mirror.addresses(self.NESTED, self.NESTED.files[0])
        assert addresses == (f"{base}/subsets/a%20b.train.1.lst", f"{base}/a%20b.train.1.lst")

    def test_a_list_is_fetched_from_where_it_lies(self, server: HostileServer, tmp_path: Path) -> None:
        server.add("/small/a%20b.train.1.lst", Serve(b"x\n"))
        fetch_lists(self.NESTED, tmp_path, mirror=Mirror(root_url=server.address), sleep=Pauses())
        assert at_hand(tmp_path) == {"a b.train.1.lst": b"x\n"}
        assert server.count("/small/subsets/a%20b.train.1.lst") == 1

    @pytest.mark.parametrize(
        ("option", "folder", "says"),
        [
            ("root_url", "/small", "--mirror is the address of the folder above 'small'; "),
            ("root_url", "/elsewhere", "--mirror is the address of the folder above 'small'; "),
            ("base_url", "", "--base-url is the address of the folder that has the lists themselves; "),
        ],
    )
    def test_where_it_has_no_list_at_all_its_folder_is_asked_after(
        self, option: str, folder: str, says: str, server: HostileServer, tmp_path: Path
    ) -> None:
        for name, body in BODIES.items():
            server.scripts.pop(f"/{name}")
            server.add(f"/small/{name}", Serve(body))
        wrong = {option: f"{server.address}{folder}"}
        with pytest.raises(TransientError) as caught:
            fetch_lists(small_lists.yt360(), tmp_path, mirror=Mirror(**wrong), sleep=Pauses())
        assert str(caught.value).splitlines()[-1].startswith(f"is the folder right? {says}")
        fetch_lists(small_lists.yt360(), tmp_path, mirror=Mirror(root_url=server.address), sleep=Pauses())

    def test_where_one_list_fails_its_folder_is_right(self, server: HostileServer, tmp_path: Path) -> None:
        server.add("/test.txt", Status(404))
        with pytest.raises(TransientError) as caught:
            fetch_lists(small_lists.yt360(), tmp_path, mirror=Mirror(base_url=server.address), sleep=Pauses())
        assert str(caught.value).splitlines()[-1].startswith("run it again, without a mirror, or get the lists from")

    @pytest.mark.parametrize("url", ["ftp://host/x", "host/x", "/srv/lists", "http://", "file:///srv"])
    def test_another_address_than_http_is_refused(self, url: str) -> None:
        with pytest.raises(UsageError, match="begins with http"):
            Mirror(base_url=url)
        with pytest.raises(UsageError, match="--mirror"):
            Mirror(root_url=url)

    @pytest.mark.parametrize("url", ["lists", "/srv/lists", "file:///srv/lists"])
    def test_a_folder_is_refused_and_the_command_for_it_named(self, url: str) -> None:
        with pytest.raises(UsageError, match=r"yt360 manifest import NAME --from [a-z/]*lists --out FILE$"):
            Mirror(root_url=url)

    @pytest.mark.parametrize(
        "url",
        [
            "htp://u:pw99@h/",
            "u:pw99@h",
            "pw99@h/lists",
            "http://u:pw99/x@127.0.0.1:9/",
            "http://u:x?pw99@127.0.0.1:9/",
            "http://u:x#pw99@127.0.0.1:9/",
            "http://u:pw@pw99/x@127.0.0.1:9/",
            "http://u:[pw99/x@h/",
            "ftp://h/x?key=pw99",
            "://u:pw99@h",
        ],
    )
    def test_a_password_in_what_is_no_address_is_not_told(self, url: str) -> None:
        for mirror in ({"base_url": url}, {"root_url": url}):
            with pytest.raises(UsageError) as caught:
                Mirror(**mirror)
            assert "pw99" not in str(caught.value)
            assert str(caught.value).startswith("--base-url '" if "base_url" in mirror else "--mirror '")

    @pytest.mark.parametrize("url", ["http://h/@x/y", "http://h:8000/@x", "http://[::1]:80/@x", "http://u:p%40@h/x"])
    def test_an_at_sign_may_stand_in_a_path(self, url: str) -> None:
        assert Mirror(root_url=url).root_url == url

    @pytest.mark.parametrize("port", [9, 99999])
    def test_a_password_in_an_address_is_not_told(self, port: int, tmp_path: Path) -> None:
        mirror = Mirror(base_url=f"http://me:secret@127.0.0.1:{port}/x?key=secret")
        with pytest.raises(TransientError, match=r"127\.0\.0\.1") as caught:
            fetch_lists(small_lists.yt360(), tmp_path, mirror=mirror, sleep=Pauses())
        assert "secret" not in str(caught.value)
