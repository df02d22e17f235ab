"""Do no harm: what lies right is handed on bit for bit, what fits nowhere is left out, and nothing unlike is aligned."""

from itertools import combinations

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.testing import assert_allclose

from data import DataError, open_stack, save, scenes
from data.scenes.light import to_linear, to_srgb
from recalage import RegistrationError, engine, misalignment, register
from recalage.levels import reduce_frame
from recalage.link import Link, find_link
from recalage.trial import Agreement, Frame
from recalage.verdict import Trial, _is_better, judge

STILL = sorted(set(scenes.built_in_names()) - {"built-in/hand-held"})
PHOTOGRAPHS = ("astronaut", "camera", "chelsea", "coffee", "coins", "grass")
SIZE = (200, 160)  # width, height
PLACES = ((20, 20), (24, 17), (27, 22), (31, 18), (33, 23))  # where five frames are cut out
LIES, NO_BETTER = "found at rest", "no better if moved"


def cut(picture, x, y, height=160, width=200):
    return np.ascontiguousarray(picture[y : y + height, x : x + width])


def small_gray(picture):
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if picture.ndim == 3 else picture
    return cv2.resize(gray, SIZE, interpolation=cv2.INTER_AREA)


def is_untouched(alignment, stack, **options):
    """Tell whether all frames come out as they went in, bit for bit, and are said to."""
    stack = open_stack(stack)
    applied = alignment.apply(stack, **options)
    told = [report.status for report in alignment.frames]
    told.remove("reference")
    return (
        set(told) <= {"untouched"}
        and np.array_equal(alignment.matrices, np.tile(np.eye(3), (len(stack), 1, 1)))
        and all(report.reason in (LIES, NO_BETTER) for report in alignment.frames if report.status == "untouched")
        and len(applied) == len(stack)
        and all(np.array_equal(applied.pixels(k), stack.pixels(k)) for k in range(len(stack)))
        and all(applied.pixels(k).dtype == stack.pixels(k).dtype for k in range(len(stack)))
    )


def noisy(picture, rng, deviation):
    return (picture + rng.normal(0, deviation, picture.shape)).clip(0, 1).astype(np.float32)


@pytest.fixture(scope="module")
def frames(photograph):
    """Five frames of a camera that moves."""
    return [cut(photograph, *place) for place in PLACES]


@pytest.fixture(scope="module")
def light(photograph):
    gray = cv2.cvtColor(photograph, cv2.COLOR_RGB2GRAY)
    return to_linear(cv2.resize(gray, (200, 200), interpolation=cv2.INTER_AREA) / np.float32(255))


# --- what lies where it should ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["translation", "similarity"])
@pytest.mark.parametrize("name", STILL)
def test_built_in_scenes_that_do_not_move_stay_bit_for_bit(name, model):
    stack = scenes.built_in(name).stack
    assert is_untouched(register(stack, model=model), stack)


@pytest.mark.parametrize("name", sorted({*STILL} - {"built-in/motorcycle-pair", "built-in/motorcycle"}))
def test_nor_does_a_homography_move_them(name):
    stack = scenes.built_in(name).stack
    assert is_untouched(register(stack, model="homography"), stack)


@pytest.mark.parametrize(("count", "strategy"), [(9, "chain"), (9, "reference"), (25, "chain")])
def test_a_bracket_over_which_a_coin_slides(count, strategy):
    scene = scenes.exposure_bracket(exposures=np.linspace(-4, 3, count), moving=True, noise=0.02)
    assert is_untouched(register(scene.stack, strategy=strategy), scene.stack)


def test_a_noisy_focal_stack_that_drifts():
    picture, depth = skimage.data.stereo_motorcycle()[0], scenes.built_in("built-in/motorcycle").depth
    picture, depth = (cv2.resize(array, (370, 250), interpolation=cv2.INTER_AREA) for array in (picture, depth))
    scene = scenes.focal_stack(picture, depth, distances=9, f_number=4, drift=0.6, noise=0.02)
    alignment = register(scene.stack, tone="match")
    assert is_untouched(alignment, scene.stack)
    assert_allclose(alignment.gains, (scene.gains[4] / scene.gains)[:, None] * np.ones(3), rtol=0.03)


@pytest.mark.parametrize("deviation", [0.005, 0.03, 0.06])
def test_noise_moves_nothing(light, deviation):
    """Twelve stacks of three, by all models."""
    rng = np.random.default_rng(1)
    for model in ("translation", "similarity", "affine", "homography") * 3:
        stack = [noisy(to_srgb(light), rng, deviation) for _ in range(3)]
        assert is_untouched(register(stack, model=model), stack)


def test_focus_moves_nothing(light):
    """Blur without breathing, by up to 4 pixels; half of each frame at a time."""
    rng = np.random.default_rng(2)
    stack = []
    for number in range(9):
        blurred = cv2.GaussianBlur(light, (0, 0), 0.5 + number / 2)
        stack.append(noisy(to_srgb(np.where(np.arange(200) < 20 * number + 20, light, blurred)), rng, 0.01))
    for strategy in ("chain", "reference"):
        assert is_untouched(register(stack, strategy=strategy), stack)


def test_a_large_thing_that_moves_takes_nothing_along(light, other_photograph):
    """It fills a fifth of the frame."""
    thing = cv2.resize(cv2.cvtColor(other_photograph, cv2.COLOR_RGB2GRAY), (90, 90)) / np.float32(255)
    stack = [to_srgb(light) for _ in range(5)]
    for number, frame in enumerate(stack):
        frame[60:150, 5 + 12 * number : 95 + 12 * number] = thing
    assert is_untouched(register(stack), stack)


def test_equal_frames_are_equal(frames):
    stack = [frames[0]] * 4
    alignment = register(stack)
    assert is_untouched(alignment, stack, crop=True)
    for report in alignment.frames[:2]:
        assert report.before == report.after == pytest.approx(1, abs=1e-5) and report.reason == LIES


@pytest.mark.parametrize(
    ("distance", "status"), [(0.1, "untouched"), (0.2, "untouched"), (0.5, "aligned"), (2, "aligned")]
)
def test_a_quarter_of_a_pixel_is_not_worth_an_interpolation(light, distance, status):
    larger = cv2.resize(light, (2000, 2000), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    step = round(10 * distance)  # then averaged over 10 x 10
    stack = [
        to_srgb(cv2.resize(cut(larger, 20 + x, 20, 1900, 1900), (190, 190), interpolation=cv2.INTER_AREA))
        for x in (0, step)
    ]
    alignment = register(stack, reference=0)
    assert alignment.frames[1].status == status
    assert alignment.frames[1].reason == (LIES if status == "untouched" else "")
    assert alignment.displacements[1] == pytest.approx(distance if status == "aligned" else 0, abs=0.03)


def test_one_frame_that_moved_moves_alone(light):
    """A knock, after which the camera is back in its place."""
    rng = np.random.default_rng(5)
    stack = [noisy(to_srgb(cut(light, 10 + 3 * (k == 3), 10, 180, 180)), rng, 0.01) for k in range(7)]
    alignment = register(stack, reference="first")
    assert [report.status for report in alignment.frames] == ["reference", *["untouched"] * 2, "aligned"] + [
        "untouched"
    ] * 3
    assert_allclose(alignment.matrices[3][:2, 2], [3, 0], atol=0.2)
    applied = alignment.apply(stack)
    assert all(np.array_equal(applied.pixels(k), stack[k]) for k in (0, 1, 2, 4, 5, 6))


def verdict(light, distance, spreads):
    """Judge a frame that lies off by a distance, at the end of a chain of links of known spread."""
    larger = cv2.resize(light, (400, 400), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    still, moved = (to_srgb(cut(larger, 20 + x, 20, 360, 360)) for x in (0, distance))
    last, shift = len(spreads), np.array([[1, 0, distance], [0, 1, 0], [0, 0, 1.0]])
    frames = {k: Frame(str(k), reduce_frame(moved if k == last else still)) for k in range(last + 1)}
    matrices = {k: shift if k == last else np.eye(3) for k in frames}
    links = {
        (k, k - 1): Link(matrices[k], spread, 0, Agreement(0.9, 50.0, 0.9)) for k, spread in enumerate(spreads, start=1)
    }
    return judge(last, matrices, links, frames, 0, "similarity")


def test_what_links_may_be_wrong_by_is_no_motion(light):
    """Six times a tenth of the spread; errors of links add up like random steps."""
    assert verdict(light, 2, [3.2]).reason == ""
    assert verdict(light, 2, [3.5]).reason == "moves less than can be told"
    assert verdict(light, 2, [2.2, 2.2]).reason == ""
    assert verdict(light, 2, [2.5, 2.5]).reason == "moves less than can be told"


@pytest.mark.parametrize(
    ("unmoved", "moved", "advantage", "is_better"),
    [
        (0.8, 0.9, 1.5, False),  # standard errors
        (0.8, 0.9, 3.0, True),
        (0.8, 0.8015, 9.0, False),  # less than a hundredth of what is lacking
        (0.8, 0.81, 9.0, True),
        (0.9, 0.8, 9.0, False),
    ],
)
def test_what_is_better(unmoved, moved, advantage, is_better):
    trial = Trial(0, 0, Agreement(unmoved, 9.0, 0.9), Agreement(moved, 9.0, 0.9), advantage)
    assert _is_better(trial) == is_better


# --- what fits nowhere -----------------------------------------------------------------------------------------------


def misfit(kind, other_photograph):
    """Return a frame that does not belong to `frames`, and what is said of it."""
    noise = np.random.default_rng(3).integers(0, 256, (160, 200, 3), np.uint8)
    made = {
        "noise": (noise, "agrees with none of its neighbours"),
        "picture": (cut(other_photograph, 100, 100), "agrees with none of its neighbours"),
        "black": (np.zeros_like(noise), "is blank"),
        "even": (np.full_like(noise, 130), "is blank"),
        "size": (noise[:150], "is 200 x 150 pixels in colour"),
        "gray": (noise[:, :, 0], "is 200 x 160 pixels in gray"),
        "not a number": (np.full(noise.shape, np.nan), "has values in [nan, nan]"),
    }
    return made[kind]


@pytest.mark.parametrize("place", [0, 2, 5])
@pytest.mark.parametrize("kind", ["noise", "picture", "black", "even", "size", "gray", "not a number"])
def test_a_frame_that_fits_nowhere_is_left_out_and_changes_nothing(frames, other_photograph, kind, place):
    bad, reason = misfit(kind, other_photograph)
    expected = register(frames, reference=3, tone="match")
    alignment = register([*frames[:place], bad, *frames[place:]], reference=4 if place <= 3 else 3, tone="match")
    others = [k for k in range(6) if k != place]
    report = alignment.frames[place]
    assert alignment.kept == others
    assert report.status == "left out" and reason in report.reason and report.neighbour == ""
    assert report[4:] == (0, 0, 0) and report.name == f"frame {place}"
    assert np.isnan(alignment.matrices[place]).all() and np.isnan(alignment.gains[place]).all()
    assert np.array_equal(alignment.matrices[others], expected.matrices)
    assert np.array_equal(alignment.gains[others], expected.gains)
    assert [alignment.frames[k][1:3] + alignment.frames[k][4:] for k in others] == [
        report[1:3] + report[4:] for report in expected.frames
    ]


@pytest.mark.parametrize("reference", ["first", "middle", "last"])
@pytest.mark.parametrize("kind", ["noise", "picture", "black", "size"])
def test_a_frame_that_fits_nowhere_is_no_reference(frames, other_photograph, kind, reference):
    """The nearest one that can be used is taken instead."""
    place = {"first": 0, "middle": 2, "last": 4}[reference]
    stack = [*frames[:place], misfit(kind, other_photograph)[0], *frames[place + 1 :]]
    alignment = register(stack, reference=reference)
    assert alignment.kept == [k for k in range(5) if k != place]
    assert abs(alignment.reference - place) == 1
    x, y = PLACES[alignment.reference]
    for index in alignment.kept:
        assert_allclose(alignment.matrices[index][:2, 2], [PLACES[index][0] - x, PLACES[index][1] - y], atol=0.1)


def test_damaged_files_are_left_out_and_named(frames, tmp_path):
    for index, frame in enumerate(frames):
        save(frame, tmp_path / f"{index}.png")
    whole = (tmp_path / "1.png").read_bytes()
    (tmp_path / "1.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "3.png").write_bytes(b"")
    (tmp_path / "4.png").unlink()
    alignment = register([tmp_path / f"{index}.png" for index in range(5)])
    assert alignment.kept == [0, 2] and alignment.frames[0].status == "aligned"
    for index in (1, 3, 4):
        report = alignment.frames[index]
        assert report.name == f"{index}.png" and report.reason and str(tmp_path) not in report.reason
    assert len(alignment.apply([tmp_path / f"{index}.png" for index in range(5)])) == 2


def test_a_reference_that_cannot_be_used_is_named(frames):
    stack = [frames[0], np.zeros_like(frames[0]), frames[2]]
    with pytest.raises(RegistrationError, match="reference cannot be used, for frame 1 is blank.*choose another"):
        register(stack, reference=1)


def test_what_does_not_fit_may_be_several_in_a_row(frames, other_photograph):
    """Two of another scene, side by side, are not taken for the scene, nor aligned with each other."""
    others = [cut(other_photograph, 100 + 5 * k, 100) for k in range(2)]
    alignment = register([*frames[:3], *others, *frames[3:]], reference="first")
    assert alignment.kept == [0, 1, 2, 5, 6]
    assert_allclose(alignment.matrices[6][:2, 2], np.subtract(PLACES[4], PLACES[0]), atol=0.1)


# --- what has nothing in common --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def unrelated():
    """Ten small gray pictures of different things."""
    pictures = {name: small_gray(getattr(skimage.data, name)()) for name in PHOTOGRAPHS}
    rng = np.random.default_rng(8)
    rows, columns = np.indices(SIZE[::-1])
    pictures["white noise"] = rng.integers(0, 256, SIZE[::-1], np.uint8)
    pictures["coarse noise"] = cv2.normalize(
        cv2.GaussianBlur(rng.random(SIZE[::-1]), (0, 0), 4), None, 0, 255, cv2.NORM_MINMAX, cv2.CV_8U
    )
    pictures["rings"] = np.uint8(127 + 100 * np.sin(np.hypot(rows - 50, columns - 90) / 2))
    pictures["blobs"] = np.uint8(255 * skimage.data.binary_blobs(200, rng=3)[:160])
    return pictures


def test_pictures_of_different_things_are_not_linked(unrelated):
    """All 45 pairs by a similarity, and some of them by the other models."""
    looked_at = {name: Frame(name, reduce_frame(picture)) for name, picture in unrelated.items()}
    pairs = list(combinations(looked_at, 2))
    assert len(pairs) == 45
    accepted = [pair for pair in pairs if find_link(*map(looked_at.get, pair), "similarity")]
    for model in ("translation", "affine", "homography"):
        accepted += [pair for pair in pairs[::5] if find_link(*map(looked_at.get, pair), model)]
    assert accepted == []


def test_a_stack_of_different_things_is_refused_in_one_line(unrelated):
    stack = [unrelated[name] for name in ("astronaut", "coins", "grass", "rings")]
    for strategy in ("chain", "reference"):
        with pytest.raises(RegistrationError, match="nothing can be aligned: .* agree.*same scene") as told:
            register(stack, strategy=strategy)
        assert "\n" not in str(told.value)
        assert told.value.frames == ("frame 0", "frame 1", "frame 2", "frame 3")


def test_what_cannot_be_aligned_is_told_in_one_line(frames, other_photograph):
    black = np.zeros_like(frames[0])
    with pytest.raises(RegistrationError, match=r"nothing can be aligned: frame 0 is blank.*; frame 1 is blank"):
        register([black, black])
    with pytest.raises(RegistrationError, match=r"frame 3 is blank[^;]*; \.\.\.\. Frames must"):
        register([black] * 9)
    with pytest.raises(RegistrationError, match="frame 1 is blank.*; .* agree"):
        register([frames[0], black, cut(other_photograph, 100, 100)])
    with pytest.raises(RegistrationError, match="64 pixels a side"):
        register([frame[:40] for frame in frames])
    with pytest.raises(RegistrationError, match="frame 0 is blank"):
        register([black])


def test_nothing_to_read(tmp_path):
    with pytest.raises(DataError):
        register([])
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"a\.png"):
        register([tmp_path / "a.png"])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"model": "rigid"}, "model must be one of translation, similarity, affine, homography, got 'rigid'"),
        ({"model": None}, "model must be one of .*got None"),
        ({"strategy": "star"}, "strategy must be one of chain, reference, got 'star'"),
        ({"tone": True}, 'tone must be None or "match", got True'),
        ({"reference": "best"}, "reference must be one of middle, first, last, or the index of a frame; got 'best'"),
        ({"reference": -1}, "reference must be .*got -1"),
        ({"reference": True}, "reference must be .*got True"),
        ({"reference": 1.0}, "reference must be .*got 1.0"),
        ({"reference": 5}, "reference must be the index of one of the 5 frames, got 5"),
    ],
)
def test_options_that_are_none(frames, options, told):
    with pytest.raises(ValueError, match=told):
        register(frames, **options)


def test_options_are_checked_before_frames_are_read(frames):
    stack = open_stack(frames).with_frames(lambda index: pytest.fail("a frame was read"))
    with pytest.raises(ValueError, match="model"):
        register(stack, model="rigid")


# --- real stacks -----------------------------------------------------------------------------------------------------


def distances(stack, pairs):
    return np.array([misalignment(stack.pixels(a), stack.pixels(b)) for a, b in pairs])


@pytest.mark.parametrize(
    ("name", "pairs", "limits"),
    [
        ("ours/stylos2", [(0, 1), (6, 7)], [0.3, 0.4]),  # 7.6 and 6.0 pixels; left: 0.15 and 0.24
        ("stack/pcb", [(3, 4)], [0.9]),  # 6.6; left: 0.63
        ("stack/pcb-depth", [(0, 1), (2, 3)], [1.5, 1.8]),  # 21.7 and 22.4; left: 1.0 and 1.25
        ("stack/flies", [(6, 7)], [0.8]),  # 0.88; left: 0.56
        ("stack/vignetted", [(0, 1)], [2.5]),  # 25.2; left: 1.7
        ("dff/balls", [(0, 1)], [0.6]),  # 3.2; left: 0.37
        ("dff/keyboard", [(6, 7)], [0.7]),  # 3.7; left: 0.43
    ],
)
def test_neighbours_lie_closer_than_before(real_data, name, pairs, limits):
    stack = open_stack(real_data / name)
    alignment = register(stack)
    assert alignment.kept == list(range(len(stack)))
    before, after = distances(stack, pairs), distances(alignment.apply(stack, crop=True), pairs)
    assert (after < before).all() and (after < limits).all(), (before, after)
    for report in alignment.frames:
        assert report.status != "aligned" or report.after > report.before - 0.01


def test_an_insect_is_not_made_worse(real_data):
    """Six frames that hardly move, of hairs: what is measured are differences of focus, 1.2 pixels in the mean."""
    stack = open_stack(real_data / "stack/insect")
    alignment = register(stack)
    assert alignment.kept == list(range(6)) and alignment.displacements.max() < 1
    pairs = [(k, k + 1) for k in range(5)]
    before, after = distances(stack, pairs), distances(alignment.apply(stack), pairs)
    assert after.mean() < before.mean() + 0.1, (before, after)


def test_pairs_of_a_light_field_camera_stay_nearly_where_they_are(real_data):
    """Their authors registered them; what is left are differences of a pixel or two."""
    for number in range(1, 21):
        stack = open_stack(real_data / f"lytro/{number:02d}")
        alignment = register(stack)
        assert alignment.kept == [0, 1], number
        assert alignment.displacements[0] < 2.5, number
        (report,) = [report for report in alignment.frames if report.status != "reference"]
        assert report.after >= report.before > 0.5, number


@pytest.mark.parametrize("kind", ["ramp", "small object"])
def test_equal_frames_need_no_contrast_where_patches_are_kept_back(kind):
    """A ramp tells nothing along itself, and a small thing on even gray may lie outside of all blocks kept back."""
    picture = np.tile(np.linspace(0, 1, 400, dtype=np.float32), (300, 1))
    if kind == "small object":
        picture = np.full((400, 500), 0.5, np.float32)
        picture[90:130, 200:240] = np.random.default_rng(1).random((40, 40))
    alignment = register([picture] * 3)
    assert [report.status for report in alignment.frames] == ["untouched", "reference", "untouched"]


@pytest.mark.parametrize("reference", ["first", "middle", "last"])
def test_the_reference_belongs_to_most(light, reference):
    """Two frames of something else, where the reference should be, do not throw out all others."""
    other = np.ascontiguousarray(light[::-1, ::-1].T)
    place = {"first": 0, "middle": 3, "last": 6}[reference]
    frames = [to_srgb(light)] * 6
    frames[place:place] = [to_srgb(other)] * 2
    alignment = register(frames, reference=reference)
    assert alignment.kept == [index for index in range(8) if index not in (place, place + 1)]


def test_a_reference_that_agrees_with_no_frame_is_named(light):
    noise = np.random.default_rng(2).random(light.shape, np.float32)
    with pytest.raises(RegistrationError, match="no frame agrees with the reference, frame 1, so choose another one"):
        register([to_srgb(light), noise, to_srgb(light)], reference=1)


def test_levels_are_forgotten_while_frames_are_judged(light, monkeypatch):
    """At most the reference, a frame and its neighbour are held, however long the stack."""
    held, judge_plainly = [], engine.judge

    def count(index, matrices, links, frames, *told):
        found = judge_plainly(index, matrices, links, frames, *told)
        held.append(sum("levels" in vars(frame) for frame in frames.values()))
        return found

    monkeypatch.setattr(engine, "judge", count)
    larger = cv2.resize(light, (400, 400), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    register([to_srgb(cut(larger, 10 + 4 * k, 20, 340, 340)) for k in range(8)])
    assert len(held) == 7 and max(held[1:]) <= 3
