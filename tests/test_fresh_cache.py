"""A page is run again when, and only when, something it depends on has changed."""

import fresh_cache
import pytest


@pytest.fixture
def repository(tmp_path):
    for name in ("imports.py", "requirements.txt", "data/registry.json", "fusion/show/templates/slider.html"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


@pytest.mark.parametrize(
    "name",
    [
        "imports.py",
        "requirements.txt",
        "data/registry.json",
        "fusion/show/templates/slider.html",
        "fusion/new.py",
        "benchmarks/results/a.json",
    ],
)
def test_a_change_of_code_or_data_is_a_new_state(repository, name):
    before = fresh_cache.state_of(repository)
    (repository / name).parent.mkdir(parents=True, exist_ok=True)
    (repository / name).write_text("changed")
    assert fresh_cache.state_of(repository) != before


def test_other_pictures_are_another_state(repository):
    states = {fresh_cache.state_of(repository, pictures=pictures) for pictures in (None, "/lytro", "/petrovic")}
    assert len(states) == 3


@pytest.mark.parametrize(
    "name", ["README.md", "fusion/__pycache__/guided.cpython-311.pyc", "data/.ipynb_checkpoints/a.py", "data/.a.swp"]
)
def test_what_no_page_reads_leaves_the_state_alone(repository, name):
    before = fresh_cache.state_of(repository)
    path = repository / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("changed")
    assert fresh_cache.state_of(repository) == before


def test_a_downloaded_set_is_another_state(tmp_path, monkeypatch):
    monkeypatch.delenv("FUSION_DATA", raising=False)
    monkeypatch.setenv("FUSION_CACHE", str(tmp_path))
    before = fresh_cache.pictures_at_hand()
    (tmp_path / "lytro/01").mkdir(parents=True)
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / "lytro/01" / name).touch()
    assert fresh_cache.pictures_at_hand() != before
    monkeypatch.setenv("FUSION_DATA", str(tmp_path))
    assert fresh_cache.pictures_at_hand()[0] == str(tmp_path)
