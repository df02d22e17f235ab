"""Facts about the line-up: who takes part, for which frames, and that a row says of its method what is so."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

import fusion
from data import open_stack, save
from fusion.cli import build_parser, main
from fusion.lineup import EXPOSURE, FOCUS, LINEUP, MOST_FOR_CLIMBING, MOST_FOR_NETWORKS, fitting

pytestmark = pytest.mark.usefixtures("one_torch_thread")

BOOK = Path(__file__).parents[2] / "book"
CALLS = {
    "pyramid": lambda stack: fusion.pyramid_fusion(stack),
    "boundary-blended": lambda stack: fusion.boundary_fusion(stack, blend="pyramid"),
    "boundary": lambda stack: fusion.boundary_fusion(stack),
    "guided": lambda stack: fusion.guided_fusion(stack),
    "log-maximum": lambda stack: fusion.pyramid_fusion(stack, naive=True),
    "exposure": lambda stack: fusion.exposure_fusion(stack),
    "extended": lambda stack: fusion.extended_exposure_fusion(stack),
    "optimised": lambda stack: fusion.optimised_exposure_fusion(stack),
    "mean": lambda stack: np.mean(stack, axis=0),
}
NO_METHODS = {"depth_from_focus", "evaluate", "gff"}  # they return no image at once, or fuse as another one does
WITH_COMMAND = [name for name, method in LINEUP.items() if method.command]


@pytest.fixture(scope="module")
def pair(focus_pair):
    """Two frames of 8 bits, 70 x 60 pixels; in each, another side is sharp."""
    return np.rint(255 * focus_pair[:, 10:70, 29:99]).astype(np.uint8)


# --- what a row says -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LINEUP)
def test_a_method_is_the_function_of_that_name_with_its_defaults(pair, name):
    frames = pair / np.float32(255)
    if name == "optimised":
        pytest.importorskip("torch")
        frames = frames[:, :42, :43]
    assert_allclose(LINEUP[name].fuse(frames), CALLS[name](frames), atol=1e-7)


def test_methods_differ(pair):
    results = [LINEUP[name].fuse(pair) for name in LINEUP if name != "optimised"]
    for index, result in enumerate(results):
        assert all(np.abs(result - other).max() > 0.01 for other in results[:index])


def test_every_function_that_fuses_takes_part(monkeypatch):
    called = []
    for name in set(fusion.METHODS) - NO_METHODS:
        monkeypatch.setattr(fusion, name, lambda stack, name=name, **options: called.append(name), raising=False)
    for name, method in LINEUP.items():
        if name != "mean":
            method.fuse("a stack")
    assert set(called) == set(fusion.METHODS) - NO_METHODS


@pytest.mark.parametrize("name", [name for name in LINEUP if name != "mean"])
def test_progress_is_passed_on(pair, name):
    if name == "optimised":
        pytest.importorskip("torch")
    told = []

    def progress(items, what):
        for item in items:
            told.append(what)
            yield item

    LINEUP[name].fuse(pair[:, :42, :43], progress)
    assert told


@pytest.mark.parametrize("name", WITH_COMMAND)
def test_the_command_makes_the_same_picture(pair, name, tmp_path):
    paths = [str(tmp_path / f"{index}.png") for index in range(2)]
    for frame, path in zip(pair, paths, strict=True):
        save(frame, path)
    program, *arguments = LINEUP[name].command.split()
    assert program == "fusion"
    out = tmp_path / "out.png"
    assert main([*arguments, *paths, "-o", str(out), "--quiet"]) == 0
    fused = 255 * LINEUP[name].fuse(pair)
    assert_allclose(open_stack([out]).pixels(0), fused, atol=0.51)  # what rounding to 8 bits changes


def test_methods_without_a_command_have_none():
    assert [name for name in LINEUP if name not in WITH_COMMAND] == ["optimised", "mean"]
    build_parser().parse_args(["fuse", "frames", "-o", "out.tif"])


def test_titles_and_uses_tell_methods_apart():
    for words in ([method.title for method in LINEUP.values()], [method.use for method in LINEUP.values()]):
        assert all(words) and len(set(words)) == len(words)


@pytest.mark.parametrize("name", LINEUP)
def test_the_page_is_one_of_the_book(name):
    assert (BOOK / f"{LINEUP[name].page}.md").is_file()


# --- who fits --------------------------------------------------------------------------------------------------------


def test_every_method_is_for_frames_that_differ_in_focus_or_in_exposure():
    for method in LINEUP.values():
        assert method.fits and method.fits <= {FOCUS, EXPOSURE}
    assert {name for name, method in LINEUP.items() if len(method.fits) == 2} == {"guided", "mean"}


def test_methods_that_fit_come_in_the_order_of_the_line_up():
    focus, exposure = list(fitting(FOCUS)), list(fitting(EXPOSURE))
    assert focus == ["pyramid", "boundary-blended", "boundary", "guided", "log-maximum", "mean"]
    assert exposure == ["guided", "exposure", "extended", "optimised", "mean"]
    assert fitting(FOCUS, EXPOSURE) == fitting(EXPOSURE, FOCUS) == LINEUP
    assert all(fitting(FOCUS)[name] is LINEUP[name] for name in focus)


def test_methods_that_take_minutes_are_left_out_where_frames_are_large_or_many():
    everything = list(fitting(EXPOSURE))
    quick = [name for name in everything if name != "optimised"]
    assert list(fitting(EXPOSURE, shape=(2, 1000, int(MOST_FOR_CLIMBING / 2000)))) == everything
    assert list(fitting(EXPOSURE, shape=(2, 1000, int(MOST_FOR_CLIMBING / 2000), 3))) == everything  # channels are free
    assert list(fitting(EXPOSURE, shape=(2, 1000, int(MOST_FOR_CLIMBING / 2000) + 1))) == quick
    assert list(fitting(EXPOSURE, shape=(3, 1000, int(MOST_FOR_CLIMBING / 2000)))) == quick
    networks = {"boundary", "boundary-blended"}
    side = int((MOST_FOR_NETWORKS / 2) ** 0.5)
    assert networks < set(fitting(FOCUS, shape=(2, side, side)))
    assert set(fitting(FOCUS)) - set(fitting(FOCUS, shape=(3, side, side))) == networks
    assert list(fitting(FOCUS, shape=(100, 10**5, 10**5))) == ["pyramid", "guided", "log-maximum", "mean"]


@pytest.mark.parametrize("kinds", [(), ("focal",), ("focus", "colour"), (None,)])
def test_other_differences_are_refused(kinds):
    with pytest.raises(ValueError, match='frames differ in "focus", in "exposure" or in both, got'):
        fitting(*kinds)
