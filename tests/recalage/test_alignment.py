"""An alignment warps what moved, passes on what did not, never reads what was left out, and survives being saved."""

import json

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_allclose, assert_array_equal

from data import DataError, Stack, open_stack, save
from recalage.alignment import Alignment, FrameReport
from recalage.area import common_area
from recalage.errors import RegistrationError
from recalage.tone import match_tone
from recalage.warping import warp

SHAPE = (96, 128)
TURN = np.array([[0.99, -0.05, 6.5], [0.04, 1.01, -3.25], [1e-5, -2e-5, 1]])
SHIFT = np.array([[1, 0, -3], [0, 1, 4], [0, 0, 1]])
LEFT_OUT = np.full((3, 3), np.nan)
REPORTS = (
    FrameReport("a.png", "aligned", "", "b.png", 0.91, 0.25, 0.98765),
    FrameReport("b.png", "reference", "", "", 1.0, 1.0, 1.0),
    FrameReport("blurred and dark.png", "left out", "nothing sharp", "", 0.0, 0.0, 0.0),
    FrameReport("d.png", "untouched", "lies where it should", "b.png", 0.5, -0.125, -0.125),
    FrameReport("é.png", "aligned", "", "d.png", 1 / 3, 0.1, 0.9),
)
MATRICES = np.stack([TURN, np.eye(3), LEFT_OUT, np.eye(3), SHIFT])
GAINS = np.array([[1.2, 1, 0.8], [1, 1, 1], [np.nan] * 3, [0.9, 0.9, 0.9], [1.5, 1.4, 1.3]])
OPTIONS = {"shape": SHAPE, "reference": 1, "model": "homography", "strategy": "chain"}


@pytest.fixture(scope="module")
def alignment():
    return Alignment(MATRICES, REPORTS, **OPTIONS, gains=GAINS)


@pytest.fixture(scope="module")
def frames(texture):
    """Five different frames of 8 bits."""
    return [np.rint(np.roll(texture, 9 * index, axis=1) * 255).astype(np.uint8) for index in range(5)]


def changed(**given):
    """Return what makes an alignment, but for some of it."""
    return Alignment(**({"matrices": MATRICES, "frames": REPORTS, "gains": GAINS} | OPTIONS | given))


def test_what_is_kept_is_told(alignment):
    assert alignment.kept == [0, 1, 3, 4]
    assert alignment.matrices.dtype == np.float64 and alignment.gains.dtype == np.float64
    assert alignment.frames == REPORTS and alignment.shape == SHAPE
    assert (alignment.reference, alignment.model, alignment.strategy) == (1, "homography", "chain")
    assert repr(alignment) == "<Alignment of 4 of 5 frames, 128 x 96 pixels, by homography>"


def test_the_area_is_that_of_all_kept_frames(alignment):
    assert alignment.area == common_area([TURN, SHIFT], SHAPE)
    rows, columns = changed(matrices=[np.eye(3), np.eye(3), LEFT_OUT, np.eye(3), SHIFT]).area
    assert (rows, columns) == (slice(4, 96), slice(0, 125))


def test_displacements_are_those_of_the_farthest_corner():
    grown = np.diag([1.1, 1.2, 1])
    distances = changed(matrices=[grown, np.eye(3), LEFT_OUT, np.eye(3), SHIFT]).displacements
    assert_allclose(distances, [np.hypot(12.7, 19), 0, np.nan, 0, 5])


def test_the_table_has_a_line_for_each_frame():
    lines = str(changed(gains=None)).splitlines()
    assert lines == [
        "frame                 status       moved       correlation  matched  with   reason",
        "a.png                 aligned    7.27 px   0.250 ->  0.988      91%  b.png",
        "b.png                 reference  0.00 px",
        "blurred and dark.png  left out                                              nothing sharp",
        "d.png                 untouched  0.00 px  -0.125 -> -0.125      50%  b.png  lies where it should",
        "é.png                 aligned    5.00 px   0.100 ->  0.900      33%  d.png",
    ]


def test_the_table_tells_of_gains(alignment):
    lines = str(alignment).splitlines()
    assert lines[0].split() == ["frame", "status", "moved", "correlation", "matched", "with", "gains", "reason"]
    assert lines[1].endswith("91%  b.png  1.200 1.000 0.800")
    assert lines[3].split() == ["blurred", "and", "dark.png", "left", "out", "nothing", "sharp"]
    assert lines[4].endswith("50%  b.png  0.900 0.900 0.900  lies where it should")


def test_frames_are_brought_into_the_reference_frame(alignment, frames):
    stack = alignment.apply(frames)
    assert isinstance(stack, Stack) and stack.shape == (4, 96, 128, 3) and stack.bit_depth == 8
    assert stack.names == ["frame 0", "frame 1", "frame 3", "frame 4"]
    assert_array_equal(stack.pixels(0), warp(frames[0], TURN))
    assert_array_equal(stack.pixels(1), frames[1])
    assert_array_equal(stack.pixels(2), frames[3])
    assert_array_equal(stack.pixels(3)[4:, :-3], frames[4][:-4, 3:])
    assert_array_equal(stack[0], warp(frames[0], TURN) * np.float32(1 / 255))


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("is_gray", [True, False])
def test_an_untouched_frame_keeps_every_bit(alignment, kind, is_gray):
    rng = np.random.default_rng(2)
    shape = SHAPE if is_gray else (*SHAPE, 3)
    frames = [rng.random(shape, np.float32) for _ in range(5)]
    if kind != "float32":
        frames = [(frame * np.iinfo(kind).max).astype(kind) for frame in frames]
    stack = alignment.apply(frames)
    assert stack.bit_depth == (8 if kind == "uint8" else 16)
    for position, index in ((1, 1), (2, 3)):
        assert stack.pixels(position).dtype == kind
        assert_array_equal(stack.pixels(position), frames[index])
    assert stack.pixels(0).dtype == kind and (stack.pixels(0) != frames[0]).any()


def test_frames_of_16_bits_are_drawn_with_16_bits_even_if_they_hold_256_levels(alignment, frames, tmp_path):
    for index, frame in enumerate(frames):
        tifffile.imwrite(tmp_path / f"{index}.tif", frame.astype(np.uint16) * 257)
    drawn = alignment.apply(tmp_path).pixels(0)
    assert drawn.dtype == np.uint16 and (drawn % 257 != 0).mean() > 0.5
    assert_array_equal(drawn, warp(frames[0].astype(np.uint16) * 257, TURN))


@pytest.mark.parametrize("crop", [True, False])
def test_an_untouched_frame_is_not_even_warped(alignment, frames, crop, monkeypatch):
    stack = alignment.apply(frames, crop=crop)
    monkeypatch.setattr("recalage.alignment.warp", lambda *_: pytest.fail("was warped"))
    assert stack.pixels(2).shape == stack.shape[1:]


def test_a_crop_is_the_area_of_the_whole(alignment, frames):
    rows, columns = alignment.area
    whole, cropped = alignment.apply(frames), alignment.apply(frames, crop=True)
    assert rows.start > 0 and columns.start > 0  # so that a shift of the crop would be seen
    assert cropped.shape == (4, rows.stop - rows.start, columns.stop - columns.start, 3)
    assert cropped.names == whole.names
    for index in range(4):
        difference = np.abs(cropped.pixels(index).astype(int) - whole.pixels(index)[rows, columns])
        assert difference.max() <= (0 if index > 0 else 8) and difference.mean() < 0.5
        assert cropped.pixels(index).shape == cropped.shape[1:]


@pytest.mark.parametrize("crop", [True, False])
def test_frames_are_drawn_by_the_kernel_that_is_asked_for(alignment, frames, crop):
    given = {name: alignment.apply(frames, crop=crop, interpolation=name) for name in ("lanczos", "cubic")}
    default = alignment.apply(frames, crop=crop)
    area = alignment.area if crop else (slice(None), slice(None))
    for name, aligned in given.items():
        whole = warp(frames[0], TURN, interpolation=name)[area].astype(int)
        assert np.abs(aligned.pixels(0) - whole).max() <= 1  # positions are rounded, of the whole and of the part
    assert_array_equal(default.pixels(0), given["lanczos"].pixels(0))
    assert np.abs(given["lanczos"].pixels(0).astype(int) - given["cubic"].pixels(0)).max() > 2
    assert_array_equal(given["cubic"].pixels(1), frames[1][area])


def test_an_unknown_kernel_is_refused_before_a_frame_is_read(alignment, frames):
    stack = open_stack(frames)
    stack.pixels = None
    with pytest.raises(ValueError, match="interpolation must be one of lanczos, cubic; got 'nearest'"):
        alignment.apply(stack, interpolation="nearest")


def test_tone_is_matched_by_the_gains_of_each_frame(alignment, frames):
    plain, matched = alignment.apply(frames), alignment.apply(frames, tone="match")
    for position, index in enumerate(alignment.kept):
        assert_array_equal(matched.pixels(position), match_tone(plain.pixels(position), GAINS[index]))
    assert_array_equal(matched.pixels(1), frames[1])
    assert (matched.pixels(2) != frames[3]).any()
    rows, columns = alignment.area
    cropped = alignment.apply(frames, crop=True, tone="match")
    assert_array_equal(cropped.pixels(2), matched.pixels(2)[rows, columns])


def test_gray_frames_of_another_channel_take_a_colour_alignment(alignment, frames):
    gray = [frame[..., 1] for frame in frames]
    stack = alignment.apply(gray, tone="match")
    assert stack.shape == (4, 96, 128)
    assert_array_equal(stack.pixels(3), match_tone(warp(gray[4], SHIFT), GAINS[4]))


def test_frames_are_read_when_they_are_asked_for_and_those_left_out_never(alignment, frames):
    read = []
    source = open_stack(frames)
    watched = source.with_frames(lambda index: read.append(index) or source.pixels(index))
    stack = alignment.apply(watched)
    assert read == []
    stack.pixels(3)
    assert read == [4]
    np.asarray(stack)
    assert read == [4, 0, 1, 3, 4]


def test_a_frame_that_was_left_out_may_be_unreadable(alignment, frames, tmp_path):
    names = [report.name for report in REPORTS]
    for name, frame in zip(names, frames, strict=True):
        save(frame, tmp_path / name)
    (tmp_path / names[2]).write_bytes(b"no picture")
    stack = alignment.apply([tmp_path / name for name in names])
    assert stack.names == [names[index] for index in (0, 1, 3, 4)]
    assert_array_equal(stack.pixels(2), frames[3])
    (tmp_path / names[3]).unlink()
    with pytest.raises(DataError, match="d.png: no such file"):
        alignment.apply([tmp_path / name for name in names]).pixels(2)


def test_a_frame_that_none_was_left_out_for_is_refused_at_once(frames):
    both = Alignment([np.eye(3), SHIFT], [REPORTS[1], REPORTS[4]], **OPTIONS | {"reference": 0})
    with pytest.raises(DataError, match="frame 1 is 127 x 96 pixels"):
        both.apply([frames[0], frames[1][:, :-1]])


def test_metadata_are_those_of_the_first_kept_frame(frames, tmp_path):
    for index, make in enumerate(("Holga", "Lomo")):
        options = {"photometric": "rgb", "extratags": [(271, "s", 0, make, True)]}
        tifffile.imwrite(tmp_path / f"{index}.tif", frames[index], **options)
    second = Alignment([LEFT_OUT, np.eye(3)], [REPORTS[2], REPORTS[1]], **OPTIONS)
    assert b"Lomo" in second.apply(tmp_path).metadata.exif


def test_another_stack_must_have_as_many_frames_of_the_same_size(alignment, frames):
    message = "the stack has 4 frames of 128 x 96 pixels, and the alignment is of 5 frames of 128 x 96 pixels"
    with pytest.raises(RegistrationError, match=message):
        alignment.apply(frames[:4])
    with pytest.raises(RegistrationError, match="5 frames of 120 x 96 pixels, and the alignment is of 5 .* 128 x 96"):
        alignment.apply([frame[:, :120] for frame in frames])
    with pytest.raises(RegistrationError, match="the stack has 1 frame of 128 x 90 pixels"):
        alignment.apply(frames[0][None, :90])


def test_tone_needs_gains(alignment, frames):
    with pytest.raises(ValueError, match="needs gains, and this alignment has none; register with tone='match'"):
        changed(gains=None).apply(frames, tone="match")
    with pytest.raises(ValueError, match="tone must be None or 'match', got 'same'"):
        alignment.apply(frames, tone="same")


@pytest.mark.parametrize("gains", [GAINS, GAINS[:, :1], None], ids=["colour", "gray", "none"])
def test_a_saved_alignment_comes_back_equal(gains, tmp_path):
    before = changed(gains=gains, matrices=MATRICES * (1 + 1e-15 * np.pi * np.eye(3)[[1, 2, 0]]))
    before.save(tmp_path / "alignment.json")
    after = Alignment.load(tmp_path / "alignment.json")
    assert after == before
    assert_array_equal(after.matrices, before.matrices)
    assert after.frames == REPORTS and all(isinstance(report, FrameReport) for report in after.frames)
    assert (after.gains is None) == (gains is None)
    assert after.shape == SHAPE and after.kept == before.kept


def test_reports_may_hold_numbers_of_numpy(tmp_path):
    reports = [report._replace(before=np.float32(report.before)) for report in REPORTS]
    changed(frames=reports).save(tmp_path / "alignment.json")
    assert Alignment.load(tmp_path / "alignment.json") == changed(frames=reports)


def test_an_existing_file_is_replaced_only_by_force(alignment, tmp_path):
    path = tmp_path / "alignment.json"
    alignment.save(path)
    with pytest.raises(DataError, match="exists already"):
        changed(gains=None).save(path)
    assert Alignment.load(path) == alignment
    changed(gains=None).save(path, force=True)
    assert Alignment.load(path) == changed(gains=None)
    assert [other.name for other in tmp_path.iterdir()] == ["alignment.json"]


@pytest.mark.parametrize(
    "given",
    [
        {"matrices": MATRICES + np.eye(3)[0] * (np.arange(5) == 0)[:, None, None] * 1e-12},
        {"frames": [*REPORTS[:4], REPORTS[4]._replace(after=0.5)]},
        {"gains": GAINS + 1e-12},
        {"gains": None},
        {"shape": (96, 129)},
        {"model": "affine"},
        {"strategy": "reference"},
    ],
    ids=lambda given: next(iter(given)),
)
def test_alignments_differ_if_any_part_does(alignment, given):
    assert alignment == changed()
    assert changed(**given) != alignment and alignment != changed(**given)
    assert alignment != "alignment"


def test_an_alignment_does_not_change_with_the_arrays_it_was_made_of():
    matrices, gains = MATRICES.copy(), GAINS.copy()
    made = changed(matrices=matrices, gains=gains)
    matrices[0, 0, 2] = gains[0, 0] = 99
    assert made == changed()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"matrices": MATRICES[:4]}, r"matrices must have shape \(5, 3, 3\), as there are frames; got \(4, 3, 3\)"),
        ({"matrices": MATRICES[[0, 1, 1, 3, 4]]}, "blurred and dark.png is left out, so its matrix must be NaN"),
        ({"matrices": MATRICES[[2, 1, 2, 3, 4]]}, "matrix must be a"),
        ({"matrices": MATRICES[[0, 4, 2, 3, 4]]}, "b.png is reference, so its matrix must be the identity"),
        ({"matrices": MATRICES[[0, 1, 2, 4, 4]]}, "d.png is untouched, so its matrix must be the identity"),
        ({"matrices": 2 * MATRICES[[0, 1, 2, 3, 4]]}, "the last entry of the matrix of a.png must be 1, got 2"),
        ({"reference": 0}, "reference is 0, so frame 0 alone must have that status"),
        ({"frames": [*REPORTS[:4], REPORTS[1]]}, "reference is 1, so frame 1 alone must have that status"),
        ({"frames": [REPORTS[0]._replace(status="lost"), *REPORTS[1:]]}, "status must be one of .* got 'lost'"),
        ({"gains": GAINS[:4]}, r"gains must have shape \(5, 3\) or \(5, 1\), got \(4, 3\)"),
        ({"gains": GAINS[:, :2]}, r"gains must have shape .* got \(5, 2\)"),
        ({"gains": -GAINS}, r"a.png has gains \[-1.2, -1.0, -0.8\]; it is kept, so they must be > 0"),
        ({"gains": np.ones((5, 3))}, "blurred and dark.png has gains .* left out, so its gains must be NaN"),
        ({"gains": np.full((5, 1), np.nan)}, "a.png has gains .* kept, so they must be > 0"),
    ],
)
def test_parts_that_contradict_each_other_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        changed(**given)


@pytest.fixture
def damaged(alignment, tmp_path):
    """A function that saves the alignment, after what it does to its content, and gives the path."""

    def damage(change):
        path = tmp_path / "alignment.json"
        alignment.save(path, force=True)
        content = json.loads(path.read_text(encoding="utf-8"))
        change(content)
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return damage


def put(value, *keys):
    """Return a function that replaces an entry."""

    def change(content):
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("picture", "kind"), "is no alignment; give a file that Alignment.save or --transforms wrote"),
        (put(2, "version"), "is an alignment of version 2, and version 1 is read; register the stack again"),
        (lambda content: content.pop("model"), "is damaged: model is missing, expected is a text"),
        (put([96], "shape"), r"shape is \[96\], expected is a height and a width"),
        (put([96, 0], "shape"), r"shape is \[96, 0\], expected"),
        (put([96.5, 128], "shape"), r"shape is \[96.5, 128\], expected"),
        (put(True, "reference"), "reference is true, expected is the index of a frame"),
        (put(7, "reference"), "is damaged: reference is 7, so frame 7 alone must have that status"),
        (put([], "frames"), r"frames is \[\], expected is a list of frames"),
        (put("a.png", "frames", 2), r"frames\[2\].name is missing"),
        (lambda content: content["frames"][4].pop("status"), r"frames\[4\].status is missing, expected is one of"),
        (put(["aligned"], "frames", 0, "status"), r"frames\[0\].status is \[.aligned.\], expected is one of"),
        (put(5, "frames", 0, "name"), r"frames\[0\].name is 5, expected is a text"),
        (put(1.5, "frames", 0, "after"), r"frames\[0\].after is 1.5, expected is a number in \[-1, 1\]"),
        (put(True, "frames", 0, "after"), r"frames\[0\].after is true, expected is a number"),
        (put(float("nan"), "frames", 0, "before"), r"frames\[0\].before is NaN, expected"),
        (put(-0.5, "frames", 3, "matched_area"), r"frames\[3\].matched_area is -0.5, expected is .* \[0, 1\]"),
        (put([[1, 0], [0, 1]], "frames", 0, "matrix"), r"frames\[0\].matrix is .* expected is 3 rows of 3 numbers"),
        (put(10**400, "frames", 0, "matrix", 1, 2), r"frames\[0\].matrix is .* expected is 3 rows"),
        (put("1", "frames", 0, "matrix", 1, 2), r"frames\[0\].matrix is .* expected is 3 rows"),
        (put(None, "frames", 0, "matrix"), "is damaged: matrix must be"),
        (put(None, "frames", 1, "matrix"), "is damaged: b.png is reference, so its matrix must be the identity"),
        (put([1, 2], "frames", 0, "gains"), r"frames\[0\].gains is \[1, 2\], expected is 1 or 3 numbers, or null"),
        (put([1], "frames", 0, "gains"), "is damaged: the frames have different numbers of gains: 1, 3; register"),
        (put(None, "frames", 0, "gains"), "is damaged: a.png has gains"),
    ],
)
def test_a_damaged_file_is_told_where(damaged, change, message):
    path = damaged(change)
    with pytest.raises(RegistrationError, match=message) as caught:
        Alignment.load(path)
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)


def test_files_that_are_none_are_told(tmp_path):
    with pytest.raises(DataError, match="gone.json: no such file"):
        Alignment.load(tmp_path / "gone.json")
    with pytest.raises(DataError, match="cannot be read"):
        Alignment.load(tmp_path)
    for content in (b"{", b"", b"\xff\xfe\x00", b"[" * 100_000):
        (tmp_path / "broken.json").write_bytes(content)
        with pytest.raises(RegistrationError, match="broken.json: is no JSON, or damaged"):
            Alignment.load(tmp_path / "broken.json")
    (tmp_path / "list.json").write_text("[1]")
    with pytest.raises(RegistrationError, match="list.json: is no alignment"):
        Alignment.load(str(tmp_path / "list.json"))
