"""What is compared with what: sets that exist, results that belong to them, scenes whose truth lies on their frames."""

import json
import statistics

import numpy as np
import pytest

from benchmarks.leaderboard import contests
from benchmarks.leaderboard.contests import CONTESTS, JPEG, LOSSLESS, SCENES, published_pictures
from benchmarks.leaderboard.rows import encoding_of
from data import datasets, scenes
from fusion.metrics import EXPOSURE, METRICS, NO_REFERENCE, TRUTH, psnr

KNOWN = {*METRICS, *NO_REFERENCE, *EXPOSURE, *TRUTH}


def test_there_are_five_contests():
    assert {name: len(contest.sets) for name, contest in CONTESTS.items()} == {
        "lytro": 20,
        "small": 4,
        "paper": 24,
        "exposure": 17,
        "scenes": 6,
    }


@pytest.mark.parametrize("name", CONTESTS)
def test_every_set_is_there_once_and_every_metric_is_known(name):
    contest = CONTESTS[name]
    assert len(set(contest.sets)) == len(contest.sets)
    assert set(contest.sets) <= {*datasets.names(), *SCENES}
    assert set(contest.metrics) <= KNOWN and set(contest.ranked) <= set(contest.metrics)
    assert not set(contest.ranked) & set(TRUTH)  # the truth is a family of its own
    assert set(contest.storage) <= {LOSSLESS, JPEG}


@pytest.mark.parametrize("name", [name for name in CONTESTS if name != "scenes"])
def test_a_contest_of_pairs_has_pairs(name):
    contest = CONTESTS[name]
    counts = {datasets.describe(name)["frames"] for name in contest.sets}
    assert (counts == {2}) == contest.pairs
    assert contest.pairs or max(counts) > 2


def test_metrics_are_all_that_the_frames_allow():
    for name in ("lytro", "small", "paper"):
        assert set(CONTESTS[name].metrics) == {*METRICS, *NO_REFERENCE}
    for_two = {name for name, metric in METRICS.items() if metric.most_sources == 2}
    assert "Q_Y" in for_two
    assert set(CONTESTS["scenes"].metrics) == {*METRICS, *TRUTH} - for_two
    assert CONTESTS["exposure"].metrics == tuple(EXPOSURE)


@pytest.mark.parametrize(
    ("name", "count", "storage"), [("lytro", 20, {".jpg"}), ("small", 4, {".jpg"}), ("exposure", 8, {".png"})]
)
def test_published_results_were_made_of_these_sets(name, count, storage):
    contest = CONTESTS[name]
    published = {of: contest.published(of) for of in contest.sets if contest.published(of) in datasets.names()}
    assert len(published) == count
    for of, folder in published.items():
        assert datasets.describe(folder)["sources"] == of
        endings = {"." + row[0].rpartition(".")[2] for row in datasets.registry()["sets"][folder]["frames"]}
        assert endings == storage
    section = JPEG if storage == {".jpg"} else LOSSLESS
    assert section in contest.storage


def test_without_published_results_nothing_is_stored_as_jpeg():
    for name in ("paper", "scenes"):
        contest = CONTESTS[name]
        assert contest.storage == (LOSSLESS,)
        assert not any(contests.published_pictures(contest, of) for of in contest.sets)


def test_quoted_scores_are_of_these_sets_and_metrics():
    for contest in CONTESTS.values():
        if not contest.quoted:
            continue
        quoted = json.loads((contests.QUOTED / contest.quoted).read_text(encoding="utf-8"))
        rows = quoted.get("rows", {})
        assert not rows or quoted["sets"] == list(contest.sets)
        for scores in [*rows.values(), *quoted.get("averages", {}).values()]:
            assert set(scores) <= {*contest.metrics, "MOS"}
        for scores in rows.values():
            assert {len(values) for values in scores.values()} == {len(contest.sets)}


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("dsift", {"Q_MI": 1.1876, "Q_G_2003": 0.7266, "Q_G": 0.7617, "Q_Y": 0.9881, "Q_CB": 0.8093, "Q_CV": 15.8822}),
        ("gff", {"Q_MI": 1.0980, "Q_G_2003": 0.7204, "Q_G": 0.7598, "Q_Y": 0.9821, "Q_CB": 0.7975, "Q_P": 0.8485}),
    ],
)
def test_quoted_averages_of_the_survey(method, expected):
    rows = json.loads((contests.QUOTED / "survey-2020.json").read_text(encoding="utf-8"))["rows"]
    assert len(rows) == 18
    for metric, value in expected.items():
        assert np.mean(rows[method][metric]) == pytest.approx(value, abs=6e-5)


def test_quoted_averages_of_exposure_fusion():
    rows = json.loads((contests.QUOTED / "mef-ssim.json").read_text(encoding="utf-8"))["rows"]
    assert np.mean(rows["mertens07"]["MEF-SSIM"]) == pytest.approx(0.9738, abs=6e-5)
    assert np.mean(rows["local-average"]["MEF-SSIM"]) == pytest.approx(0.8, abs=6e-5)
    assert np.mean(rows["mertens07"]["MOS"]) == pytest.approx(7.793, abs=6e-4)


# --- what is at hand -------------------------------------------------------------------------------------------------


def test_scenes_need_nothing(monkeypatch, tmp_path):
    monkeypatch.delenv("FUSION_DATA", raising=False)
    monkeypatch.setenv("FUSION_CACHE", str(tmp_path))
    assert contests.missing_sets(CONTESTS["scenes"]) == []
    assert contests.missing_sets(CONTESTS["paper"]) == list(CONTESTS["paper"].sets)


def test_published_results_can_be_missing_too(monkeypatch, tmp_path):
    monkeypatch.setattr(contests, "is_at_hand", lambda name: name.startswith("classic/"))
    assert contests.missing_sets(CONTESTS["small"]) == [
        "mfifb/clock-small",
        "mfifb/lab-small",
        "mfifb/book-color",
        "mfifb/flower-color",
    ]


def test_published_results_are_those_of_the_registry(monkeypatch, tmp_path):
    folder = tmp_path / "mfifb/clock-small"
    folder.mkdir(parents=True)
    own = [row[0] for row in datasets.registry()["sets"]["mfifb/clock-small"]["frames"]]
    for name in [*own, "notes.txt", "mine.jpg"]:
        (folder / name).touch()
    monkeypatch.setenv("FUSION_DATA", str(tmp_path))
    found = contests.published_pictures(CONTESTS["small"], "classic/clock-small")
    assert found == {name.removesuffix(".jpg"): folder / name for name in own}
    assert len(found) == 12


# --- scenes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["coins", "thin structures", "motorcycle, 2 frames", "motorcycle, 6 frames", "noise"])
def test_scenes_are_what_they_are_called(name):
    scene = contests.scene_of(name)
    assert scene.truth.shape == scene.stack.shape[1:]
    assert len(scene.stack) == (6 if name in {"motorcycle, 6 frames", "noise"} else 2)
    best = np.max([psnr(frame, scene.truth) for frame in scene.stack])
    assert 15 < best < 40


def test_the_noisy_scene_is_the_motorcycle_in_noise():
    noisy, clear = contests.scene_of("noise"), contests.scene_of("motorcycle, 6 frames")
    np.testing.assert_array_equal(noisy.truth, clear.truth)
    difference = noisy.stack[0] - clear.stack[0]
    assert 0.002 < difference.std() < 0.05 and abs(difference.mean()) < 0.003


def quality(stack, truth):
    return np.array([psnr(frame, truth) for frame in stack])


def test_the_breathing_scene_is_registered_and_its_truth_lies_on_the_frames():
    still, registered = contests.scene_of("motorcycle, 6 frames"), contests.scene_of("breathing, registered")
    moving = scenes.focal_stack(distances=6, f_number=1.4, breathing=0.03)
    assert registered.truth.shape == registered.stack.shape[1:]
    found = quality(registered.stack, registered.truth)
    assert found.mean() > quality(moving.stack, moving.sharp).mean() + 4
    np.testing.assert_allclose(found, quality(still.stack, still.truth), atol=0.6)  # decibels, as if nothing had moved
    shares = np.divide(registered.truth.shape[:2], moving.sharp.shape[:2])
    assert (0.95 < shares).all() and (shares < 1).all()  # the frames do not cover what lies at the border


def test_files_that_stand_apart_are_those_stored_in_another_way(real_data):
    contest = CONTESTS["small"]
    odd = set()
    for name in contest.sets:
        encodings = {method: encoding_of(path) for method, path in published_pictures(contest, name).items()}
        usual = statistics.mode(encodings.values())
        odd |= {method for method, encoding in encodings.items() if encoding != usual}
    assert odd == set(contest.apart)
    lytro = CONTESTS["lytro"]
    files = [path for name in lytro.sets for path in published_pictures(lytro, name).values()]
    assert len({encoding_of(path) for path in files}) == 1
