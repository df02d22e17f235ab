"""A depth map in colours: each colour tells its depth, and none is given to a pixel that is unsure."""

import subprocess
import sys

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fusion.depth.preview import GRAY, LARGEST, depth_preview

SCALE = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_VIRIDIS)[:, 0, ::-1]  # RGB, dark first


def as_one_number(colours):
    return colours.astype(int) @ [65536, 256, 1]


def shares(picture):
    """Where on the scale the colours of a picture lie, from 0 to 1; NaN for what is no colour of it."""
    levels = np.full(256**3, np.nan, np.float32)
    levels[as_one_number(SCALE)] = np.arange(256) / 255
    return levels[as_one_number(picture)].astype(float)


def map_of(preview, shape):
    return preview[: shape[0], : shape[1]]


def bar_of(preview, width):
    """Shares along the bar of a preview, from its top; the map is so wide."""
    beside = shares(preview[:, width:])
    column = np.isfinite(beside).sum(axis=0).argmax()
    return beside[np.isfinite(beside[:, column]), column]


@pytest.fixture
def ramp():
    """250 rows of 61 pixels, from 3 to 9 frames."""
    return np.broadcast_to(np.linspace(3, 9, 61, dtype=np.float32), (250, 61)).copy()


def test_a_colour_tells_its_depth(ramp):
    preview = depth_preview(ramp)
    assert preview.dtype == np.uint8 and preview.shape[0] == 250 and preview.shape[2] == 3
    assert_allclose(3 + 6 * shares(map_of(preview, ramp.shape)), ramp, atol=6 / 255)


def test_dark_is_low_and_blue_and_bright_is_high_and_yellow(ramp):
    preview = depth_preview(ramp)
    assert_array_equal(preview[0, [0, 60]], [[68, 1, 84], [253, 231, 37]])


def test_the_bar_goes_through_all_colours_once_bright_above(ramp):
    bar = bar_of(depth_preview(ramp), 61)
    assert bar[0] == 1 and bar[-1] == 0 and (np.diff(bar) <= 0).all() and np.diff(bar).min() > -0.02


def test_ticks_stand_at_the_depth_that_their_number_tells(monkeypatch, ramp):
    """Written beside the bar, at the height of the colour of that depth."""
    written = {}
    put = cv2.putText

    def spy(picture, text, place, *rest):
        written[text] = place[1]
        return put(picture, text, place, *rest)

    monkeypatch.setattr(cv2, "putText", spy)
    preview = depth_preview(ramp, unit="mm")
    assert set(written) == {"depth (mm)", *"3456789"}
    beside = shares(preview[:, 61:])
    column = np.isfinite(beside).sum(axis=0).argmax()
    line = np.diff([written[number] for number in "3456789"])
    assert_allclose(line, line[0], atol=1.01)
    at = {
        number: written[number] - (written["3"] - np.flatnonzero(np.isfinite(beside[:, column]))[-1])
        for number in "3456789"
    }
    for number, y in at.items():
        assert 3 + 6 * beside[y, column] == pytest.approx(float(number), abs=0.06)


def test_what_is_unsure_is_gray_and_does_not_stretch_the_scale(ramp):
    unsure = np.zeros(ramp.shape, bool)
    unsure[20:40, 10:30] = True
    wild = ramp.copy()
    wild[30, 20], wild[25, 15], wild[100, 5] = 400, -7, np.nan
    preview = map_of(depth_preview(wild, unsure=unsure), ramp.shape)
    unsure[100, 5] = True
    assert_array_equal(preview[unsure], GRAY)
    assert_array_equal(preview[~unsure], map_of(depth_preview(ramp), ramp.shape)[~unsure])


def test_gray_is_far_from_every_colour_of_the_scale():
    assert np.linalg.norm(SCALE.astype(float) - GRAY, axis=1).min() > 80


def test_gray_is_explained_where_it_occurs_and_only_there(ramp):
    def grays(preview):
        return (preview[:, 61:] == GRAY).all(axis=2).sum()

    unsure = np.zeros(ramp.shape, bool)
    assert grays(depth_preview(ramp, unsure=unsure)) < 20  # edges of letters
    unsure[0, 0] = True
    assert grays(depth_preview(ramp, unsure=unsure)) > 200


def test_a_map_of_which_nothing_is_sure_is_gray(ramp):
    preview = depth_preview(ramp, unsure=np.ones(ramp.shape, bool))
    assert_array_equal(map_of(preview, ramp.shape), GRAY)
    assert_array_equal(map_of(depth_preview(ramp * np.nan), ramp.shape), GRAY)


def test_limits_make_maps_comparable(ramp):
    wide = shares(map_of(depth_preview(ramp, limits=(0, 12)), ramp.shape))
    assert_allclose(12 * wide, ramp, atol=12 / 255)
    cut = shares(map_of(depth_preview(ramp, limits=(4, 6)), ramp.shape))
    assert (cut[ramp <= 4] == 0).all() and (cut[ramp >= 6] == 1).all()


def test_a_small_range_far_from_0_has_all_colours():
    depth = np.broadcast_to(1e16 / 3 + np.arange(4), (250, 4))
    assert_allclose(shares(map_of(depth_preview(depth), depth.shape))[0], [0, 1 / 3, 2 / 3, 1], atol=1 / 255)


@pytest.mark.parametrize("ends", [(-1e308, 1e308), (0, 1e-300), (0, 5e-324)])
def test_the_largest_and_smallest_ranges_have_all_colours(ends):
    low, high = ends
    depth = np.broadcast_to([low, high / 2 + low / 2, high, 1e300], (250, 4))
    unsure = np.broadcast_to([False, False, False, True], depth.shape)
    for preview in (depth_preview(depth, unsure=unsure), depth_preview(depth, unsure=unsure, limits=ends)):
        middle = float((depth[0, 1] / high - low / high) / (1 - low / high))
        assert_allclose(shares(preview[0, :3]), [0, middle, 1], atol=1 / 255)
        assert_array_equal(preview[0, 3], GRAY)
        assert bar_of(preview, 4)[0] == 1 and bar_of(preview, 4)[-1] == 0


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int32, np.float16, np.float64])
def test_every_type_of_number_gives_the_same_picture(kind):
    depth = np.arange(12).reshape(3, 4) * 20
    assert_array_equal(depth_preview(depth.astype(kind)), depth_preview(depth.astype(np.float32)))


def test_half_precision_does_not_overflow():
    depth = np.linspace(-40000, 40000, 9)[None]
    assert_array_equal(depth_preview(depth.astype(np.float16)), depth_preview(depth))


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 3), (5, 5), (239, 17)])
def test_tiny_and_odd_maps_are_enlarged_by_whole_pixels(shape):
    depth = np.arange(np.prod(shape), dtype=float).reshape(shape)
    preview = depth_preview(depth, unit="µm")
    times = min(-(-240 // shape[0]), LARGEST // max(shape))
    assert len(preview) == max(240, shape[0] * times)
    seen = shares(preview[: shape[0] * times, : shape[1] * times])
    assert_allclose(seen * max(1, depth.max()), np.kron(depth, np.ones((times, times))), atol=depth.max() / 100 + 1e-9)


def test_a_long_map_is_not_enlarged_beyond_the_largest():
    preview = depth_preview(np.zeros((2, 1500)))
    assert preview.shape[0] == 240 and preview.shape[1] < LARGEST + 300
    assert_array_equal(preview[2:, :1500], 255)


def test_a_large_map_is_thinned_and_mixes_no_depths():
    depth = np.indices((3400, 1000)).sum(axis=0) % 2 * 10
    preview = depth_preview(depth)
    assert 1000 < len(preview) <= LARGEST
    assert set(np.unique(shares(preview[:, : -(-1000 // 3)]))) <= {0, 1}


@pytest.mark.parametrize("value", [0, 3.25, -1e-9, 41000])
def test_a_constant_map_is_of_one_colour_and_its_bar_too(value):
    preview = depth_preview(np.full((250, 30), value))
    assert len(np.unique(preview[:, :30].reshape(-1, 3), axis=0)) == 1
    assert set(bar_of(preview, 30)) == set(shares(preview[:1, 0]))


@pytest.mark.parametrize(
    ("low", "high", "numbers"),
    [
        (0, 29, ["0", "5", "10", "15", "20", "25"]),
        (0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (41.213, 41.297, ["41.22", "41.24", "41.26", "41.28"]),
        (-0.025, 0.01, ["-0.02", "-0.01", "0.00", "0.01"]),
        (0, 290000, ["0", "50000", "100000", "150000", "200000", "250000"]),
        (7, 7, ["7"]),
        (0, 2.9e6, ["0", "5e+05", "1e+06", "1.5e+06", "2e+06", "2.5e+06"]),
        (0, 3e-6, ["0", "5e-07", "1e-06", "1.5e-06", "2e-06", "2.5e-06", "3e-06"]),
        (1e6, 1e6 + 9, ["1000000", "1000002", "1000004", "1000006", "1000008"]),
        (0, 1e-300, ["0", "2e-301", "4e-301", "6e-301", "8e-301", "1e-300"]),
        (0, 5e-324, ["0", "4.94066e-324"]),
        (0, 3e-323, ["0", "2.96439e-323"]),
        (-1e308, 1e308, ["-1e+308", "-5e+307", "0", "5e+307", "1e+308"]),
    ],
)
def test_numbers_along_the_bar_are_round(monkeypatch, low, high, numbers):
    written = []
    monkeypatch.setattr(cv2, "putText", lambda picture, text, *rest: written.append(text))
    depth_preview(np.array([[low, high]], float))
    assert written == ["depth (frames)", *numbers]


@pytest.mark.parametrize(
    ("depth", "options", "message"),
    [
        (np.zeros((4, 5, 3)), {}, r"depth has shape \(4, 5, 3\) and type float64; it must be \(H, W\)"),
        (np.zeros((0, 5)), {}, r"depth has shape \(0, 5\)"),
        (np.zeros((4, 5), complex), {}, r"type complex128; it must be \(H, W\), integers or floats"),
        (np.zeros((4, 5)), {"unsure": np.zeros((5, 4), bool)}, r"unsure has shape \(5, 4\) and type bool; .* \(4, 5\)"),
        (np.zeros((4, 5)), {"unsure": np.zeros((4, 5))}, r"type float64; it must be bool"),
        (np.zeros((4, 5)), {"limits": (3, 3)}, r"limits are 3 and 3; give two finite numbers that rise"),
        (np.zeros((4, 5)), {"limits": (0, np.nan)}, r"limits are 0 and nan"),
        (np.zeros((4, 5)), {"limits": (-np.inf, 1)}, r"limits are -inf and 1; give two finite numbers"),
        (np.zeros((4, 5)), {"limits": (1, np.inf)}, r"limits are 1 and inf; give two finite numbers"),
    ],
)
def test_what_is_no_depth_map_is_refused(depth, options, message):
    with pytest.raises(ValueError, match=message):
        depth_preview(depth, **options)


def test_no_matplotlib_is_needed():
    code = "import sys; from fusion.depth.preview import depth_preview; print('matplotlib' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.strip() == "False"
