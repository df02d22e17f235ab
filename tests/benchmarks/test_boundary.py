"""The benchmark of boundary-aware fusion: scenes with truth, figures, variants, patches, and what is run."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from safetensors.numpy import save_file

from benchmarks import boundary, boundary_patches, boundary_scores, boundary_variants, small_pair
from benchmarks.boundary_scores import METRICS, Known
from benchmarks.leaderboard.contests import CONTESTS, LYTRO, QUOTED
from benchmarks.leaderboard.rows import FOR_FOCUS, METHODS, methods_of
from data import open_stack, save, scenes
from fusion import boundary_fusion, guided_fusion
from fusion.boundary import fuse, networks, score
from fusion.boundary.networks import Comparison
from fusion.guided_stages import gff
from fusion.metrics import psnr
from fusion.metrics.door import eight_bits
from fusion.weights import copied

ROOT = Path(__file__).resolve().parents[2]
RUN = {"cpu_s": 2.0, "user_s": 1.5, "system_s": 0.5, "elapsed_s": 2.0, "peak_mb": 500.0}


@pytest.fixture
def scene(texture):
    """A disc before a background, in colour."""
    y, x = np.mgrid[:96, :128]
    alpha = (np.hypot(y - 48, x - 60) < 30).astype(np.float32)
    return boundary_scores.known(scenes.focus_pair(texture, alpha, texture[::-1], radius=4))


@pytest.fixture
def files(focus_pair, tmp_path):
    """Files of two frames, each sharp on one side."""
    for index, frame in enumerate(focus_pair):
        save(frame, tmp_path / f"frame{index}.png")
    return sorted(tmp_path.glob("frame*.png"))


class Leaning:
    """A network that finds the first frame in focus left of a column."""

    stride, tile, halo, details, sees_half = 4, 1024, 0, None, False

    def __init__(self, column):
        self.column = column

    def compare(self, own, rival):
        return Comparison(np.where(np.arange(own.shape[1]) < self.column, 3, -3) * np.ones(own.shape, np.float32))


# --- scenes ----------------------------------------------------------------------------------------------------------


def test_the_answer_of_a_scene_is_its_decision_or_its_index():
    pair = scenes.FocusPair("stack", "sharp", "decision", "alpha")
    assert boundary_scores.known(pair) == ("stack", "sharp", "decision")
    stack = scenes.FocalStack("stack", "sharp", "depth", "index", "distances", "matrices", "gains")
    assert boundary_scores.known(stack) == ("stack", "sharp", "index")


def test_scenes_differ_in_blur_and_nothing_else():
    thin = {name: make() for name, make in boundary_scores.SCENES.items() if "thin" in name}
    assert len(thin) == 4
    for other in thin.values():
        assert_array_equal(other.decision, thin["built-in/thin"].decision)
    blurs = ["thin, radius 3", "built-in/thin", "thin, radius 9"]
    for sharper, softer in zip(blurs, blurs[1:]):
        assert psnr(thin[sharper].stack[1], thin[sharper].sharp) > psnr(thin[softer].stack[1], thin[softer].sharp) + 0.5
    coins = [boundary_scores.SCENES[name]() for name in ("built-in/coins", "coins, radius 9")]
    assert psnr(coins[0].stack[0], coins[0].sharp) > psnr(coins[1].stack[0], coins[1].sharp) + 0.5


def test_of_the_papers_model_one_frame_shows_what_is_there_and_of_a_lens_none():
    alpha = scenes.built_in("built-in/thin").alpha
    naive, lens = (boundary_scores.SCENES[name]() for name in (boundary_scores.NAIVE, "built-in/thin"))
    for frame, side in ((0, alpha == 1), (1, alpha == 0)):
        assert_allclose(naive.stack[frame][side], naive.sharp[side], atol=1.01 / 255)
        assert psnr(naive.stack[1 - frame], naive.sharp) < 30
    behind = (alpha == 0) & boundary_scores.near_boundary(lens.decision, 2)
    assert np.abs(lens.stack[1] - lens.sharp)[behind].mean() > 20 / 255
    assert np.abs(naive.stack[1] - naive.sharp)[behind].max() == 0
    assert np.abs(naive.sharp - lens.sharp).mean() < 0.001  # the scene is the same, but where hardly anything is drawn
    assert_allclose(naive.sharp[alpha > 0.1], lens.sharp[alpha > 0.1], atol=0.51 / 255)


def test_the_foreground_of_the_papers_model_does_not_darken_where_nothing_is_drawn():
    naive, thin = boundary_scores.naive_fence(), scenes.built_in("built-in/thin").alpha == 1
    assert naive.stack[1][thin].mean() > 0.85 * naive.sharp[thin].mean()


# --- figures ---------------------------------------------------------------------------------------------------------


def test_what_is_near_a_boundary():
    step = np.zeros((20, 40), np.uint8)
    step[:, 17:] = 1
    columns = np.flatnonzero(boundary_scores.near_boundary(step, 5)[3])
    assert columns.tolist() == list(range(12, 22))
    blobs = (cv2.GaussianBlur(np.random.default_rng(0).random((60, 80)), (0, 0), 5) > 0.5).astype(np.uint8)
    for distance in (5, 10):
        sides = (
            cv2.distanceTransform((blobs == k).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for k in (0, 1)
        )
        near = sum(sides) <= distance  # of a pixel's centre from that of the nearest one of the other frame
        assert 0.1 < near.mean() < 1
        assert_array_equal(boundary_scores.near_boundary(blobs, distance), near)


def test_figures_of_a_decision(scene):
    right = boundary_scores.figures(scene, scene.sharp, scene.decision)
    assert (right["wrong"], right["wrong_within_5_px"]) == (0, 0)
    wrong = scene.decision.copy()
    wrong[:10, :8] = 0  # 80 pixels of 12288, far from the boundary
    told = boundary_scores.figures(scene, scene.sharp, wrong)
    assert (told["wrong"], told["wrong_within_5_px"]) == (0.00651, 0)
    told = boundary_scores.figures(scene, scene.sharp, 1 - scene.decision)
    assert (told["wrong"], told["wrong_within_5_px"]) == (1, 1)


def test_figures_of_a_picture(scene):
    """10 levels of 255 are 28.13 dB; an error far from the boundary is none near it."""
    dark = Known(scene.stack, np.full_like(scene.sharp, 100 / 255), scene.decision)
    told = boundary_scores.figures(dark, np.full_like(scene.sharp, 110.3 / 255), None)
    assert told == {"psnr_db": 28.13, "psnr_db_within_10_px": 28.13}
    fused = dark.sharp.copy()
    fused[boundary_scores.near_boundary(scene.decision, 10)] = 110 / 255
    told = boundary_scores.figures(dark, fused, None)
    assert told["psnr_db"] > 29 and told["psnr_db_within_10_px"] == 28.13
    gray = Known(None, dark.sharp[..., 0], scene.decision)
    assert boundary_scores.figures(gray, fused[..., 0], None) == told


def test_the_best_pick_is_nearest_to_the_truth_in_every_pixel(scene):
    fused, chosen = boundary_scores.best_pick(scene)
    errors = [((frame - scene.sharp) ** 2).sum(axis=2) for frame in (fused, *scene.stack)]
    assert_array_equal(errors[0], np.minimum(*errors[1:]))
    assert 0.005 < np.mean(chosen != scene.decision) < 0.5  # beside the disc, which frame is nearer is another thing
    gray = Known(open_stack([frame[..., 0] for frame in scene.stack]), scene.sharp[..., 0], scene.decision)
    assert psnr(boundary_scores.best_pick(gray)[0], gray.sharp) > psnr(gray.stack[0], gray.sharp)


def test_guided_fusion_decides_for_the_larger_weight(scene):
    stages = gff(scene.stack)
    stages.fusion()
    decisions = []
    for row, layer in (("guided", "detail"), ("guided, base weights", "base")):
        fused, chosen = boundary_scores.METHODS[row](scene)
        assert_allclose(fused, guided_fusion(scene.stack), atol=1e-5)
        near, far = stages.normalised_refined_weights[layer]
        assert_array_equal(chosen, far > near)
        decisions.append(chosen)
    assert np.mean(decisions[0] != decisions[1]) > 0.01


def test_rows_are_what_they_are_called(scene, monkeypatch):
    asked = []

    def decide(stack, **options):
        asked.append(options)
        return 1 - scene.decision

    monkeypatch.setattr(boundary_scores, "boundary_decision", decide)
    for row in ("compact, initial", "compact", "resnet56, initial", "resnet56"):
        fused, chosen = boundary_scores.METHODS[row](scene)
        assert_array_equal(chosen, 1 - scene.decision)
        assert_array_equal(fused, copied(scene.stack, 1 - scene.decision))
    assert asked == [{"refine": False}, {}, {"network": "resnet56", "refine": False}, {"network": "resnet56"}]
    fused, chosen = boundary_scores.METHODS["true decision"](scene)
    assert chosen is scene.decision
    assert_array_equal(fused[48, 60], scene.stack[0][48, 60])
    fused, chosen = boundary_scores.METHODS["compact, blended"](scene)
    assert chosen is None
    assert_array_equal(fused, boundary_fusion(scene.stack, blend="pyramid"))


def test_a_scene_is_scored_by_all_methods(scene, monkeypatch):
    monkeypatch.setitem(boundary_scores.SCENES, "disc", lambda: scene)
    monkeypatch.setattr(boundary_scores, "boundary_decision", lambda stack, **options: 1 - scene.decision)
    told = boundary_scores.of_scene("disc")
    assert list(told) == list(boundary_scores.METHODS)
    assert told["true decision"]["wrong"] == 0 and told["best pick"]["wrong"] > 0
    assert told["resnet56"]["wrong"] == told["compact, initial"]["wrong"] == 1
    best = told["best pick"]["psnr_db"]
    assert best == max(row["psnr_db"] for row in told.values() if "wrong" in row)
    assert [name for name, row in told.items() if "wrong" not in row] == [
        *("Laplacian pyramid", "focus stacking", "compact, blended")
    ]


ROWS = {
    "guided": {"wrong_within_5_px": 0.3, "psnr_db": 30},
    "guided, base weights": {"wrong_within_5_px": 0.2, "psnr_db": 30},
    "compact, initial": {"wrong_within_5_px": 0.15, "psnr_db": 31.0},
    "compact": {"wrong_within_5_px": 0.1, "psnr_db": 31.5},
    "compact, blended": {"psnr_db": 33.0},
    "Laplacian pyramid": {"psnr_db": 32.25},
}


def test_ours_is_compared_with_the_better_decision_of_guided_fusion():
    assert boundary_scores.compared(ROWS) == {
        "near_errors_to_guided": 0.5,
        "near_errors_to_initial": 0.667,
        "copied_db_above_pyramid": -0.75,
        "blended_db_above_pyramid": 0.75,
    }


def test_truth_tells_of_all_scenes(monkeypatch):
    monkeypatch.setattr(boundary_scores, "of_scene", lambda name: ROWS)
    told = boundary_scores.truth(1)
    assert list(told["scenes"]) == list(told["compared"]) == list(boundary_scores.SCENES)
    assert told["compared"]["built-in/thin"] == boundary_scores.compared(ROWS)


# --- jobs ------------------------------------------------------------------------------------------------------------


def test_outcomes_are_in_order():
    assert list(boundary_scores.each(len, ["ccc", "a", "bb"], 2).items()) == [("ccc", 3), ("a", 1), ("bb", 2)]


def test_what_fails_is_no_outcome():
    with pytest.raises(TypeError, match="has no len"):
        boundary_scores.each(len, ["a", 3], 1)


# --- the pairs of the paper ------------------------------------------------------------------------------------------


def test_scores_go_from_pairs_to_rows():
    pairs = {"a": {"x": {"Q_MI": 1, "Q_Y": 2}, "y": {"Q_MI": 3, "Q_Y": 4}}, "b": {"x": {"Q_MI": 5, "Q_Y": 6}}}
    pairs["b"]["y"] = {"Q_MI": 7, "Q_Y": 8}
    assert boundary_scores.by_row(pairs) == {
        "x": {"Q_MI": [1, 5], "Q_Y": [2, 6]},
        "y": {"Q_MI": [3, 7], "Q_Y": [4, 8]},
    }


def test_averages_over_all_pairs_and_parts_of_them():
    names = [*LYTRO, "classic/clock", "classic/book", "classic/lab", "classic/flower"]
    told = boundary_scores.averages({"Q_MI": [1.0] * 20 + [1.24, 1.48, 1.24, 1.22]}, names)
    assert told == {
        "24 pairs": {"Q_MI": pytest.approx(1 + 1.18 / 24, abs=6e-6)},
        "23 pairs": {"Q_MI": pytest.approx(1 + 0.7 / 23, abs=6e-6)},
        "20 Lytro pairs": {"Q_MI": 1.0},
    }


def test_wins_over_each_and_over_all():
    published = {"one": [0.1, 0.5, 0.3], "other": [0.4, 0.2, 0.3]}
    assert boundary_scores.wins([0.2, 0.6, 0.3], published) == {"one": 2, "other": 1, "all 2": 1}


def test_the_best_published_average():
    assert boundary_scores.best_of({"one": [0.1, 0.5], "other": [0.4, 0.3]}) == {"method": "other", "average": 0.35}


def test_published_scores_are_those_of_18_methods():
    for metric, best in (("Q_MI", "srcf"), ("Q_G_2003", "srcf"), ("Q_Y", "srcf"), ("Q_CB", "gfdf")):
        found = boundary_scores.quoted(metric)
        assert len(found) == 18 and all(len(scores) == len(LYTRO) for scores in found.values())
        assert boundary_scores.best_of(found)["method"] == best


def test_a_pair_is_scored_by_all_methods(scene, monkeypatch):
    asked = []
    monkeypatch.setattr(boundary_scores, "load", lambda name: asked.append(name) or scene.stack)
    papers = {"resnet56": {}, "resnet56, initial": {"refine": False}}
    for row, options in papers.items():
        assert boundary_scores.FUSE[row].keywords == {"network": "resnet56"} | options
        monkeypatch.setitem(boundary_scores.FUSE, row, lambda stack: stack[0])  # in less time
    told = boundary_scores.of_pair("lytro/01")
    assert asked == ["lytro/01"]
    assert list(told) == ["guided", "compact, initial", "compact", "resnet56, initial", "resnet56"]
    assert METRICS == ("Q_MI", "Q_G_2003", "Q_Y", "Q_CB")
    assert all(list(scores) == list(METRICS) for scores in told.values())
    scorers = boundary_scores.scorers_for(METRICS, scene.stack)
    assert told["compact, initial"] == boundary_scores.scores_of(boundary_fusion(scene.stack, refine=False), scorers)
    assert told["resnet56"] == boundary_scores.scores_of(scene.stack.pixels(0), scorers)
    assert told["guided"] == boundary_scores.scores_of(eight_bits(guided_fusion(scene.stack)), scorers)


def test_a_score_that_is_not_defined_is_no_result(scene):
    with pytest.raises(ValueError, match="undefined scores: .*Q_MI"):
        boundary_scores.scores_of(np.full((96, 128), 0.5), boundary_scores.scorers_for(("Q_MI",), scene.stack))


def test_the_pairs_of_the_paper(monkeypatch):
    """Wins are counted on the Lytro pairs alone; the other four score higher than anybody."""

    def of_pair(name):
        return {"compact": dict.fromkeys(METRICS, 0.0 if name in LYTRO else 9.0)}

    monkeypatch.setattr(boundary_scores, "missing_sets", lambda contest: [])
    monkeypatch.setattr(boundary_scores, "of_pair", of_pair)
    told = boundary_scores.paper(1)
    assert list(told["sets"]) == list(CONTESTS["paper"].sets)
    assert told["scores"]["compact"]["Q_Y"] == [0.0] * 20 + [9.0] * 4
    assert told["averages"]["compact"]["24 pairs"]["Q_Y"] == 1.5
    for metric in METRICS:
        assert set(told["wins"]["compact"][metric].values()) == {0} and len(told["wins"]["compact"][metric]) == 19
    assert told["best_published"]["Q_CB"] == {"method": "gfdf", "average": pytest.approx(0.8114, abs=6e-5)}


def test_without_the_pairs_there_is_a_sentence(monkeypatch):
    monkeypatch.setattr(boundary_scores, "missing_sets", lambda contest: list(contest.sets))
    told = boundary_scores.paper(1)
    assert told.startswith("not at hand: lytro/01, lytro/02, lytro/03, ...") and "FUSION_DATA" in told


def test_scores_of_a_part_are_printed(monkeypatch, capsys):
    monkeypatch.setitem(boundary_scores.PARTS, "paper", lambda jobs: {"in": jobs})
    boundary_scores.main(["paper", "--jobs", "3"])
    assert json.loads(capsys.readouterr().out) == {"in": 3}


# --- variants --------------------------------------------------------------------------------------------------------


def test_a_variant_replaces_a_part_for_a_while(scene):
    usual = fuse.boundary_decision(scene.stack, refine=False)
    leaning = boundary_variants.Variant({"refine": False}, {"first_network": lambda name: Leaning(40)})
    chosen = boundary_variants.decided(scene.stack, leaning)
    assert_array_equal(chosen, np.broadcast_to(np.arange(128) >= 40, (96, 128)))
    assert_array_equal(fuse.boundary_decision(scene.stack, refine=False), usual)
    assert_array_equal(boundary_variants.decided(scene.stack, boundary_variants.VARIANTS["compact, initial"]), usual)


def test_variants_are_what_they_are_called(scene, monkeypatch):
    asked = []

    def decide(stack, **options):
        near = score.near_boundary(np.repeat([[0.0, 1.0]], 100, axis=1).repeat(40, axis=0))
        asked.append(options | {"reach": int(near[20].sum())})
        return scene.decision

    monkeypatch.setattr(fuse, "boundary_decision", decide)
    for name, variant in boundary_variants.VARIANTS.items():
        boundary_variants.decided(scene.stack, variant)
        told = asked.pop()
        assert (told.get("smallest") == 0) == ("kept" in name)
        assert (told.get("refine") is False) == ("initial" in name)
        assert (told.get("network") == "resnet56") == name.startswith("resnet56")
        window = int(name.split()[-2]) if name.endswith("px") else 32
        assert told["reach"] == pytest.approx(0.8 * window, abs=1.1)  # of a step, where the mean is 0.1 to 0.9
    assert {"compact, window of 16 px", "compact, window of 64 px"} < set(boundary_variants.VARIANTS)


def test_a_network_of_another_training_decides_and_blends(scene, tmp_path):
    """Weights that are shipped, as a file of one's own, give what is shipped; others do not."""
    path = tmp_path / "compact-paper.safetensors"
    path.write_bytes((networks.FOLDER / "compact.safetensors").read_bytes())
    variant = boundary_variants.trained_otherwise(path)
    assert_array_equal(
        boundary_variants.decided(scene.stack, variant), fuse.boundary_decision(scene.stack, refine=False)
    )
    blended = boundary_variants.blended(scene.stack, variant)
    assert_array_equal(blended, boundary_fusion(scene.stack, refine=False, blend="pyramid"))
    others = {layer: -weight for layer, weight in networks.read_weights("compact").items()}
    save_file(others, path)
    variant = boundary_variants.trained_otherwise(path)
    network = networks.CompactNetwork(others)
    expected = boundary_variants.Variant({"refine": False}, {"first_network": lambda name: network})
    for make in (boundary_variants.decided, boundary_variants.blended):
        assert_array_equal(make(scene.stack, variant), make(scene.stack, expected))
    assert np.abs(boundary_variants.blended(scene.stack, variant) - blended).max() > 0.01


def test_trained_networks_take_part_only_with_their_folder(tmp_path):
    assert boundary_variants.variants() == boundary_variants.VARIANTS
    with pytest.raises(ValueError, match="compact-paper.safetensors: no such file; the folder must hold .*physical"):
        boundary_variants.variants(tmp_path)
    for file in boundary_variants.TRAINED.values():
        (tmp_path / file).write_bytes((networks.FOLDER / "compact.safetensors").read_bytes())
    assert set(boundary_variants.variants(tmp_path)) - set(boundary_variants.VARIANTS) == set(boundary_variants.TRAINED)


def test_figures_of_a_variant(scene):
    leaning = boundary_variants.Variant({"network": "resnet56", "refine": False, "smallest": 0})
    leaning.parts["first_network"] = lambda name: Leaning(128)  # the first frame everywhere
    told = boundary_variants.figures(scene, leaning)
    assert told["wrong"] == pytest.approx(scene.decision.mean(), abs=6e-6)
    assert told["copied_db"] == pytest.approx(psnr(scene.stack[0], eight_bits(scene.sharp)), abs=6e-3)
    assert "blended_db" not in told
    leaning.parts.clear()
    compact = boundary_variants.figures(scene, boundary_variants.VARIANTS["compact"])
    fused = boundary_fusion(scene.stack, blend="pyramid")
    assert compact["blended_db"] == pytest.approx(psnr(eight_bits(fused), eight_bits(scene.sharp)), abs=6e-3)


def test_of_a_longer_series_two_frames_are_scored(scene, monkeypatch):
    seen = []
    three = open_stack([*map(scene.stack.pixels, range(2)), scene.stack.pixels(0)])
    monkeypatch.setattr(boundary_variants, "load", lambda name: three)
    monkeypatch.setattr(
        boundary_variants, "decided", lambda stack, variant: seen.append(len(stack)) or np.zeros((96, 128), int)
    )
    told = boundary_variants.of_pair("classic/toy")
    assert seen == [2] * len(boundary_variants.VARIANTS) and set(told) == set(boundary_variants.VARIANTS)
    scorers = boundary_scores.scorers_for(METRICS, scene.stack)
    assert told["compact"] == boundary_scores.scores_of(scene.stack[0], scorers)


def test_averages_of_variants():
    found = {"a": {"x": {"wrong": 0.1}, "y": {"wrong": 0.2}}, "b": {"x": {"wrong": 0.3}, "y": {"wrong": 0.6}}}
    assert boundary_variants.averaged(found) == {"x": {"wrong": 0.2}, "y": {"wrong": 0.4}}


def test_variants_are_averaged_over_scenes_as_a_lens_sees_them(monkeypatch, tmp_path):
    def of_scene(name, folder):
        assert folder == tmp_path
        return {"compact": {"wrong": 0.9 if name == boundary_scores.NAIVE else 0.1}}

    monkeypatch.setattr(boundary_variants, "of_scene", of_scene)
    monkeypatch.setattr(boundary_variants, "of_pair", lambda name, folder: {"compact": {"Q_MI": 1.0}})
    monkeypatch.setattr(boundary_variants, "is_at_hand", lambda name: True)
    told = boundary_variants.compared(tmp_path, 1)
    assert told["rows"] == {"compact": {"wrong": 0.1, "Q_MI": 1.0}}
    assert told["scenes"][boundary_scores.NAIVE] == {"compact": {"wrong": 0.9}}
    assert len(told["pairs"]) == 5 and not set(told["pairs"]) & set(CONTESTS["paper"].sets)
    monkeypatch.setattr(boundary_variants, "is_at_hand", lambda name: name != "classic/toy")
    told = boundary_variants.compared(tmp_path, 1)
    assert told["rows"] == {"compact": {"wrong": 0.1}} and told["pairs"].startswith("not at hand: classic/toy;")


def test_figures_of_variants_are_printed(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(boundary_variants, "compared", lambda folder, jobs: [str(folder), jobs])
    boundary_variants.main(["--trained", str(tmp_path), "--jobs", "1"])
    assert json.loads(capsys.readouterr().out) == [str(tmp_path), 1]


# --- patches ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def gray(scene):
    return [frame[..., 1] for frame in scene.stack]


def test_differences_are_those_of_scores_and_decisions():
    patches = np.float32([-1, 1, np.log(3), 0.1])
    told = boundary_patches.differences(np.float32([-1, 1, 0, -0.1]), patches)
    apart = 0.25, 2 * (1 / (1 + np.exp(-0.1)) - 0.5)
    assert told["largest_difference"] == 0.25
    assert told["mean_difference"] == pytest.approx(sum(apart) / 4, abs=6e-6)
    assert told["decisions_differ"] == 0.5  # 0 is no decision for the first frame


def test_patches_are_reckoned_for_all_pixels(gray, monkeypatch):
    asked = []

    def timed(function, *arguments, **options):
        asked.append(arguments[2])
        return function(*arguments, **options), 3.0

    network = SimpleNamespace(
        stride=4, tile=1024, halo=0, details=None, compare=lambda own, rival: Comparison(own - rival)
    )
    monkeypatch.setattr(boundary_patches, "timed", timed)
    monkeypatch.setattr(
        boundary_patches, "Resnet56Network", lambda parameters, **options: asked.append(options) or network
    )
    monkeypatch.setattr(
        boundary_patches, "compare_patches", lambda own, rival, pixels, parameters: (own - rival)[tuple(pixels.T)]
    )
    told = boundary_patches.compared(*gray, count=40)
    assert told["patches"] == {"cpu_s": round(3 / 40 * 96 * 128, 1)} and told["pixels"] == 40
    same = {"cpu_s": 3.0, "mean_difference": 0, "largest_difference": 0, "decisions_differ": 0}
    assert told["stride_4"] == told["dense"] == same
    pixels, first, _, second, _ = asked
    assert pixels.shape == (40, 2) and (first, second) == ({}, {"dense": True})
    assert pixels[:, 0].max() < 96 <= pixels[:, 1].max() < 128 and len(np.unique(pixels, axis=0)) > 35


def test_cpu_seconds_are_those_of_the_call():
    found, spent = boundary_patches.timed(lambda x, y: sum(i * i for i in range(10**6)) * 0 + x + y, 2, y=3)
    assert found == 5 and 0 < spent < 5


# --- frames and programs ---------------------------------------------------------------------------------------------


def test_the_small_pair_has_the_size_of_lytro_pictures(tmp_path):
    small_pair.main(tmp_path)
    stack = open_stack(sorted(tmp_path.iterdir()))
    assert stack.shape == (2, 520, 520, 3) and stack.bit_depth == 8
    assert np.abs(stack[0] - stack[1]).mean() > 0.005


def test_commands(files, tmp_path):
    commands = {name: boundary.fuse(name, files, tmp_path / "out.png")[3:] for name in boundary.PROGRAMS}
    common = [*files, "-o", tmp_path / "out.png", "--force", "--quiet"]
    assert commands["compact"] == ["boundary", *common]
    assert commands["compact, initial"] == ["boundary", *common, "--no-refine"]
    assert commands["resnet56"] == ["boundary", *common, "--network", "resnet56"]
    assert commands["guided"] == ["guided", *common]
    assert commands["stack"] == ["stack", *common, "--align", "none"]


@pytest.mark.parametrize("name", boundary.PROGRAMS)
def test_every_program_fuses(name, files, tmp_path):
    command = boundary.fuse(name, files, tmp_path / "out.png")
    subprocess.run([str(part) for part in command], cwd=ROOT, check=True)
    assert open_stack([tmp_path / "out.png"]).shape == (1, 96, 128, 3)


def test_frames_are_made_by_modules(tmp_path, monkeypatch):
    asked = []

    def run(command, check):
        asked.append(command)
        for name in ("frame1.jpg", "frame0.jpg", "_truth.png"):
            (tmp_path / "new" / name).touch()

    monkeypatch.setattr(subprocess, "run", run)
    found = boundary.pair(tmp_path / "new", "frames", "2")
    assert [path.name for path in found] == ["frame0.jpg", "frame1.jpg"]
    assert asked == [[sys.executable, "-m", "benchmarks.frames", str(tmp_path / "new"), "2"]]


def test_programs_run_in_turn_after_one_that_does_not_count(files, monkeypatch):
    ran = []
    monkeypatch.setattr(boundary, "measure", ran.append)
    monkeypatch.setattr(boundary, "in_turn", lambda commands, repeats: (commands, repeats))
    commands, repeats = boundary.all_programs(["guided", "stack"], files, 4)
    assert list(commands) == ["guided", "stack"] and repeats == 4
    assert ran == [commands["guided"]]
    assert all(path.suffix == ".png" for path in commands["stack"][4:8] if isinstance(path, Path))


def test_the_slow_program_does_not_run_on_large_frames(monkeypatch):
    made, ran = [], []
    monkeypatch.setattr(boundary, "pair", lambda folder, *maker: made.append(maker) or folder.name)
    monkeypatch.setattr(
        boundary,
        "all_programs",
        lambda names, frames, repeats: ran.append((names, frames, repeats)) or dict.fromkeys(names, RUN),
    )
    told = boundary.speed(SimpleNamespace(repeats=2))
    assert made == [("small_pair",), ("frames", "2")]
    assert [(frames, repeats) for _, frames, repeats in ran] == [("small", 2), ("large", 2)]
    assert set(told["pair_520x520"]) - set(told["pair_12_megapixels"]) == {"resnet56"}
    assert len(told["pair_520x520"]) == 6


# --- the command -----------------------------------------------------------------------------------------------------


def test_parts_are_asked_of_modules(monkeypatch):
    asked = []
    monkeypatch.setattr(boundary, "printed_by", lambda command: asked.append(command[2:]) or {})
    args = boundary.parse(["--jobs", "1", "--ablation", "kept"])
    assert args.parts == list(boundary.PARTS)
    for part in ("truth", "paper", "dense", "ablation"):
        boundary.PARTS[part](args)
    assert asked == [
        ["benchmarks.boundary_scores", "truth", "--jobs", 1],
        ["benchmarks.boundary_scores", "paper", "--jobs", 1],
        ["benchmarks.boundary_patches"],
        ["benchmarks.boundary_variants", "--jobs", 1, "--trained", Path("kept")],
    ]


def test_a_folder_of_networks_is_taken_from_the_environment(monkeypatch):
    monkeypatch.delenv(boundary.VARIABLE, raising=False)
    assert boundary.parse([]).ablation is None
    monkeypatch.setenv(boundary.VARIABLE, "there")
    assert boundary.parse([]).ablation == Path("there")
    assert boundary.parse(["--ablation", "here"]).ablation == Path("here")


def test_an_unknown_part_is_refused(capsys):
    with pytest.raises(SystemExit):
        boundary.main(["truth", "paint"])
    assert "there is no part paint; there are truth, paper, dense, ablation, speed" in capsys.readouterr().err


def test_nothing_is_saved_without_the_networks_of_the_ablation(monkeypatch, capsys):
    monkeypatch.delenv(boundary.VARIABLE, raising=False)
    with pytest.raises(SystemExit):
        boundary.parse(["ablation", "--save"])
    assert "name a folder by --ablation or BOUNDARY_ABLATION" in capsys.readouterr().err
    assert boundary.parse(["truth", "--save"]).save
    assert boundary.parse(["ablation", "--save", "--ablation", "here"]).save


def test_parts_run_alone_and_are_saved(monkeypatch, tmp_path, capsys):
    """What was found before stays; a sentence takes the place of no numbers."""
    monkeypatch.setattr(boundary, "RESULTS", tmp_path / "boundary.json")
    boundary.RESULTS.write_text(json.dumps({"experiments": [{"design": "U"}], "paper": {"scores": 1}}))
    monkeypatch.setitem(boundary.PARTS, "dense", lambda args: {"pixels": args.repeats})
    monkeypatch.setitem(boundary.PARTS, "paper", lambda args: "not at hand")
    boundary.main(["dense"])
    assert "dense" not in json.loads(boundary.RESULTS.read_text())
    assert json.loads(capsys.readouterr().out)["dense"]["pixels"] == 3
    boundary.main(["dense", "paper", "--repeats", "5", "--save"])
    saved = json.loads(boundary.RESULTS.read_text())
    assert saved["experiments"] == [{"design": "U"}] and saved["paper"] == {"scores": 1}
    assert saved["dense"]["pixels"] == 5 and "processor" in saved["dense"]["machine"]


# --- the leaderboard -------------------------------------------------------------------------------------------------


def test_networks_take_part_where_focus_differs_and_not_where_exposure_does():
    assert set(FOR_FOCUS) == {f"boundary-aware, {how}" for how in ("compact", "blended")}
    for contest in CONTESTS.values():
        assert bool(FOR_FOCUS.keys() & methods_of(contest).keys()) != contest.brackets
        assert {"guided", "Laplacian pyramid"} <= methods_of(contest).keys()


def test_rows_of_ours_are_called_as_no_quoted_one():
    for path in QUOTED.glob("*.json"):
        quoted = json.loads(path.read_text(encoding="utf-8"))
        assert not set(METHODS) & {*quoted.get("rows", {}), *quoted.get("averages", {})}


def test_rows_are_fused_as_they_are_called():
    assert METHODS["boundary-aware, compact"] is boundary_fusion
    method = METHODS["boundary-aware, blended"]
    assert method.func is boundary_fusion and method.keywords == {"blend": "pyramid"}
