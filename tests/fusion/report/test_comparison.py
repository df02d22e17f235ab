"""A comparison as a whole, on frames whose answer is known."""

import numpy as np
import pytest

from fusion.lineup import LINEUP
from fusion.report import comparison
from fusion.report.comparison import compare
from fusion.report.contents import Failure
from fusion.report.methods import Fused

EXPOSURES = 2.0 ** np.array([-1.5, 0, 1.5])


@pytest.fixture
def quick(monkeypatch):
    """Run methods in this process, the slow ones not at all; return the list of those that were to run."""
    ran = []

    def run(name, method, files):
        ran.append(name)
        if name in ("boundary", "optimised"):
            return Failure(method.title, "it takes too long here")
        fused = LINEUP["mean" if name == "boundary-blended" else name].fuse([str(file) for file in files])
        return Fused((fused * 255).round().astype(np.uint8), 1.5, 100.0)

    monkeypatch.setattr(comparison, "run_method", run)
    return ran


def bracket(texture):
    return [((0.2 * texture * factor).clip(0, 1) ** (1 / 2.2)).astype(np.float32) for factor in EXPOSURES]


def test_a_pair_is_compared_by_methods_for_focus(focus_pair, quick):
    report = compare(focus_pair, title="A pair", alignment="As they lie.", frames="a.jpg b.jpg")
    assert quick == [name for name in LINEUP if name not in ("exposure", "extended", "optimised")]
    assert report.kinds == ("focus",)
    assert [result.name for result in report.results][0] == "boundary-blended"
    assert [result.name for result in report.results][-1] == "mean"
    assert [failure.title for failure in report.failures] == [LINEUP["boundary"].title]
    assert report.results[0].command == "fusion boundary --blend pyramid a.jpg b.jpg -o boundary-blended.tif"
    assert (report.title, report.alignment) == ("A pair", "As they lie.")
    assert all(result.picture.pixels.shape == (96, 128, 3) for result in report.results)
    assert [picture.title for picture in report.frames] == ["frame 0", "frame 1"]
    assert report.regions and report.advice.endswith("blended.")


def test_scores_are_those_of_the_results(focus_pair, quick):
    report = compare(focus_pair)
    names = [metric.name for metric in report.metrics]
    assert all(list(result.scores) == names for result in report.results)
    by_name = {result.name: result.scores for result in report.results}
    assert by_name["pyramid"]["Q_G"] > by_name["mean"]["Q_G"]


def test_a_bracket_is_compared_by_methods_for_exposure(texture, quick):
    report = compare(bracket(texture))
    assert set(quick) == {"guided", "exposure", "extended", "optimised", "mean"}
    assert report.kinds == ("exposure",) and report.results[0].name == "exposure"
    assert "MEF-SSIM" in report.results[0].scores
    assert "--deghost" not in report.results[0].command


def test_what_moves_is_shown_once_in_all_results(texture, quick, monkeypatch):
    frames, asked = bracket(texture), []
    monkeypatch.setattr(comparison, "deghosted", lambda stack: asked.append(len(stack)) or stack)
    monkeypatch.setattr(comparison, "measure_traits", with_moving(comparison.measure_traits))
    report = compare(frames)
    assert asked == [3]
    assert "deghosting" in report.alignment
    commands = {result.name: result.command for result in report.results}
    assert commands["exposure"].endswith("--deghost") and commands["guided"] == ""


def with_moving(measure):
    return lambda stack, progress: measure(stack, progress=progress)._replace(moving=0.1)


def test_the_advice_says_when_the_method_failed(focus_pair, monkeypatch):
    def run(name, method, files):
        if name == "boundary-blended":
            return Failure(method.title, "no room")
        return Fused(np.zeros((96, 128, 3), np.uint8), 1.0, 1.0)

    monkeypatch.setattr(comparison, "run_method", run)
    report = compare(focus_pair)
    assert report.advice.endswith("There is no result of it here: no room")


def test_a_comparison_without_any_picture_is_an_error(focus_pair, monkeypatch):
    monkeypatch.setattr(comparison, "run_method", lambda name, method, files: Failure(method.title, "no room"))
    with pytest.raises(ValueError, match="no method made a picture; .*no room"):
        compare(focus_pair)


def test_methods_that_would_take_too_long_are_named(focus_pair, quick, monkeypatch):
    slow = LINEUP["guided"]._replace(most=1000)
    monkeypatch.setitem(LINEUP, "guided", slow)
    report = compare(focus_pair)
    assert "guided" not in quick
    assert any(failure.title == slow.title and "not run" in failure.reason for failure in report.failures)


def test_one_frame_is_not_compared(texture):
    with pytest.raises(ValueError, match="only frame"):
        compare([texture])


def test_three_of_many_frames_are_shown(texture, quick):
    rng = np.random.default_rng(0)
    frames = [(texture + rng.normal(0, 0.01, texture.shape)).clip(0, 1).astype(np.float32) for _ in range(8)]
    report = compare(frames)
    assert [picture.title for picture in report.frames] == ["frame 0", "frame 4", "frame 7"]
    assert report.frame_names == [f"frame {k}" for k in range(8)]
    assert report.kinds == () and report.results[0].name == "pyramid"
