"""Known motion is found: by all models, in both strategies, through blur, exposure, noise, and things that move."""

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.ndimage import map_coordinates

from data import open_stack, save, scenes
from data.scenes.light import to_linear, to_srgb
from recalage import Alignment, misalignment, project, register
from recalage.homography import corners
from recalage.levels import reduce_frame
from recalage.trial import Frame
from recalage.walk import place_by_chain

SIDE = 256
MIDDLE = np.array([[1, 0, (SIDE - 1) / 2], [0, 1, (SIDE - 1) / 2], [0, 0, 1.0]])
STRETCH = np.array([[1.01, 0.004, 0], [-0.006, 0.992, 1], [0, 0, 1.0]])
TILT = STRETCH + np.array([[0, 0, 0], [0, 0, 0], [4e-5, -3e-5, 0]])


def shift(x, y=0.0):
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def about_the_middle(angle, scale=1.0, x=0.0, y=0.0):
    """Turn and scale a frame about its middle, then shift it."""
    cosine, sine = scale * np.cos(np.deg2rad(angle)), scale * np.sin(np.deg2rad(angle))
    return MIDDLE @ [[cosine, -sine, x], [sine, cosine, y], [0, 0, 1]] @ np.linalg.inv(MIDDLE)


def powers(matrix):
    """Five motions to the third frame, of which each step is the same."""
    found = [np.linalg.matrix_power(matrix, power) for power in (2, 1, 0, -1, -2)]
    return [power / power[2, 2] for power in found]


MOTIONS = {
    "translation": [shift(5.3, -3.8), shift(2.1, -2.4), np.eye(3), shift(-2.6, 1.3), shift(-6.7, 4.4)],
    "similarity": [
        about_the_middle(1.5, 0.98, 5.3, -3.8),
        about_the_middle(-0.5, 0.99, 2.1, -2.4),
        np.eye(3),
        about_the_middle(0.7, 1.01, -2.6, 1.3),
        about_the_middle(-1, 1.03, -6.7, 4.4),
    ],
    "affine": powers(STRETCH),
    "homography": powers(TILT),
}


def seen(picture, matrix):
    """Draw the frame that `matrix` maps to the picture, by cubic splines, as float32 in [0, 1]."""
    rows, columns = np.indices(picture.shape)
    places = project(matrix, np.column_stack([columns.ravel(), rows.ravel()]))
    drawn = map_coordinates(picture, places[:, ::-1].T, order=3, mode="mirror")
    return drawn.reshape(picture.shape).clip(0, 1).astype(np.float32)


def cut(picture, x, y, height, width):
    """Cut a frame out of a larger picture: pixels as they are, at a known place."""
    return np.ascontiguousarray(picture[y : y + height, x : x + width])


def errors(alignment, imposed):
    """How far the worst corner of each frame lies from where it should, in pixels."""
    places = corners(alignment.shape)
    found = [project(matrix, places) for matrix in alignment.matrices]
    true = [project(matrix, places) for matrix in imposed]
    return np.linalg.norm(np.subtract(found, true), axis=2).max(axis=1)


def statuses(alignment):
    return [report.status for report in alignment.frames]


def exposed(picture, stops):
    return to_srgb((to_linear(picture) * np.float32(2.0**stops)).clip(0, 1))


@pytest.fixture(scope="module")
def picture(photograph):
    gray = cv2.cvtColor(photograph, cv2.COLOR_RGB2GRAY)
    return cv2.resize(gray, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


@pytest.fixture(scope="module")
def moved(picture):
    """Five frames for each model, the third of which is the picture."""
    return {model: [seen(picture, matrix) for matrix in imposed] for model, imposed in MOTIONS.items()}


@pytest.fixture(scope="module")
def alignment(moved):
    return register(moved["similarity"])


# --- known motion ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["chain", "reference"])
@pytest.mark.parametrize("model", MOTIONS)
def test_a_motion_is_found_by_its_model(moved, model, strategy):
    alignment = register(moved[model], model=model, strategy=strategy)
    assert errors(alignment, MOTIONS[model]).max() < 0.05  # measured: 0.01 to 0.024
    assert statuses(alignment) == ["aligned"] * 2 + ["reference"] + ["aligned"] * 2
    assert (alignment.model, alignment.strategy) == (model, strategy)
    assert alignment.shape == (SIDE, SIDE) and alignment.gains is None


@pytest.mark.parametrize(("model", "motion"), [("affine", "translation"), ("homography", "similarity")])
def test_a_motion_is_found_by_a_richer_model(moved, model, motion):
    assert errors(register(moved[motion], model=model), MOTIONS[motion]).max() < 0.1  # measured: 0.02 and 0.04


def test_matrices_are_of_the_model(moved):
    for model in MOTIONS:
        for matrix in register(moved["homography"], model=model).matrices:
            linear = matrix[:2, :2]
            is_alike = np.allclose(linear.T @ linear, np.eye(2) * np.linalg.det(linear), atol=1e-9)
            is_still = np.array_equal(matrix, np.eye(3))
            assert matrix[2, 2] == 1
            assert is_still or (model == "translation") == np.allclose(linear, np.eye(2), atol=1e-12)
            assert is_still or (model in ("translation", "similarity")) == is_alike
            assert is_still or (model != "homography") == np.allclose(matrix[2], [0, 0, 1], atol=1e-12)


def test_a_matrix_maps_a_frame_to_the_reference(photograph):
    """Cut out 9 columns farther to the right and 4 rows farther up, pixel (0, 0) shows what (9, -4) of the other does."""
    frames = [cut(photograph, 29, 16, 200, 240), cut(photograph, 20, 20, 200, 240)]
    alignment = register(frames, reference="last")
    assert_allclose(project(alignment.matrices[0], [[0, 0], [239, 199]]), [[9, -4], [248, 195]], atol=0.03)
    assert alignment.displacements[0] == pytest.approx(np.hypot(9, 4), abs=0.03)


def test_large_frames_are_measured_in_their_own_pixels(photograph):
    """Above 1.5 megapixels frames are reduced; 7 pixels are three and a half then."""
    large = cv2.resize(photograph, (1400, 1400), interpolation=cv2.INTER_CUBIC)
    alignment = register([cut(large, 27, 15, 1301, 1303), cut(large, 20, 20, 1301, 1303)], reference=1)
    assert errors(alignment, [shift(7, -5), np.eye(3)]).max() < 0.05


@pytest.mark.parametrize("shape", [(64, 64), (65, 67), (64, 400), (400, 64), (127, 213)])
def test_frames_of_any_shape(photograph, shape):
    small = cv2.resize(photograph, (410, 410), interpolation=cv2.INTER_AREA)
    frames = [cut(small, x, y, *shape) for x, y in ((3, 5), (5, 4), (8, 6))]
    assert errors(register(frames), [shift(-2, 1), np.eye(3), shift(3, 2)]).max() < 0.15


@pytest.mark.parametrize("count", [2, 3, 12])
def test_any_number_of_frames(photograph, count):
    places = [(2 * k + k * k % 5, 20 + k * k % 7) for k in range(count)]
    frames = [cut(photograph, *place, 160, 200) for place in places]
    (x, y), alignment = places[count // 2], register(frames)
    assert alignment.reference == count // 2
    assert errors(alignment, [shift(a - x, b - y) for a, b in places]).max() < 0.05


def test_one_frame_is_its_own_reference(picture):
    alignment = register([picture], tone="match")
    assert statuses(alignment) == ["reference"] and alignment.kept == [0]
    assert np.array_equal(alignment.matrices, [np.eye(3)]) and np.array_equal(alignment.gains, [[1]])


def test_a_chain_reaches_where_the_reference_is_out_of_sight(photograph):
    """Along a panorama of twelve steps, the ends have nothing in common with the middle."""
    wide = cv2.resize(photograph, (1024, 512), interpolation=cv2.INTER_CUBIC)
    places = [(60 * k, 150 + 5 * (k % 3)) for k in range(13)]
    frames = [cut(wide, *place, 160, 200) for place in places]
    imposed = [shift(x - places[6][0], y - places[6][1]) for x, y in places]
    chain, direct = (register(frames, strategy=strategy) for strategy in ("chain", "reference"))
    assert len(chain.kept) == 13 and errors(chain, imposed).max() < 0.3
    assert chain.frames[0].neighbour == "frame 1" and chain.frames[12].neighbour == "frame 11"
    assert chain.frames[5].neighbour == "frame 6"
    assert {0, 1, 11, 12} & set(direct.kept) == set() and {5, 6, 7} <= set(direct.kept)
    assert errors(direct, imposed)[5:8].max() < 0.1


def test_a_frame_that_its_neighbour_does_not_show_is_matched_with_an_earlier_one(photograph):
    wide = cv2.resize(photograph, (1024, 512), interpolation=cv2.INTER_CUBIC)
    cuts = [cut(wide[:, :, 1], x, 150, 160, 200).astype(np.float32) for x in (300, 390, 230)]
    frames = [
        to_srgb(0.15 * light / light.mean()).clip(0, 1) for light in map(to_linear, (frame / 255 for frame in cuts))
    ]
    alignment = register(frames, reference="first")
    assert [report.neighbour for report in alignment.frames] == ["", "frame 0", "frame 0"]
    assert errors(alignment, [np.eye(3), shift(90), shift(-70)]).max() < 0.1


def test_a_chain_leaps_over_frames_too(moved):
    """Each frame is linked with its neighbour toward the reference, and with the one beyond."""
    frames = {k: Frame(str(k), reduce_frame(frame)) for k, frame in enumerate(moved["similarity"])}
    matrices, links = place_by_chain(frames, [0, 1, 2, 3, 4], 2, "similarity", lambda indices, what: indices)
    assert set(links) == {(3, 2), (4, 3), (4, 2), (1, 2), (0, 1), (0, 2)}
    assert set(matrices) == {0, 1, 2, 3, 4}
    assert_allclose(matrices[4], matrices[3] @ links[4, 3].matrix)


# --- which frame stays -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reference", "index"), [("first", 0), ("last", 4), ("middle", 2), (1, 1), (np.int64(3), 3)])
def test_the_reference_is_chosen(moved, reference, index):
    alignment = register(moved["similarity"], reference=reference)
    assert alignment.reference == index and type(alignment.reference) is int
    assert np.array_equal(alignment.matrices[index], np.eye(3))
    to_it = np.linalg.inv(MOTIONS["similarity"][index])
    assert errors(alignment, [to_it @ matrix for matrix in MOTIONS["similarity"]]).max() < 0.06


def test_the_middle_of_a_bracket_is_that_of_brightness(moved):
    stops = (-4, 0.5, -1, -2.5, -0.2)
    frames = [exposed(frame, stop) for frame, stop in zip(moved["similarity"], stops, strict=True)]
    assert register(frames).reference == 2
    assert register(frames, reference="first").reference == 0
    assert register(frames, reference="last").reference == 4


# --- order -----------------------------------------------------------------------------------------------------------


def test_a_bracket_may_come_in_any_order(moved):
    stops, order = (-4, -3, -2, -1, 0), [3, 0, 4, 1, 2]
    frames = [exposed(frame, stop) for frame, stop in zip(moved["similarity"], stops, strict=True)]
    sorted_, shuffled = register(frames), register([frames[k] for k in order])
    assert np.array_equal(shuffled.matrices, sorted_.matrices[order])
    assert errors(sorted_, MOTIONS["similarity"]).max() < 0.1
    assert [report[1:3] + report[4:] for report in shuffled.frames] == [
        sorted_.frames[k][1:3] + sorted_.frames[k][4:] for k in order
    ]


@pytest.mark.parametrize("strategy", ["chain", "reference"])
def test_a_stack_may_be_turned_round(moved, strategy):
    there = register(moved["similarity"], strategy=strategy, tone="match")
    back = register(moved["similarity"][::-1], strategy=strategy, tone="match")
    assert_allclose(back.matrices[::-1], there.matrices, atol=1e-4)
    assert_allclose(back.gains[::-1], there.gains, rtol=1e-4)


# --- what frames go through ------------------------------------------------------------------------------------------


def test_a_focal_stack_taken_by_hand():
    """Breathing by 3 %, shifts by 3 pixels, a drift of exposure, noise; and blur by up to 11 pixels."""
    scene = scenes.built_in("built-in/hand-held")
    alignment = register(scene.stack)
    found = errors(alignment, scene.matrices)
    assert found.mean() < 0.15 and found.max() < 0.3, found
    assert errors(register(scene.stack, strategy="reference"), scene.matrices).max() < 0.5


def test_a_bracket_of_seven_stops_taken_by_hand(picture):
    steps = [seen(picture, matrix) for matrix in MOTIONS["similarity"]]
    frames = [exposed(frame, stop) for frame, stop in zip(steps, (-5, -2.5, 0, 1, 2), strict=True)]
    assert errors(register(frames), MOTIONS["similarity"]).max() < 0.2


def test_noise(moved):
    rng = np.random.default_rng(0)
    for deviation, limit in ((0.02, 0.1), (0.06, 0.3)):
        noisy = [(frame + rng.normal(0, deviation, frame.shape)).clip(0, 1) for frame in moved["similarity"]]
        assert errors(register(noisy), MOTIONS["similarity"]).max() < limit


def test_blur(moved):
    """Each frame is sharp in a fifth of its width, and blurred by up to 4 pixels elsewhere."""
    columns = np.arange(SIDE)
    frames = []
    for number, frame in enumerate(moved["similarity"]):
        blurred = to_srgb(cv2.GaussianBlur(to_linear(frame), (0, 0), 3))
        is_sharp = abs(columns - (number + 0.5) * SIDE / 5) < SIDE / 5
        frames.append(np.where(is_sharp, frame, blurred))
    assert errors(register(frames), MOTIONS["similarity"]).max() < 0.3


@pytest.mark.parametrize("side", [60, 100])
def test_a_thing_that_moves(moved, other_photograph, side):
    """A square of up to a seventh of the frame slides through; the background decides."""
    thing = cv2.resize(cv2.cvtColor(other_photograph, cv2.COLOR_RGB2GRAY), (side, side)) / np.float32(255)
    frames = [frame.copy() for frame in moved["similarity"]]
    for number, frame in enumerate(frames):
        frame[70 : 70 + side, 20 + 25 * number : 20 + 25 * number + side] = thing
    assert errors(register(frames), MOTIONS["similarity"]).max() < 0.1


# --- kinds of stacks -------------------------------------------------------------------------------------------------


def test_depth_and_colour_change_little(photograph):
    eight = [cut(photograph, x, y, 200, 240) for x, y in ((20, 20), (23, 18), (27, 21))]
    imposed = [shift(-3, 2), np.eye(3), shift(4, 3)]
    kinds = {
        "16 bits": [np.uint16(frame) * 257 for frame in eight],
        "16 bits, bytes swapped": [(np.uint16(frame) * 257).astype(">u2") for frame in eight],
        "float32": [np.float32(frame / 255) for frame in eight],
        "float64": [frame / 255 for frame in eight],
        "gray": [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in eight],
        "red": [frame[:, :, 0] for frame in eight],
    }
    expected = register(eight).matrices
    for kind, frames in kinds.items():
        alignment = register(frames)
        assert errors(alignment, imposed).max() < 0.05, kind
        if kind not in ("gray", "red"):
            assert_allclose(alignment.matrices, expected, atol=2e-4, err_msg=kind)


def test_a_stack_in_any_form_gives_the_same(photograph, tmp_path):
    frames = [cut(photograph, x, y, 160, 200) for x, y in ((20, 20), (23, 18), (27, 21))]
    for index, frame in enumerate(frames):
        save(frame, tmp_path / f"{index}.png")
    expected = register(frames)
    assert [report.name for report in expected.frames] == ["frame 0", "frame 1", "frame 2"]
    for form in (tuple(frames), np.stack(frames), open_stack(frames), iter(frames)):
        assert register(form) == expected
    for form in (tmp_path, str(tmp_path), sorted(tmp_path.glob("*.png")), open_stack(tmp_path)):
        alignment = register(form)
        assert np.array_equal(alignment.matrices, expected.matrices)
        assert [report.name for report in alignment.frames] == ["0.png", "1.png", "2.png"]


def test_frames_are_read_once_and_not_written_to(moved):
    frames, read = [frame.copy() for frame in moved["similarity"]], []
    stack = open_stack(frames)
    register(stack.with_frames(lambda index: read.append(index) or stack.pixels(index)), tone="match")
    assert sorted(read) == [0, 1, 2, 3, 4]
    assert all(np.array_equal(*pair) for pair in zip(frames, moved["similarity"], strict=True))


def test_the_result_is_the_same_every_time(moved, alignment):
    cv2.setRNGSeed(99)
    assert register(moved["similarity"]) == alignment


def test_progress_is_told(moved, alignment):
    told = []

    def progress(indices, what):
        told.append((what, sorted(indices)))
        return indices

    assert register(moved["similarity"], progress=progress) == alignment
    assert told == [("reading", [0, 1, 2, 3, 4]), ("aligning", [0, 1, 3, 4]), ("checking", [0, 1, 3, 4])]


# --- what is told ----------------------------------------------------------------------------------------------------


def test_reports(alignment):
    assert isinstance(alignment, Alignment)
    for index, report in enumerate(alignment.frames):
        assert report.name == f"frame {index}" and report.reason == ""
        if index == 2:
            assert report[1:] == ("reference", "", "", 1.0, 1.0, 1.0)
        else:
            assert report.neighbour == "frame 2"
            assert report.before < 0.8 < 0.98 < report.after <= 1
            assert 0.8 < report.matched_area <= 1
    assert alignment.frames[0].before < alignment.frames[1].before


def test_frames_lie_on_top_of_each_other_as_they_are_applied(moved, picture, alignment):
    aligned = alignment.apply(moved["similarity"], crop=True)
    area = alignment.area
    for index, frame in enumerate(aligned):
        assert np.abs(frame - picture[area]).mean() < 0.01
        assert index == 2 or np.abs(moved["similarity"][index] - picture).mean() > 0.05
    assert misalignment(aligned[0], aligned[4]) < 0.1


def test_tones_are_compared_where_frames_show_the_same(moved):
    stops = (-1, 0.2, 0, -0.4, -2)
    frames = [exposed(frame, stop) for frame, stop in zip(moved["similarity"], stops, strict=True)]
    alignment = register(frames, tone="match", reference=2)
    assert_allclose(alignment.gains[:, 0], np.exp2(np.negative(stops)), rtol=0.02)
    colour = [
        np.dstack([frame, exposed(frame, -1), exposed(frame, 0.2 * number)]) for number, frame in enumerate(frames)
    ]
    alignment = register(colour, tone="match", reference=2)
    assert_allclose(alignment.gains[4] / alignment.gains[4, 0], [1, 1, 2**-0.4], rtol=0.03)
