"""Scores of results beside controls: which, of what, and what is refused."""

import math
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import fusion
import fusion.evaluation
from data import DataError, Stack, open_stack, save, to_gray
from fusion import evaluate, metrics
from fusion.controls import controls as make_controls
from fusion.metrics.door import gray_levels
from fusion.table import CONTROL, RESULT, Table

FOR_TWO = {"Q_Y", "Q_C", "SCD"}
MADE = ["mean", "random pixel", "defocused side"]


@pytest.fixture(scope="module")
def results(focus_pair, texture):
    """Two pictures that are no copies of a frame."""
    ours = np.where(np.arange(128)[:, None] < 70, focus_pair[0], focus_pair[1])
    return {"ours": ours, "pale": texture * np.float32(0.9)}


def of_kind(table, kind):
    return [row.name for row in table.rows if row.kind == kind]


def average(sources, fused):
    return float(np.mean(fused))


def test_evaluate_is_a_function_before_and_after_its_module_is_imported():
    assert fusion.evaluate is fusion.evaluation.evaluate is evaluate
    code = "import fusion; first = fusion.evaluate; import fusion.evaluation; print(first is fusion.evaluate, first)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("True <function evaluate ")


def test_every_score_is_the_one_of_the_metric_itself(focus_pair, results, texture):
    table = evaluate(focus_pair, results, texture, metrics=list(fusion.evaluation.KNOWN))
    assert isinstance(table, Table)
    pictures = results | {"source 1": focus_pair[0], "source 2": focus_pair[1]} | make_controls(focus_pair)
    assert [row.name for row in table.rows] == list(pictures)
    for name, image in pictures.items():
        expected = {key: metric(image) for key, metric in metrics.NO_REFERENCE.items()}
        expected |= {key: metric(image, texture) for key, metric in metrics.TRUTH.items()}
        for key, metric in {**metrics.METRICS, **metrics.EXPOSURE}.items():
            if not (key == "SCD" and name.startswith("source")):
                expected[key] = metric(focus_pair, image)
        assert table[name] == pytest.approx(expected | {"SCD": table[name]["SCD"]}, nan_ok=True, rel=1e-12)


def test_two_sources_are_scored_by_all_but_those_for_exposures(focus_pair, results):
    table = evaluate(focus_pair, results, controls=False)
    assert table.metrics == [*metrics.METRICS, *metrics.NO_REFERENCE]
    assert table.undefined == []


def test_three_sources_are_scored_by_what_is_defined_for_them(focus_pair, results, texture):
    three = np.concatenate([focus_pair, texture[None] / 2])
    table = evaluate(three, results, controls=False)
    assert set(metrics.METRICS) - set(table.metrics) == FOR_TWO
    assert [*metrics.NO_REFERENCE] == table.metrics[-len(metrics.NO_REFERENCE) :]
    assert table["ours"]["Q_G"] == metrics.METRICS["Q_G"](three, results["ours"])
    with pytest.raises(ValueError, match="^SCD is defined for 2 sources only, got 3; leave it out"):
        evaluate(three, results, metrics=["SCD"])


def test_a_truth_adds_the_error_against_it(focus_pair, results, texture):
    table = evaluate(focus_pair, results, texture, controls=False)
    assert table.metrics == [*metrics.METRICS, *metrics.NO_REFERENCE, "PSNR", "SSIM"]
    assert table["pale"]["PSNR"] == metrics.psnr(results["pale"], texture)
    assert table["pale"]["SSIM"] == metrics.ssim(results["pale"], texture)
    perfect = evaluate(focus_pair, texture, texture, metrics=["PSNR", "SSIM"], controls=False)
    assert perfect["fused"] == {"PSNR": math.inf, "SSIM": 1}


def test_less_is_better_for_the_metrics_that_say_so(focus_pair, results):
    assert evaluate(focus_pair, results, metrics=["Q_CV"], controls=False).lower == metrics.LOWER_IS_BETTER


def test_a_single_result_is_called_fused(focus_pair, results):
    table = evaluate(focus_pair, results["ours"], metrics="Q_G", controls=False)
    assert [(row.name, row.kind) for row in table.rows] == [("fused", RESULT)]
    assert table["fused"] == {"Q_G": metrics.METRICS["Q_G"](focus_pair, results["ours"])}


def test_metrics_by_name_come_in_the_order_given(focus_pair, results):
    assert evaluate(focus_pair, results, metrics=iter(["SF", "Q_CB"])).metrics == ["SF", "Q_CB"]
    with pytest.raises(ValueError, match="^no metric is called 'sharpness'; there are Q_MI, .*, MEF-SSIM, PSNR, SSIM$"):
        evaluate(focus_pair, results, metrics=["SF", "sharpness"])


@pytest.mark.parametrize("name", ["PSNR", "SSIM"])
def test_a_comparison_with_the_truth_needs_one(focus_pair, results, name):
    with pytest.raises(ValueError, match=f"^{name} compares with the truth: give the picture as it should be"):
        evaluate(focus_pair, results, metrics=[name])


def test_a_function_of_ones_own_gets_the_stack_and_the_image_untouched(focus_pair, results):
    seen = []

    def own(sources, fused):
        seen.append((sources, fused))
        return np.float32(0.5)

    deep = {name: (image * 65535).astype(np.uint16) for name, image in results.items()}
    table = evaluate(focus_pair, deep, metrics={"own": own}, controls=False)
    assert [row.scores for row in table.rows] == [{"own": 0.5}] * 2
    for (sources, fused), image in zip(seen, deep.values(), strict=True):
        assert isinstance(sources, Stack)
        assert_array_equal(np.asarray(sources), focus_pair)
        assert fused.dtype == np.uint16
        assert_array_equal(fused, image)


def test_several_functions_of_ones_own_are_told_apart(focus_pair, results):
    own = {"mean": average, "least": lambda sources, fused: fused.min()}
    table = evaluate(focus_pair, results, metrics=own, controls=False)
    for name, image in results.items():
        assert table[name] == pytest.approx({"mean": image.mean(), "least": image.min()})


def test_a_function_that_returns_no_number_is_said_to(focus_pair, results):
    table = evaluate(focus_pair, results, metrics={"own": lambda *_: math.nan, "mean": average}, controls=False)
    assert math.isnan(table["ours"]["own"]) and table["ours"]["mean"] > 0
    assert [tuple(score) for score in table.undefined] == [
        ("ours", "own", "own is nan here, which is no score"),
        ("pale", "own", "own is nan here, which is no score"),
    ]


def test_a_function_that_fails_is_heard(focus_pair, results):
    def broken(sources, fused):
        raise ZeroDivisionError("of my own")

    with pytest.raises(ZeroDivisionError, match="of my own"):
        evaluate(focus_pair, results, metrics={"own": broken})


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (2, ["source 1", "source 2"]),
        (4, ["source 1", "source 2", "source 3", "source 4"]),
        (5, ["source 1", "source 3", "source 5"]),
        (8, ["source 1", "source 5", "source 8"]),
    ],
)
def test_sources_alone_are_controls_of_many_the_first_the_middle_and_the_last(count, shown):
    stack = [np.full((4, 5), index / 10) for index in range(count)]
    table = evaluate(stack, stack[0] + 0.05, metrics={"mean": average})
    assert of_kind(table, CONTROL) == [*shown, *MADE]
    for name in shown:
        assert table[name]["mean"] == pytest.approx((int(name.split()[1]) - 1) / 10)


def test_without_controls_the_results_stand_alone(focus_pair, results):
    table = evaluate(focus_pair, results, metrics=["EN"], controls=False)
    assert of_kind(table, CONTROL) == [] and of_kind(table, RESULT) == list(results)


def test_a_score_that_is_not_defined_is_no_number_and_has_a_reason(focus_pair, results):
    table = evaluate(focus_pair, results | {"copy": focus_pair[1]}, metrics=["Q_G", "SCD"])
    assert {score.name for score in table.undefined} == {"copy", "source 1", "source 2"}
    assert {score.metric for score in table.undefined} == {"SCD"}
    assert all("the result is one of the sources plus a constant" in score.reason for score in table.undefined)
    missing = [row.name for row in table.rows if math.isnan(row.scores["SCD"])]
    assert missing == ["copy", "source 1", "source 2"]
    assert not any(math.isnan(row.scores["Q_G"]) for row in table.rows)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda image: image[:, 1:], "^ours is 127 x 96 pixels, but the sources are 128 x 96; crop them alike"),
        (lambda image: image[1:], "^ours is 128 x 95 pixels, but the sources are 128 x 96"),
        (lambda image: np.where(image > 0.5, np.nan, image), r"^ours has values in \[nan, nan\]"),
        (lambda image: image * 255, "^ours has values in"),
        (lambda image: np.moveaxis(image, 2, 0), "^ours has shape"),
    ],
)
def test_a_result_that_cannot_be_compared_is_named(focus_pair, results, change, message):
    for result in ({"ours": change(results["ours"])}, {"pale": results["pale"], "ours": change(results["ours"])}):
        with pytest.raises(ValueError, match=message):
            evaluate(focus_pair, result)


def test_a_truth_that_cannot_be_compared_is_named(focus_pair, results, texture):
    with pytest.raises(ValueError, match="^truth is 128 x 95 pixels, but the sources are 128 x 96"):
        evaluate(focus_pair, results, texture[1:])
    with pytest.raises(DataError, match=r"^truth has values in \[nan, nan\]"):
        evaluate(focus_pair, results, texture * np.nan)
    with pytest.raises(DataError, match="^truth has shape"):
        evaluate(focus_pair, results, focus_pair)


def test_a_result_called_truth_is_checked_too(focus_pair, results, texture):
    with pytest.raises(ValueError, match="^truth is 127 x 96 pixels"):
        evaluate(focus_pair, {"truth": results["ours"][:, 1:]}, texture)


def test_gray_is_not_compared_with_a_truth_in_colour(focus_pair, results, texture):
    gray = to_gray(texture)
    with pytest.raises(ValueError, match="^ours is in colour and truth is gray; convert one of them"):
        evaluate(focus_pair, results, gray)
    with pytest.raises(ValueError, match="^fused is gray and truth is in colour; convert one of them"):
        evaluate(focus_pair, gray, texture)


def test_sources_in_colour_are_no_controls_for_a_gray_truth(focus_pair, texture):
    gray = to_gray(texture)
    with pytest.raises(ValueError, match="^sources are in colour and truth is gray; .*, or leave out controls$"):
        evaluate(focus_pair, gray * 0.9, gray, metrics=["PSNR"])
    table = evaluate(focus_pair, gray * 0.9, gray, metrics=["PSNR", "Q_G"], controls=False)
    assert table["fused"]["PSNR"] == metrics.psnr(gray * 0.9, gray)


@pytest.mark.parametrize("name", ["mean", "source 2"])
def test_a_result_is_not_called_as_a_control_is(focus_pair, results, name):
    with pytest.raises(ValueError, match=f"^a control is called '{name}' too; give the result another name"):
        evaluate(focus_pair, {name: results["ours"]})
    table = evaluate(focus_pair, {name: results["ours"]}, metrics=["EN"], controls=False)
    assert table[name]["EN"] == metrics.NO_REFERENCE["EN"](results["ours"])


def test_without_a_result_there_is_nothing_to_score(focus_pair):
    with pytest.raises(ValueError, match="^give one result, an image or its path, or several as a dict"):
        evaluate(focus_pair, {})


@pytest.mark.parametrize("asked", [None, ["EN"], {"mean": average}])
def test_one_source_is_too_few_whatever_the_metric(focus_pair, results, asked):
    with pytest.raises(ValueError, match="^frame 0 is the only source; a result is compared with two or more"):
        evaluate(focus_pair[:1], results, metrics=asked)


def test_progress_is_shown_over_all_pictures(focus_pair, results):
    seen = []

    def progress(pictures, what):
        seen.append((len(pictures), what))
        for picture in pictures:
            yield picture
            seen.append(what)

    table = evaluate(focus_pair, results, metrics=["EN"], progress=progress)
    assert seen == [(7, "scoring"), *["scoring"] * 7]
    assert len(table.rows) == 7


def test_pictures_stay_as_they_are(focus_pair, results, texture):
    stack = [gray_levels(frame) for frame in focus_pair]
    images = {name: gray_levels(image) for name, image in results.items()}
    truth = gray_levels(texture)
    before = [picture.copy() for picture in (*stack, *images.values(), truth)]
    evaluate(stack, images, truth)
    for picture, copy in zip((*stack, *images.values(), truth), before, strict=True):
        assert_array_equal(picture, copy)


def test_sources_may_be_files(focus_pair, results, tmp_path):
    for index, frame in enumerate(focus_pair):
        save(frame, tmp_path / f"{index}.png")
    asked = {"metrics": ["Q_G", "Q_MI", "EN"]}
    of_folder = evaluate(tmp_path, results, **asked)
    assert of_folder.rows == evaluate(open_stack(tmp_path), results, **asked).rows
    assert of_folder.rows == evaluate(np.asarray(open_stack(tmp_path)), results, **asked).rows


def test_gray_and_sixteen_bit_pictures_are_scored(focus_pair, results):
    deep = (focus_pair * 65535).astype(np.uint16)
    asked = {"metrics": ["Q_G", "Q_CB", "SF"]}
    expected = evaluate(deep / 65535, results, **asked)
    assert evaluate(deep, results, **asked).rows == expected.rows
    gray = np.stack([gray_levels(frame) for frame in focus_pair])
    scores = evaluate(gray, {name: gray_levels(image) for name, image in results.items()}, **asked)
    assert scores["ours"] == evaluate(focus_pair, results, **asked)["ours"]


def test_what_takes_a_minute_for_a_large_picture_is_left_to_those_who_ask(focus_pair, monkeypatch):
    monkeypatch.setattr("fusion.evaluation.LARGE", focus_pair[0][..., 0].size - 1)
    assert "Q_P" not in fusion.evaluate(focus_pair, focus_pair[0], controls=False).metrics
    assert fusion.evaluate(focus_pair, focus_pair[0], metrics=["Q_P"], controls=False).metrics == ["Q_P"]


def test_files_are_results_and_truth_too(focus_pair, tmp_path):
    save(focus_pair[0], tmp_path / "fused.png")
    save(focus_pair[1], tmp_path / "truth.png")
    of_files = evaluate(focus_pair, tmp_path / "fused.png", str(tmp_path / "truth.png"), metrics="PSNR", controls=False)
    fused, truth = (np.rint(255 * frame) / 255 for frame in focus_pair)
    assert of_files["fused"]["PSNR"] == pytest.approx(metrics.psnr(fused, truth), abs=1e-4)


def test_less_of_ones_own_error_may_be_better(focus_pair):
    errors = {"good": focus_pair[0] * 0, "bad": focus_pair[0] * 0 + 1}
    own = {"error": lambda sources, fused: float(fused.mean())}
    table = evaluate(focus_pair, errors, metrics=own, lower_is_better=["error"], controls=False)
    assert [table.mark(row, "error") for row in table.rows] == ["*", ""]
    assert table.arrow("error") == "↓"


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_an_infinite_score_of_ones_own_is_none(value, focus_pair):
    table = evaluate(focus_pair, focus_pair[0], metrics={"own": lambda sources, fused: value}, controls=False)
    assert np.isnan(table["fused"]["own"])
    assert table.undefined[0].reason == f"own is {value} here, which is no score"


def test_what_is_no_number_is_named(focus_pair):
    with pytest.raises(ValueError, match="^own returned None; a metric returns a number"):
        evaluate(focus_pair, focus_pair[0], metrics={"own": lambda sources, fused: None})


@pytest.mark.parametrize("nothing", [[], {}, ()])
def test_no_metric_at_all_is_refused(nothing, focus_pair):
    with pytest.raises(ValueError, match="^no metric is asked for"):
        evaluate(focus_pair, focus_pair[0], metrics=nothing)


def test_a_list_of_results_has_no_names(focus_pair):
    with pytest.raises(ValueError, match="several as a dict of names and images"):
        evaluate(focus_pair, [focus_pair[0], focus_pair[1]])


def test_what_leaves_the_range_by_rounding_is_clipped(focus_pair):
    clean = np.clip(focus_pair[0], 0, 1)
    beyond = clean + np.where(clean == clean.max(), 1.0001 - clean.max(), 0)
    assert evaluate(focus_pair, beyond, metrics=["Q_G"], controls=False)["fused"]["Q_G"] > 0
    with pytest.raises(DataError, match="^fused has values in"):
        evaluate(focus_pair, beyond * 1.01, metrics=["Q_G"])
