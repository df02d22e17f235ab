"""Scores of a row on a set: right, and computed once for each state of what they depend on."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from benchmarks.leaderboard import cells, contests, rows
from benchmarks.leaderboard.cells import Cell
from benchmarks.leaderboard.contests import CONTESTS
from data import to_float
from fusion.metrics import METRICS, psnr
from fusion.metrics.door import eight_bits

GUIDED = Cell("tiny", "lossless", "guided", "ours", "left")


def change(monkeypatch, **changes):
    monkeypatch.setitem(CONTESTS, "tiny", CONTESTS["tiny"]._replace(**changes))


@pytest.fixture
def published(tiny, tmp_path, monkeypatch):
    """One published result of each tiny scene, as a path: PNG, or JPEG by its name."""
    pixels = {name: eight_bits(scene.truth) for name, scene in tiny.items()}

    def make(ending, **options):
        for name in pixels:
            Image.fromarray(pixels[name]).save(tmp_path / f"{name}-theirs{ending}", **options)
        of_set = lambda contest, name: {"theirs": tmp_path / f"{name}-theirs{ending}"}  # noqa: E731
        monkeypatch.setattr(cells, "published_pictures", of_set)
        return tmp_path / f"left-theirs{ending}"

    return make


# --- scores ----------------------------------------------------------------------------------------------------------


def test_scores_of_a_method(tiny):
    fused = eight_bits(rows.METHODS["guided"](tiny["left"].stack))
    (found,) = cells.scores_of(GUIDED)
    assert found["row"] == "guided" and found["reasons"] == {}
    assert found["scores"]["PSNR"] == pytest.approx(psnr(fused, tiny["left"].truth), rel=1e-9)
    assert found["scores"]["Q_MI"] == pytest.approx(METRICS["Q_MI"](tiny["left"].stack, fused), rel=1e-9)
    assert found["scores"]["PSNR"] > cells.scores_of(GUIDED._replace(row="mean", kind="control"))[0]["scores"]["PSNR"]


def test_scores_are_of_eight_bits(tiny, monkeypatch):
    monkeypatch.setitem(rows.METHODS, "guided", lambda stack: np.clip(tiny["left"].truth + 0.3 / 255, 0, 1))
    monkeypatch.setitem(rows.METHODS, "offset", lambda stack: np.clip(tiny["left"].truth - 1 / 255, 0, 1))
    assert cells.compute(GUIDED)[0]["scores"]["PSNR"] == math.inf
    assert cells.compute(GUIDED._replace(row="offset"))[0]["scores"]["PSNR"] == pytest.approx(48.13, abs=0.05)


def test_what_is_no_number_is_none_with_a_reason(tiny, monkeypatch):
    monkeypatch.setitem(rows.METHODS, "guided", lambda stack: np.full(stack.shape[1:], 0.5, np.float32))
    (found,) = cells.scores_of(GUIDED)
    assert found["scores"]["Q_MI"] is None and "one gray level" in found["reasons"]["Q_MI"]
    assert found["scores"]["PSNR"] > 5
    monkeypatch.setitem(rows.METHODS, "exact", lambda stack: tiny["left"].truth)
    (found,) = cells.scores_of(GUIDED._replace(row="exact"))
    assert found["scores"]["PSNR"] is None and found["reasons"] == {"PSNR": "is inf"}


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        (lambda truth: truth * 255, r"what guided returns has values in \[0, 255\]"),
        (lambda truth: np.full_like(truth, np.nan), "what guided returns has values in .nan, nan."),
        (lambda truth: truth[:-1], "what guided returns is 64 x 63 pixels, but the frames are 64 x 64"),
        (lambda truth: None, "what guided returns has shape"),
    ],
)
def test_a_result_that_is_no_picture_of_this_scene_is_refused(tiny, monkeypatch, returned, told):
    truth = np.clip(tiny["left"].truth, 0, 1)
    truth = (truth - truth.min()) / np.ptp(truth)
    monkeypatch.setitem(rows.METHODS, "guided", lambda stack: returned(truth))
    with pytest.raises(ValueError, match=told):
        cells.scores_of(GUIDED)
    assert not (cells.CACHE).exists()


def test_a_cell_that_failed_has_no_scores():
    assert cells.failed(GUIDED, TypeError("no")) == [
        {"row": "guided", "scores": {}, "reasons": {"every metric": "TypeError: no"}}
    ]


# --- sources ---------------------------------------------------------------------------------------------------------


def test_best_and_average_of_the_sources_by_hand():
    scored = [
        {"row": "source 1", "scores": {"Q_MI": 1.0, "Q_CV": 30.0}, "reasons": {}},
        {"row": "source 2", "scores": {"Q_MI": 4.0, "Q_CV": 20.0}, "reasons": {}},
        {"row": "source 3", "scores": {"Q_MI": 1.0, "Q_CV": 70.0}, "reasons": {}},
    ]
    best, average = cells._of_sources(scored)
    assert (best["row"], best["scores"]) == ("one source, the best", {"Q_MI": 4, "Q_CV": 20})
    assert (average["row"], average["scores"]) == ("one source, on average", {"Q_MI": 2, "Q_CV": 40})


def test_one_source_without_a_score_leaves_none_for_all():
    scored = [
        {"row": "source 1", "scores": {"Q_MI": math.nan}, "reasons": {"Q_MI": "flat"}},
        {"row": "source 2", "scores": {"Q_MI": 4.0}, "reasons": {}},
    ]
    for row in map(cells._for_json, cells._of_sources(scored)):
        assert row["scores"] == {"Q_MI": None} and row["reasons"] == {"Q_MI": "flat"}


def test_of_pairs_each_source_is_a_row(tiny, monkeypatch):
    each = Cell("tiny", "lossless", rows.EACH_SOURCE, "control", "left")
    assert [row["row"] for row in cells.compute(each)] == ["one source, the best", "one source, on average"]
    change(monkeypatch, pairs=True)
    first, second = cells.compute(each)
    assert (first["row"], second["row"]) == ("source A", "source B")
    assert first["scores"]["PSNR"] == pytest.approx(psnr(tiny["left"].stack[0], tiny["left"].truth))
    assert second["scores"]["PSNR"] == pytest.approx(psnr(tiny["left"].stack[1], tiny["left"].truth))


# --- storage ---------------------------------------------------------------------------------------------------------


def test_every_row_is_a_cell_of_each_set(tiny):
    found = list(cells.cells_of("tiny"))
    for name in ("left", "right"):
        listed = [cell.row for cell in found if cell.set_name == name]
        assert listed == [*rows.METHODS, *rows.CONTROLS, rows.EACH_SOURCE]
    assert {cell.kind for cell in found if cell.row in rows.CONTROLS or cell.row == rows.EACH_SOURCE} == {"control"}
    assert {cell.kind for cell in found if cell.row in rows.METHODS} == {"ours"}


@pytest.mark.parametrize(("ending", "section"), [(".png", "lossless"), (".jpg", "JPEG"), (".JPEG", "JPEG")])
def test_a_published_result_is_in_the_section_of_its_storage(published, monkeypatch, ending, section):
    path = published(ending)
    change(monkeypatch, storage=("lossless", "JPEG"))
    found = [cell for cell in cells.cells_of("tiny") if cell.kind == "published" and cell.set_name == "left"]
    assert found == [Cell("tiny", section, "theirs", "published", "left", str(path))]
    ours = {cell.storage for cell in cells.cells_of("tiny") if cell.row == "guided"}
    assert ours == {"lossless", "JPEG"}


def test_beside_results_in_jpeg_everything_is_stored_so(tiny, published, monkeypatch):
    path = published(".jpg", quality=30)
    change(monkeypatch, storage=("lossless", "JPEG"))
    monkeypatch.setitem(rows.METHODS, "guided", lambda stack: tiny["left"].truth)
    (theirs,) = cells.scores_of(Cell("tiny", "JPEG", "theirs", "published", "left", str(path)))
    (ours,) = cells.scores_of(GUIDED._replace(storage="JPEG"))
    assert ours["scores"] == theirs["scores"]
    assert cells.compute(GUIDED)[0]["scores"]["PSNR"] == math.inf
    mean = Cell("tiny", "JPEG", "mean", "control", "left")
    assert cells.scores_of(mean)[0]["scores"] != cells.scores_of(mean._replace(storage="lossless"))[0]["scores"]


def test_a_published_result_is_scored_as_its_file_holds_it(tiny, published, monkeypatch):
    path = published(".jpg", quality=30)
    change(monkeypatch, storage=("JPEG",))
    (theirs,) = cells.compute(Cell("tiny", "JPEG", "theirs", "published", "left", str(path)))
    assert theirs["scores"]["PSNR"] == psnr(rows.picture(path), tiny["left"].truth)


# --- the cache -------------------------------------------------------------------------------------------------------


@pytest.fixture
def computed(monkeypatch):
    """Count the cells that are computed."""
    count, compute = [], cells.compute
    monkeypatch.setattr(cells, "compute", lambda cell: count.append(cell) or compute(cell))
    return count


def test_a_second_call_computes_nothing(tiny, computed):
    assert cells.scores_of(GUIDED) == cells.scores_of(GUIDED)
    assert computed == [GUIDED]
    cells.scores_of(GUIDED._replace(set_name="right"))
    cells.scores_of(GUIDED._replace(row="decision map, unrefined"))
    assert len(computed) == 3


def test_one_that_fails_is_tried_again(tiny, computed, monkeypatch):
    def blunder(stack):
        raise RuntimeError("no")

    monkeypatch.setitem(rows.METHODS, "guided", blunder)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            cells.scores_of(GUIDED)
    assert len(computed) == 2


def test_other_code_is_computed_again(tiny, computed, monkeypatch):
    cells.scores_of(GUIDED)
    monkeypatch.setattr(cells, "state_of", lambda places: "other")
    cells.scores_of(GUIDED)
    assert len(computed) == 2


def test_other_metrics_are_computed_again(tiny, computed, monkeypatch):
    cells.scores_of(GUIDED)
    change(monkeypatch, metrics=("PSNR", "Q_G"))
    assert set(cells.scores_of(GUIDED)[0]["scores"]) == {"PSNR", "Q_G"}


def test_a_method_of_ones_own_is_computed_again_when_its_file_changes(tiny, computed, tmp_path):
    path = tmp_path / "mine.py"
    cell = Cell("tiny", "lossless", "mine.py", "ours", "left", str(path))
    scores = []
    for index in (0, 1, 1):
        path.write_text(f"def fuse(stack):\n    return stack[{index}]\n")
        scores.append(cells.scores_of(cell)[0]["scores"]["PSNR"])
    assert scores[0] != scores[1] == scores[2]
    assert len(computed) == 2


def test_a_published_picture_that_changes_is_scored_again(tiny, published, computed):
    path = published(".png")
    cell = Cell("tiny", "lossless", "theirs", "published", "left", str(path))
    cells.scores_of(cell)
    Image.fromarray(tiny["left"].stack.pixels(0)).save(path)
    cells.scores_of(cell)
    assert len(computed) == 2


def test_results_stored_like_others_are_computed_again_when_those_change(tiny, published, computed, monkeypatch):
    change(monkeypatch, storage=("JPEG",))
    for quality in (30, 30, 60):
        published(".jpg", quality=quality)
        cells.scores_of(GUIDED._replace(storage="JPEG"))
    assert len(computed) == 2


def test_sources_that_change_are_scored_again(monkeypatch, tmp_path):
    frames = [tmp_path / "a.jpg", tmp_path / "b.jpg"]
    monkeypatch.setattr(cells.datasets, "find", lambda name: frames)
    keys = []
    for content in (b"1", b"2"):
        for path in frames:
            path.write_bytes(content)
        keys.append(cells.key_of(Cell("paper", "lossless", "guided", "ours", "lytro/01")))
    assert keys[0] != keys[1]


@pytest.fixture
def tree(monkeypatch, tmp_path):
    """A copy of the code that scores depend on, as a tree that may be changed."""
    root = tmp_path / "tree"
    for place in {*cells.SCORING, *cells.FUSING}:
        for path in [cells.ROOT / place, *(cells.ROOT / place).rglob("*.py")]:
            if path.is_file():
                copy = root / path.relative_to(cells.ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes())
    monkeypatch.setattr(cells, "ROOT", root)
    cells.state_of.cache_clear()
    yield root
    cells.state_of.cache_clear()


def key_after_change(cell, tree, place):
    with open(tree / place, "a") as file:
        file.write("# changed\n")
    cells.state_of.cache_clear()
    return cells.key_of(cell)


@pytest.mark.parametrize(
    ("place", "fusing", "scoring"),
    [
        ("fusion/guided.py", True, False),
        ("fusion/controls.py", True, False),
        ("recalage/chain.py", True, False),
        ("benchmarks/leaderboard/rows.py", True, False),
        ("benchmarks/leaderboard/contests.py", True, False),
        ("fusion/metrics/gradient.py", True, True),
        ("fusion/evaluation.py", True, True),
        ("data/stack.py", True, True),
    ],
)
def test_published_scores_depend_on_no_method(tiny, published, tree, place, fusing, scoring):
    theirs = Cell("tiny", "lossless", "theirs", "published", "left", str(published(".png")))
    before = cells.key_of(GUIDED), cells.key_of(theirs)
    assert (key_after_change(GUIDED, tree, place) != before[0]) == fusing
    assert (cells.key_of(theirs) != before[1]) == scoring


def test_all_that_a_metric_imports_is_part_of_the_state():
    """What `fusion/metrics` takes from elsewhere in `fusion` is named in SCORING, and what that takes."""
    found, waiting = set(), {"fusion/metrics"}
    while waiting:
        place = waiting.pop()
        found.add(place)
        path = cells.ROOT / place
        for file in path.rglob("*.py") if path.is_dir() else [path]:
            lines = file.read_text(encoding="utf-8").splitlines()
            modules = {line.split()[1] for line in lines if line.startswith(("from fusion", "import fusion"))}
            places = {name.replace(".", "/") for name in modules}
            waiting |= {
                place if (cells.ROOT / place).is_dir() else f"{place}.py"
                for place in places
                if not place.startswith("fusion/metrics")
            } - found
    assert found <= set(cells.SCORING)


def test_the_cache_is_json_with_nothing_half_written(tiny):
    cells.scores_of(GUIDED)
    (path,) = cells.CACHE.iterdir()
    assert json.loads(path.read_text(encoding="utf-8")) == cells.scores_of(GUIDED)


# --- real pictures ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["lytro/03", "lytro/16"])
def test_published_scores_are_as_published(published_scores, real_data, name, monkeypatch):
    metrics = ("Q_MI", "Q_G", "Q_G_2003", "Q_Y", "Q_CB", "Q_NCIE", "SCD", "SF", "EN")
    monkeypatch.setitem(CONTESTS, "lytro", CONTESTS["lytro"]._replace(metrics=metrics, sets=(name,)))
    found = [cell for cell in cells.cells_of("lytro") if cell.kind == "published"]
    assert len(found) == 12 and {cell.storage for cell in found} == {"JPEG"}
    for cell in found:
        (scored,) = cells.compute(cell)
        for metric, score in scored["scores"].items():
            value = published_scores["lytro"][cell.row][metric][int(name[-2:]) - 1]
            assert score == pytest.approx(value, rel=1e-6, abs=1e-6), (cell.row, metric)


def test_frames_are_those_of_the_set(real_data):
    stack = contests.scene_of("lytro/01").stack
    source = eight_bits(to_float(rows.picture(Path(real_data) / "lytro/01/a.jpg")))
    assert_array_equal(eight_bits(stack[0]), source)
