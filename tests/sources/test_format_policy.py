"""Which formats are fetched, and what is said of why: recorded lists, passed on by yt-dlp's own classes."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from worlds.recorded_formats import (
    FLAT,
    MESH,
    QUAD,
    STEREO,
    as_yt_dlp_passes_them_on,
    picture,
    sound,
    storyboard,
)

from yt360_tools.config import DownloadConfig, read_toml, resolve
from yt360_tools.errors import TransientError, UsageError
from yt360_tools.sources import open_source
from yt360_tools.sources.offers import read_offer
from yt360_tools.sources.policy import Choice, choose, read_policy
from yt360_tools.sources.youtube import choose_formats

DEFAULT = DownloadConfig()


def choices(formats: list[dict[str, Any]], config: DownloadConfig = DEFAULT) -> dict[str, Choice]:
    offers = [read_offer(entry) for entry in as_yt_dlp_passes_them_on(formats)]
    return choose(offers, read_policy(config))


def policy(**options: Any) -> DownloadConfig:
    return dataclasses.replace(DEFAULT, **options)


def taken(choice: Choice) -> str | None:
    return choice.offer.format_id if choice.offer else None


PICTURES = {
    "a sphere, not the taller flat picture": (
        [picture("337", "2160p60", 2160), picture("271", "1440s, mesh", 1440)], {}, "271", "rung 1 '360'",
        {"nothing says that it is a sphere": ["337"]},
    ),
    "the tallest sphere": (
        [picture("271", "1440s, mesh", 1440), MESH, picture("272", "4320s, mesh", 4320)], {}, "313",
        "313 eac 4320x2160 vp9 30 fps: rung 1 '360' (tallest of 2 that fit)",
        {"height 4320 is not <=2160 (download.max_height)": ["272"], "it has fewer lines": ["271"]},
    ),
    "equirectangular, mono": (
        [picture("313", "2160s, equi", 2160), FLAT], {}, "313", "313 er 4320x2160", {},
    ),
    "equirectangular, one eye above the other": (
        [picture("315", "2160s60, equi_threed_top_bottom", 2160, width=2160, fps=60)], {}, "315",
        "315 er-top-bottom 2160x2160 vp9 60 fps", {},
    ),
    "mesh, which is how YouTube labels EAC": ([MESH], {}, "313", "313 eac", {}),
    "EAC before ER, whatever their height": (
        [picture("272", "2160s, equi", 2160), picture("271", "1440s, mesh", 1440)], {"picture": ("eac", "er")}, "271",
        "rung 1 'eac'", {"er is another kind": ["272"]},
    ),
    "ER where there is no EAC": (
        [picture("272", "2160s, equi", 2160)], {"picture": ("eac height<=2160", "er")}, "272",
        "rung 2 'er'; nothing fits 'eac height<=2160'", {},
    ),
    "never a stereo picture for a mono one": (
        [picture("315", "2160s, equi_threed_top_bottom"), picture("271", "1440s, equi", 1440)],
        {"picture": ("er",)}, "271", "er", {"er-top-bottom is another kind": ["315"]},
    ),
    "YouTube's own words": (
        [picture("315", "2160s, equi_threed_top_bottom")], {"picture": ("equi_threed_top_bottom",)}, "315",
        "rung 1 'equi_threed_top_bottom'", {},
    ),
    "VP9 before AV1 before H.264 at one height": (
        [picture("401", "2160s, mesh", codec="av01.0.12M.08", tbr=9000.0), MESH,
         picture("266", "2160s, mesh", codec="avc1.640033", tbr=20000.0)],
        {"picture": ("360 vp9>av1",)}, "313", "tallest of 2 that fit",
        {"its codec is less preferred": ["401"], "h264 is not vp9 or av1": ["266"]},
    ),
    "the height before the codec within a rung": (
        [picture("401", "2160s, mesh", codec="av01.0.12M.08"), picture("271", "1440s, mesh", 1440)],
        {"picture": ("360 vp9>av1",)}, "401", "401 eac 4320x2160 av1", {"it has fewer lines": ["271"]},
    ),
    "the codec before the height, by rungs": (
        [picture("401", "2160s, mesh", codec="av01.0.12M.08"), picture("271", "1440s, mesh", 1440)],
        {"picture": ("360 vp9", "360")}, "271", "rung 1 '360 vp9'", {"av1 is not vp9": ["401"]},
    ),
    "no more frames than are wanted": (
        [picture("315", "2160s60, mesh", fps=60), picture("308", "1440s, mesh", 1440)],
        {"picture": ("360 fps<=30",)}, "308", "30 fps", {"fps 60 is not <=30": ["315"]},
    ),
    "of equals the higher bit rate": (
        [picture("313", "2160s, mesh", tbr=9000.0), picture("401", "2160s, mesh", codec="av01.0.12M.08", tbr=5000.0)],
        {}, "313", "tallest of 2", {"its bit rate is lower": ["401"]},
    ),
    "SDR before HDR at one height": (
        [MESH, picture("337", "2160s60 HDR, mesh", codec="vp09.02.51.10", dynamic_range="HDR10", tbr=30000.0)],
        {}, "313", "313 eac", {"it is HDR": ["337"]},
    ),
    "HDR when that is asked for": (
        [MESH, picture("337", "2160s60 HDR, mesh", codec="vp09.02.51.10", dynamic_range="HDR10")],
        {"picture": ("360 hdr",)}, "337", "337 eac 4320x2160 vp9 30 fps HDR10", {"SDR is not HDR": ["313"]},
    ),
    "the smallest that is tall enough": (
        [MESH, picture("271", "1440s, mesh", 1440), picture("247", "720s, mesh", 720)],
        {"picture": ("360 height>=1000 smallest",)}, "271", "(smallest of 2 that fit)",
        {"it has more lines": ["313"], "height 720 is not >=1000": ["247"]},
    ),
    "no height told: the label's": (
        [picture("313", "2160s, mesh", None), picture("271", "1440s, mesh", 1440)], {}, "313", "313 eac 2160 lines", {},
    ),
    "no height told at all: behind every other": (
        [picture("313", "mesh", None, tbr=99999.0), picture("243", "360s, mesh", 360)], {}, "243", "rung 1",
        {"it has fewer lines": ["313"]},
    ),
    "no height told at all: not under a bound": (
        [picture("313", "mesh", None)], {"picture": ("360 height<=1440",)}, None,
        "none of the pictures offered fits '360 height<=1440': height is not told: 313", {},
    ),
    "never what AI has scaled up": (
        [picture("313-sr", "2160s, AI-upscaled, mesh"), picture("248", "1080s, mesh", 1080)], {}, "248", "248 eac",
        {"upscaled by AI, which is no recording": ["313-sr"]},
    ),
    "what AI has scaled up, when asked for": (
        [picture("313-sr", "2160s, AI-upscaled, mesh"), picture("248", "1080s, mesh", 1080)],
        {"picture": ("360 upscaled",)}, "313-sr", "313-sr eac", {},
    ),
    "a damaged one last": (
        [picture("313", "2160s, mesh, DAMAGED", preference=-10), picture("271", "1440s, mesh", 1440)], {}, "271",
        "271 eac", {"it is damaged": ["313"]},
    ),
    "DRM: yt-dlp passes it on to nobody": (
        [picture("313", "2160s, mesh", has_drm=True), picture("271", "1440s, mesh", 1440)], {}, "271", "271 eac", {},
    ),
    "DRM perhaps: last": (
        [picture("313", "2160s, mesh", has_drm="maybe"), picture("271", "1440s, mesh", 1440)], {}, "271", "271 eac",
        {"it is maybe drm": ["313"]},
    ),
    "storyboards are no pictures": (
        [storyboard(0), MESH], {}, "313", "313 eac", {},
    ),
    "a picture alone before one with a sound": (
        [picture("18", "360s, mesh", 360, codec="avc1.42001E", acodec="mp4a.40.2", tbr=900.0),
         picture("243", "360s, mesh", 360)],
        {}, "243", "243 eac", {"it carries a sound too": ["18"]},
    ),
    "nothing but a picture with a sound": (
        [picture("18", "360s, mesh", 360, codec="avc1.42001E", acodec="mp4a.40.2")], {}, "18", "18 eac 720x360 h264",
        {},
    ),
    "all too tall": (
        [picture("272", "4320s, mesh", 4320)], {}, None, "height 4320 is not <=2160 (download.max_height): 272", {},
    ),
    "no sphere": ([FLAT, picture("243", "360p", 360)], {}, None, "nothing says that it is a sphere: 243 248", {}),
}  # fmt: skip


@pytest.mark.parametrize(("formats", "options", "expected", "why", "passed_over"), PICTURES.values(), ids=PICTURES)
def test_the_picture(
    formats: list[dict[str, Any]],
    options: dict[str, Any],
    expected: str | None,
    why: str,
    passed_over: dict[str, list[str]],
) -> None:
    choice = choices([*formats, QUAD, STEREO], policy(**options))["picture"]
    assert taken(choice) == expected
    assert why in choice.why
    assert passed_over.items() <= choice.passed_over.items()


SOUNDS = {
    "338 by its label": ([QUAD, STEREO], {}, "338", "338 ambisonics_quad 4 channels opus: rung 1 'ambisonics_quad'",
                         {"nothing says that it is spatial": ["251"]}),
    "338 by its number": ([sound("338", "high", 4), STEREO], {}, "338", "338 ambisonics_quad", {}),
    "338 whose channels nobody tells": (
        [sound("338", "high", None), STEREO], {}, "338", "338 ambisonics_quad opus", {},
    ),
    "339, Vorbis": (
        [sound("339", "high", 4, "vorbis"), STEREO], {}, "339", "339 ambisonics_quad 4 channels vorbis", {},
    ),
    "327, AAC in six channels": (
        [sound("327", "high", 6, "mp4a.40.2"), STEREO], {}, "327",
        "327 ambisonics_5_1 6 channels aac: rung 3 'ambisonics_5_1'; nothing fits 'ambisonics_quad', "
        "'foa_with_non_diegetic'", {},
    ),
    "338 before 327": (
        [sound("327", "high, ambisonics_5_1", 6, "mp4a.40.2", abr=384.0, tbr=384.0), QUAD], {}, "338", "rung 1",
        {"ambisonics_5_1 is another kind": ["327"]},
    ),
    "338 and 339: the higher bit rate": (
        [QUAD, sound("339", "high, ambisonics_quad", 4, "vorbis", tbr=500.0)], {}, "339", "best of 2 that fit",
        {"its bit rate is lower": ["338"]},
    ),
    "338 and 339: the codec that is preferred": (
        [QUAD, sound("339", "high, ambisonics_quad", 4, "vorbis", tbr=500.0)],
        {"sound": ("spatial opus>vorbis",)}, "338", "best of 2", {"its codec is less preferred": ["339"]},
    ),
    "six channels with the head-locked stereo said": (
        [sound("338", "high, foa_with_non_diegetic", 6)], {}, "338",
        "338 foa_with_non_diegetic 6 channels opus: rung 2 'foa_with_non_diegetic'", {},
    ),
    "six channels of which nothing is said may be surround": (
        [sound("258", "high", 6, "mp4a.40.2"), STEREO], {}, None, "no rung takes unlabelled: 258", {},
    ),
    "four channels of which nothing is said, when asked for": (
        [sound("700", "high", 4), STEREO], {"sound": ("spatial", "unlabelled channels=4")}, "700",
        "rung 2 'unlabelled channels=4'; nothing fits 'spatial'", {},
    ),
    "one number, when asked for": (
        [sound("258", "high", 6, "mp4a.40.2"), sound("380", "high", 6, "ac-3")],
        {"sound": ("unlabelled id=258",)}, "258", "258 unlabelled 6 channels aac",
        {"not one of id=258": ["380"]},
    ),
    "stereo only": ([STEREO, sound("140", "medium", 2, "mp4a.40.2")], {}, None,
                    "nothing says that it is spatial: 140 251", {}),
    "stereo that claims to be spatial": ([sound("338", "high, ambisonics_quad", 2)], {}, None,
                                         "nothing says that it is spatial: 338", {}),
    "no sound at all": ([], {}, None, "no sound is offered at all", {}),
    "storyboards are no sounds": ([storyboard(0)], {}, None, "no sound is offered at all", {}),
    "the original language": (
        [sound("338-0", "Spanish, high, ambisonics_quad", 4, language="es", language_preference=-1, tbr=999.0),
         sound("338-1", "English original (default), high, ambisonics_quad", 4, language="en", language_preference=10)],
        {}, "338-1", "338-1 ambisonics_quad 4 channels opus en", {"it is not the original language": ["338-0"]},
    ),
    "another language, when asked for": (
        [sound("338-0", "Spanish, high, ambisonics_quad", 4, language="es-419", language_preference=-1),
         sound("338-1", "English original (default), high, ambisonics_quad", 4, language="en", language_preference=10)],
        {"sound": ("spatial language=es",)}, "338-0", "es-419", {"language en is not es": ["338-1"]},
    ),
    "the levels as they were before those that YouTube has evened out": (
        [sound("338-drc", "high, DRC, ambisonics_quad", 4, tbr=999.0), QUAD], {}, "338", "best of 2",
        {"it is drc": ["338-drc"]},
    ),
    "a picture's own sound is no track": (
        [picture("18", "360s, mesh, ambisonics_quad", 360, acodec="opus", audio_channels=4)], {}, None, "no sound", {},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("formats", "options", "expected", "why", "passed_over"), SOUNDS.values(), ids=SOUNDS)
def test_the_sound(
    formats: list[dict[str, Any]],
    options: dict[str, Any],
    expected: str | None,
    why: str,
    passed_over: dict[str, list[str]],
) -> None:
    choice = choices([*formats, MESH, FLAT], policy(**options))["sound"]
    assert taken(choice) == expected
    assert why in choice.why
    assert passed_over.items() <= choice.passed_over.items()


def test_every_format_of_a_track_is_taken_or_passed_over_once() -> None:
    formats = [MESH, FLAT, picture("272", "4320s, mesh", 4320), picture("271", "1440s, equi", 1440), QUAD, STEREO]
    for track, choice in choices([*formats, storyboard(0)]).items():
        passed = [format_id for ids in choice.passed_over.values() for format_id in ids]
        expected = {"picture": ["248", "271", "272"], "sound": ["251"]}
        assert sorted(passed) == expected[track]


def test_both_are_fetched_each_by_itself_never_merged() -> None:
    formats = as_yt_dlp_passes_them_on([MESH, QUAD, STEREO, FLAT])
    found = choose_formats(formats, read_policy(DEFAULT))
    assert [(track, entry["format_id"]) for track, entry, _ in found] == [("picture", "313"), ("sound", "338")]
    assert not any("requested_formats" in entry for _, entry, _ in found)


@pytest.mark.parametrize(
    ("formats", "reason", "said"),
    [
        ([FLAT, QUAD], "no_360_picture", ("nothing says that it is a sphere: 248", "download.player_clients")),
        (
            [picture("272", "4320s, mesh", 4320), QUAD],
            "no_360_picture",
            ("height 4320 is not <=2160 (download.max_height): 272", "download.max_height"),
        ),
        ([MESH, STEREO], "no_spatial_sound", ("nothing says that it is spatial: 251", "download.sound")),
    ],
)
def test_what_this_client_does_not_offer_another_may(
    formats: list[dict[str, Any]], reason: str, said: tuple[str, ...]
) -> None:
    with pytest.raises(TransientError) as caught:
        choose_formats(as_yt_dlp_passes_them_on(formats), read_policy(DEFAULT))
    assert caught.value.reason == reason
    for words in said:
        assert words in str(caught.value)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        (
            'picture = ["eac height<=2160 vp09"]',
            "rung 1 'eac height<=2160 vp09': unknown word 'vp09'.*did you mean 'vp9'",
        ),
        (
            'picture = ["360", "fisheye"]',
            "rung 2 'fisheye': the first word must be the kind of picture.*known: 360, eac",
        ),
        ('picture = ["height<=2160"]', "the first word must be the kind of picture"),
        ('picture = ["spatial"]', "a word of the other ladder"),
        ('picture = ["360 height<=tall"]', "height is compared with a number; got 'tall'"),
        ('picture = ["360 channels=4"]', "unknown word 'channels=4'"),
        ('picture = ["360 sdr hdr"]', "exclude each other"),
        ("picture = []", "download.picture has no rung.*\\['360'\\]"),
        ('picture = [""]', "the first word must be the kind of picture"),
        ('sound = ["stereo"]', "stereo is no spatial sound"),
        ('sound = ["spatial channels=2"]', "leaves no spatial sound.*stereo is none"),
        ('sound = ["spatial channels<=3"]', "leaves no spatial sound"),
        ('sound = ["ambisonic_quad"]', "did you mean 'ambisonics_quad'"),
        ('sound = ["unlabelled"]', "may be 5.1 surround.*'unlabelled channels=4'"),
        ('sound = ["spatial fps<=30"]', "unknown word 'fps<=30'"),
    ],
)
def test_a_wrong_policy_is_refused_before_the_first_video(section: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(f"[download]\n{section}\n", encoding="utf-8")
    config = resolve(read_toml(path)).download
    with pytest.raises(UsageError, match=said):
        open_source(config)


def test_a_policy_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(
        '[download]\npicture = ["eac height<=2160 vp9 fps<=60", "er"]\nsound = "spatial"\n', encoding="utf-8"
    )
    config = resolve(read_toml(path)).download
    first, second = read_policy(config).picture
    assert (first.kinds, first.codecs, [bound.value for bound in first.bounds]) == (("eac",), ("vp9",), [2160, 60])
    assert (second.kinds, second.bounds) == (("er",), ())
    assert config.sound == ("spatial",)
