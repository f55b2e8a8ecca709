"""What truth.json says: a scene in plain words and numbers."""

from typing import Any

from yt360_tools.demo.backgrounds import style_of
from yt360_tools.demo.scene import SAMPLE_RATE_HZ, Arrangement, Scene, SceneObject

CONVENTIONS: dict[str, str] = {
    "frame": "+x front, +y left, +z up; azimuth counter-clockwise seen from above (left is positive), "
    "elevation up positive; degrees",
    "picture": "equirectangular: azimuth 0 in the middle, left of the middle is positive; pixel centres; "
    "eac: as YouTube serves it, with a border of 2 pixels; top-bottom: the left eye on top",
    "sound": "AmbiX first order: channels W, Y, Z, X (ACN), SN3D",
    "time": "seconds from the video's start; start_s inclusive, end_s exclusive; frame i is at i / fps",
    "path": "keyframes; between two of them the object moves evenly along the great circle; "
    "one keyframe pair of the same direction is an object at rest",
    "level": "level_dbfs and noise_dbfs are rms levels in W re full scale 1.0, before fades of 15 ms at "
    "cuts; the noise is isotropic, Y, Z and X each with a third of W's power; null is digital silence",
    "stereo": "the eyes differ by a parallax of 0.2 degrees in azimuth to each side of the truth",
}


def _object(shown: SceneObject) -> dict[str, Any]:
    return {
        "class": shown.class_name,
        "role": "sounding" if shown.is_sounding else "distractor",
        "angular_radius_deg": shown.radius_deg,
        "level_dbfs": shown.level_dbfs,
        "path": {
            "times_s": list(shown.path.times_s),
            "azimuth_deg": list(shown.path.azimuth_deg),
            "elevation_deg": list(shown.path.elevation_deg),
        },
    }


def _arrangement(arrangement: Arrangement) -> dict[str, Any]:
    return {
        "start_s": arrangement.start_s,
        "end_s": arrangement.end_s,
        "background": style_of(arrangement.background_seed),
        "noise_dbfs": arrangement.noise_dbfs,
        "objects": [_object(shown) for shown in arrangement.objects],
    }


def truth_of(scene: Scene, *, split: str, width: int, height: int, video: str, audio: str) -> dict[str, Any]:
    """The truth of one video, ready for JSON; `video` and `audio` are its files' names."""
    return {
        "video_id": scene.video_id,
        "index": scene.index,
        "split": split,
        "video_file": video,
        "audio_file": audio,
        "projection": scene.delivery.projection,
        "stereo": scene.delivery.stereo,
        "video_codec": scene.delivery.video_codec,
        "audio_codec": scene.delivery.audio_codec,
        "width": width,
        "height": height,
        "fps": float(scene.frame_rate),
        "frame_rate": str(scene.frame_rate),
        "frames": scene.frames,
        "seconds": scene.duration_s,
        "sample_rate_hz": SAMPLE_RATE_HZ,
        "silent_spans": [
            {"start_s": part.start_s, "end_s": part.end_s, "level_dbfs": None}
            for part in scene.arrangements
            if part.is_silent
        ],
        "arrangements": [_arrangement(arrangement) for arrangement in scene.arrangements],
    }
