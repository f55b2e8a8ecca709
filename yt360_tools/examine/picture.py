"""A file's picture examined: its header, its frames, what moves, how its sphere lies."""

import dataclasses
from pathlib import Path

from yt360_tools.config import Config
from yt360_tools.errors import MediaError
from yt360_tools.examine.declared import Declared
from yt360_tools.examine.examination import Examination
from yt360_tools.examine.findings import Finding
from yt360_tools.examine.header_findings import probe_findings
from yt360_tools.examine.layout_rule import decide_by_rule
from yt360_tools.examine.layout_shape import shape_findings, shape_of
from yt360_tools.examine.picture_layouts import faces_of, layout_hypotheses
from yt360_tools.examine.picture_motion import motion_findings
from yt360_tools.examine.picture_samples import PictureSamples, sample_picture
from yt360_tools.examine.timing import clock_findings
from yt360_tools.media.completeness import check_complete
from yt360_tools.media.probe import PictureProbe, check_decodes, probe_video
from yt360_tools.media.probe_details import picture_details
from yt360_tools.media.spherical import read_spherical
from yt360_tools.thresholds import PictureThresholds


def examine_picture(path: Path, config: Config, declared: Declared) -> Examination:
    """What the picture of a file is; what cannot be examined becomes a finding, and ends the examination.

    Raises:
        EnvironmentMissing: ffmpeg is missing.
    """
    found = Examination(())
    try:
        check_complete(path)
        probe = probe_video(path)
        found = Examination((), probe)
        check_decodes(path, "v", probe.end_s - probe.start_s, timeout_s=config.validate.decode_timeout_s)
        return _look_at(path, probe, config, declared)
    except MediaError as error:
        return dataclasses.replace(found, findings=(Finding(error.reason, "reject", str(error)),))


def _look_at(path: Path, probe: PictureProbe, config: Config, declared: Declared) -> Examination:
    samples, header = sample_picture(path), read_spherical(path)
    looks = layout_hypotheses(samples.frames, config.picture)
    faces = faces_of(samples.frames) if looks and looks[0].name == "cubemap mono" else ""
    shape = shape_of(samples.frames, samples.width, samples.height)
    decided = decide_by_rule(
        path, looks, shape, declared=declared, faces=faces, config=config.validate, thresholds=config.picture
    )
    details = picture_details(path, samples.packets)
    size = _size_findings(samples, config.picture)
    findings = (
        *size,
        *_change_findings(samples),
        *(
            () if size else motion_findings(path, samples, config.picture, most_gap_s=config.timing.most_gap_s)
        ),  # too small to see what moves
        *clock_findings(samples.packets, config.timing),
        *probe_findings(details),
        *decided.findings,
        *(() if size else shape_findings(shape, decided.layout, config.picture)),
    )
    if header is not None and header.doubts:
        said = f"its header says {' and '.join(header.doubts)}; taken as absent"
        findings += (Finding("header_damaged", "doubt", said),)
    pose_deg = header.pose_deg if header is not None else None
    return Examination(
        findings, probe, layout=decided.layout, layouts=looks, header_pose_deg=pose_deg, picture_details=details
    )


def _change_findings(samples: PictureSamples) -> tuple[Finding, ...]:
    if len(samples.sizes) < 2:
        return ()
    told = ", ".join(f"{width} x {height}" for width, height in samples.sizes)
    said = f"the size of its picture changes: {told}; it was judged by frames of the first size"
    return (Finding("size_changes", "doubt", said, {"sizes": float(len(samples.sizes))}),)


def _size_findings(samples: PictureSamples, limits: PictureThresholds) -> tuple[Finding, ...]:
    side = min(samples.width, samples.height)
    if side >= limits.small_side_px:
        return ()
    severity = "reject" if side < limits.least_side_px else "doubt"
    said = f"its picture of {samples.width} x {samples.height} pixels shows next to nothing"
    return (Finding("too_small", severity, said, {"side_px": float(side)}),)
