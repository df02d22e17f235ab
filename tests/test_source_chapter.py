"""Chapters written against the names of an older library of image fusion run on ours as they are."""

import os
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import numpy as np
import pytest
from numpy.testing import assert_allclose

import fusion
import imports
import recalage

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
CHAPTER = SHARED / "sources" / "guided-filter-chapter.md"


@pytest.fixture(params=["built-in", "real"])
def pictures(request, tmp_path):
    """Environment in which pages find built-in pictures only, or real ones."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("FUSION_")}
    environment |= {"FUSION_CACHE": str(tmp_path / "empty"), "PYTHONPATH": str(ROOT)}
    if request.param == "real":
        if not (SHARED / "data" / "manifest.json").is_file():
            pytest.skip("needs the real pictures beside the project, in ../shared/data")
        environment["FUSION_DATA"] = str(SHARED / "data")
    return environment


@pytest.mark.skipif(not CHAPTER.is_file(), reason="needs the chapter beside the project, in ../shared/sources")
def test_the_chapter_runs_unchanged(pictures, tmp_path):
    page, notebook = tmp_path / "chapter.md", tmp_path / "chapter.ipynb"
    page.write_bytes(CHAPTER.read_bytes())
    command = [sys.executable, "-m", "jupytext", "--to", "ipynb", "--set-kernel", "python3", "--execute", page]
    run = subprocess.run(command, cwd=tmp_path, env=pictures, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-4000:]
    executed = [cell for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code"]
    sources = [cell.source for cell in jupytext.read(CHAPTER, fmt="md:myst").cells if cell.cell_type == "code"]
    assert [cell.source for cell in executed] == sources
    for cell in executed:
        kinds = [sorted(output.get("data", {output.output_type: None})) for output in cell.outputs]
        assert kinds == [["image/png", "text/plain"]] * ("plt.show()" in cell.source), cell.source
    assert sum(len(cell.outputs) for cell in executed) == 9


# --- the names such chapters touch, one by one -----------------------------------------------------------------------


@pytest.fixture
def built_in_only(monkeypatch, tmp_path):
    """Samples that are opened afresh, from the built-in pictures."""
    monkeypatch.delenv("FUSION_DATA", raising=False)
    monkeypatch.setenv("FUSION_CACHE", str(tmp_path))
    monkeypatch.setattr(imports, "_opened", {})


def test_modules_and_functions_are_those_of_the_import_lines():
    from scipy.ndimage import gaussian_filter

    from imports import BASE_DIR, cv2, filters, gaussian, gf, iio, np, plt
    from imports import Path as ImportedPath

    names = [module.__name__ for module in (np, plt, iio, cv2, filters)]
    assert names == ["numpy", "matplotlib.pyplot", "imageio.v3", "cv2", "fusion.filters"]
    assert (gaussian, gf, ImportedPath) == (gaussian_filter, fusion, Path)
    assert (imports.fusion, imports.recalage, imports.data.__name__) == (fusion, recalage, "data")
    assert ROOT == BASE_DIR and (BASE_DIR / "imports.py").is_file()


def test_samples_have_the_frames_that_chapters_label(built_in_only):
    from imports import gray_sample, multi_exposure_sample, multi_focus_sample, ours_sample

    assert [len(sample) for sample in (multi_exposure_sample, multi_focus_sample, gray_sample)] == [3, 2, 2]
    assert len(gray_sample.shape) == 3 and len(ours_sample) > 1


def test_datasets_hold_what_fusion_takes(built_in_only):
    from imports import multi_exposure_dataset, multi_focus_dataset, ours_dataset

    for dataset in (multi_exposure_dataset, multi_focus_dataset, ours_dataset):
        small = [image[:32, :32] for image in dataset[0]]
        assert fusion.gff(small).fusion(r1=5, r2=2).shape == (32, 32, 3)


def test_stages_and_pictures_of_the_chapter(built_in_only):
    from imports import gray_to_rgb, multi_focus_sample, plot_images, plt

    small = [image[:48, :64] for image in multi_focus_sample]
    stages = fusion.gff(small)
    base_layer, detail_layer = zip(*[stages.decompose(im) for im in stages.ims])
    assert_allclose(np.add(base_layer, detail_layer), small, atol=1e-6)
    fused = stages.fusion(r1=20, r2=5)
    drawings = [
        (stages.weights, 2),
        (detail_layer, 2),
        (stages.refined_weights["base"], 2),
        (stages.refined_weights["detail"], 2),
        ((stages.fused["base"], stages.fused["detail"], fused), 3),
        ((gray_to_rgb(stages.weights[0]), fused), 2),
    ]
    for images, count in drawings:
        assert len(plot_images(*images, labels=["image"] * count).axes) == count
    plt.close("all")
