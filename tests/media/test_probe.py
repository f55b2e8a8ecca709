"""What is in a file, which files belong together, and which are cut short."""

from pathlib import Path

import pytest

from yt360_tools.errors import MediaError
from yt360_tools.media.ffmpeg import run_ffmpeg
from yt360_tools.media.probe import check_decodes, find_tracks, probe_sound, probe_video

PICTURE = ["-f", "lavfi", "-i", "testsrc2=s=320x160:r=25:d=6"]
SOUND = ["-f", "lavfi", "-i", "anoisesrc=d=6:r=48000,aformat=cl=mono,pan=quad|c0=c0|c1=c0|c2=c0|c3=c0"]
H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-pix_fmt", "yuv420p"]
OPUS = ["-c:a", "libopus", "-mapping_family", "2"]
FILMS = {
    "v.mp4": [*PICTURE, *H264, "-movflags", "+faststart"],
    "fragments.mp4": [*PICTURE, *H264, "-movflags", "frag_keyframe+empty_moov"],
    "v.mkv": [*PICTURE, *H264],
    "v.webm": [*PICTURE, "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M"],
    "offset.mkv": [*PICTURE, *H264, "-output_ts_offset", "2.5"],
    "muxed.mkv": [*PICTURE, *SOUND, *H264, *OPUS],
    "a.m4a": [*SOUND, "-c:a", "aac", "-movflags", "+faststart"],
    "a.webm": [*SOUND, *OPUS],
    "a.opus": [*SOUND, *OPUS],
    "a.ogg": [*SOUND, "-c:a", "libvorbis"],
    "a.wav": [*SOUND, "-c:a", "pcm_s16le"],
    "a.flac": [*SOUND, "-c:a", "flac"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("probe")


def film(folder: Path, name: str, *options: str) -> Path:
    path = folder / name
    if not path.exists():
        done = run_ffmpeg([*(options or FILMS[name]), "-shortest", f"file:{path}"])
        assert done.returncode == 0, done.stderr.decode()
    return path


def kind_of(name: str) -> str:
    return "a" if name.startswith("a.") else "v"


def length_of(path: Path) -> float:
    if kind_of(path.name) == "v":
        picture = probe_video(path)
        return picture.end_s - picture.start_s
    sound = probe_sound(path)
    return sound.end_s - sound.start_s


@pytest.mark.parametrize("name", [name for name in FILMS if kind_of(name) == "v"])
def test_probe_of_pictures(folder: Path, name: str) -> None:
    found = probe_video(film(folder, name))
    assert (found.codec, found.width, found.height) == ("vp8" if name == "v.webm" else "h264", 320, 160)
    assert found.fps == pytest.approx(25)
    start_s = 2.5 if name.startswith("offset") else 0.0
    assert found.start_s == pytest.approx(start_s, abs=0.1)
    assert found.end_s - found.start_s == pytest.approx(6.0, abs=0.05)
    assert found.has_sound == (name == "muxed.mkv")


@pytest.mark.parametrize("name", [name for name in FILMS if kind_of(name) == "a"])
def test_probe_of_sounds(folder: Path, name: str) -> None:
    found = probe_sound(film(folder, name))
    codecs = {
        "m4a": "aac",
        "webm": "opus",
        "opus": "opus",
        "ogg": "vorbis",
        "wav": "pcm_s16le",
        "flac": "flac",
    }
    assert found.codec == codecs[name[2:]]
    assert (found.channels, found.sample_rate_hz) == (4, 48000)
    assert (found.start_s, found.end_s) == pytest.approx((0.0, 6.0), abs=0.05)
    assert found.layout_name


def test_a_picture_shorter_than_its_sound_ends_where_it_ends(folder: Path) -> None:
    """Matroska gives one duration, of its longest stream: the packets tell the rest."""
    short = ["-f", "lavfi", "-i", "testsrc2=s=320x160:r=25:d=3"]
    path = folder / "short.mkv"
    assert run_ffmpeg([*short, *SOUND, *H264, *OPUS, str(path)]).returncode == 0
    assert probe_video(path).end_s == pytest.approx(3.0, abs=0.05)
    assert probe_sound(path).end_s == pytest.approx(6.0, abs=0.05)
    check_decodes(path, "v", 3.0)
    check_decodes(path, "a", 6.0)


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "empty_file"), (b"", "empty_file"), (b"no film at all" * 99, "unreadable")]
)
def test_what_is_no_media_file(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "x.mp4"
    if content is not None:
        path.write_bytes(content)
    for probe, suffix in ((probe_video, "_video"), (probe_sound, "_sound")):
        with pytest.raises(MediaError, match=r"x\.mp4") as caught:
            probe(path)
        assert caught.value.reason == (reason if reason == "empty_file" else reason + suffix)


def test_the_other_kind_of_stream_is_missing(folder: Path) -> None:
    with pytest.raises(MediaError, match="streams are audio") as caught:
        probe_video(film(folder, "a.wav"))
    assert caught.value.reason == "no_picture"
    with pytest.raises(MediaError, match="streams are video") as caught:
        probe_sound(film(folder, "v.mp4"))
    assert caught.value.reason == "no_sound"


@pytest.mark.parametrize("name", ["-i.mp4", "http:a.mp4", "concat:b.mp4", "%d.mp4", "a b'c.mp4"])
def test_names_are_never_options_nor_addresses(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / name).write_bytes(film(folder, "v.mp4").read_bytes())
    monkeypatch.chdir(tmp_path)
    assert probe_video(Path(name)).width == 320
    check_decodes(Path(name), "v", 6.0)


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{path}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{path}'\n",
    ],
)
def test_a_playlist_opens_no_other_file(folder: Path, tmp_path: Path, text: str) -> None:
    path = tmp_path / "list.mp4"
    path.write_text(text.format(path=film(folder, "v.mp4")), encoding="utf-8")
    with pytest.raises(MediaError) as caught:
        probe_video(path)
    assert caught.value.reason == "unreadable_video"


@pytest.mark.parametrize("name", list(FILMS))
def test_a_whole_file_decodes(folder: Path, name: str) -> None:
    path = film(folder, name)
    check_decodes(path, kind_of(name), length_of(path))


@pytest.mark.parametrize("part", [0.3, 0.6, 0.8])
@pytest.mark.parametrize("name", list(FILMS))
def test_a_file_that_is_cut_short_is_refused(folder: Path, tmp_path: Path, name: str, part: float) -> None:
    data = film(folder, name).read_bytes()
    path = tmp_path / name
    path.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(MediaError) as caught:
        check_decodes(path, kind_of(name), length_of(path))
    assert caught.value.reason == "truncated"


@pytest.mark.parametrize("name", ["a.ogg", "a.opus", "a.wav"])
def test_containers_with_their_own_end_notice_even_little(folder: Path, tmp_path: Path, name: str) -> None:
    data = film(folder, name).read_bytes()
    path = tmp_path / name
    path.write_bytes(data[: int(len(data) * 0.97)])
    with pytest.raises(MediaError):
        check_decodes(path, "a", length_of(path))


def test_less_than_was_promised_is_cut_short(folder: Path) -> None:
    with pytest.raises(MediaError, match="should reach to 9") as caught:
        check_decodes(film(folder, "a.opus"), "a", 9.0)
    assert caught.value.reason == "truncated"


def test_a_header_without_its_index_is_unreadable(folder: Path, tmp_path: Path) -> None:
    film(folder, "tail.mp4", *PICTURE, *H264)
    path = tmp_path / "tail.mp4"
    path.write_bytes((folder / "tail.mp4").read_bytes()[:-3000])
    with pytest.raises(MediaError) as caught:
        probe_video(path)
    assert caught.value.reason == "unreadable_video"


def test_data_that_is_overwritten_does_not_decode(folder: Path, tmp_path: Path) -> None:
    data = bytearray(film(folder, "v.mp4").read_bytes())
    data[len(data) // 6 :] = bytes(len(data) - len(data) // 6)
    path = tmp_path / "v.mp4"
    path.write_bytes(bytes(data))
    with pytest.raises(MediaError):
        check_decodes(path, "v", 6.0)


def test_a_timeout_has_its_own_word(folder: Path) -> None:
    with pytest.raises(MediaError) as caught:
        check_decodes(film(folder, "v.mp4"), "v", 6.0, timeout_s=0.0)
    assert caught.value.reason == "decode_timeout"


def touch(folder: Path, *names: str) -> None:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x")


@pytest.mark.parametrize(
    ("video_id", "names", "picture", "sound"),
    [
        ("a", ["a.video.mp4", "a.audio.webm"], "a.video.mp4", "a.audio.webm"),
        ("a", ["a.mkv"], "a.mkv", "a.mkv"),
        ("a", ["a.video.mp4"], "a.video.mp4", "a.video.mp4"),
        ("-a[b]", ["-a[b].video.mp4", "-a[b].audio.m4a"], "-a[b].video.mp4", "-a[b].audio.m4a"),
        ("a", ["a.mp4", "a.b.mp4", "ab.mp4", "a.b.video.mp4"], "a.mp4", "a.mp4"),
        ("a.b", ["a.mp4", "a.b.mp4"], "a.b.mp4", "a.b.mp4"),
        (
            "a",
            [
                "a.video.mp4",
                "a.video.mp4.part",
                "a.info.json",
                "a.json",
                "a.audio.m4a",
                "a.audio.webm.ytdl",
                "a.tmp",
            ],
            "a.video.mp4",
            "a.audio.m4a",
        ),
        ("a", ["a.mp4", ".a.mp4", "a.jpg", "a.part"], "a.mp4", "a.mp4"),
        ("a", ["a.mp4", "a.audio.m4a"], "a.mp4", "a.audio.m4a"),
    ],
)
def test_find_tracks(tmp_path: Path, video_id: str, names: list[str], picture: str, sound: str) -> None:
    touch(tmp_path / "raw", *names)
    found = find_tracks(tmp_path / "raw", video_id)
    assert [path.name for path in found] == [picture, sound]


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ([], "missing_media"),
        (["b.mp4", "a.json"], "missing_media"),
        (["a.audio.m4a"], "missing_media"),
        (["a.video.mp4", "a.video.webm"], "ambiguous_media"),
        (["a.video.mp4", "a.audio.m4a", "a.audio.webm"], "ambiguous_media"),
        (["a.mp4", "a.webm"], "ambiguous_media"),
    ],
)
def test_find_tracks_refuses_to_guess(tmp_path: Path, names: list[str], reason: str) -> None:
    touch(tmp_path / "raw", *names)
    with pytest.raises(MediaError) as caught:
        find_tracks(tmp_path / "raw", "a")
    assert caught.value.reason == reason


def test_find_tracks_in_no_folder(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        find_tracks(tmp_path / "nowhere", "a")
    assert caught.value.reason == "missing_media"
