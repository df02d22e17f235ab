"""A dataset of scenes opens each of them by name or by number, and reads nothing before."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from data import DataError, MultiviewDataset, datasets, load, open_stack, save
from data.stack import natural_key


def write(path, value, shape=(4, 5, 3)):
    path.parent.mkdir(parents=True, exist_ok=True)
    save(np.full(shape, value, np.float32), path, force=True)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Three scenes, the first of three frames, the others of two; and what is no scene."""
    for number, scene in enumerate(["view2", "view10", "venice"]):
        for frame in range(1, 4 if scene == "venice" else 3):
            write(tmp_path / scene / f"{frame}.png", (10 * number + frame) / 51)
    write(tmp_path / "_fused" / "1.png", 0)
    write(tmp_path / ".hidden" / "1.png", 0)
    (tmp_path / "notes.txt").write_text("no scene")
    monkeypatch.delenv("FUSION_DATA", raising=False)
    monkeypatch.setenv("FUSION_CACHE", str(tmp_path / "_no-cache"))
    return tmp_path


def first_values(stack):
    return [round(float(frame[0, 0, 0]) * 51) for frame in stack]


def test_scenes_have_names_in_natural_order(folder):
    dataset = MultiviewDataset(folder)
    assert dataset.names == ["venice", "view2", "view10"]
    assert len(dataset) == 3


def test_a_scene_is_opened_by_name_and_by_number(folder):
    dataset = MultiviewDataset(str(folder))
    assert first_values(dataset["view10"]) == [11, 12]
    for number, values in [(0, [21, 22, 23]), (1, [1, 2]), (-1, [11, 12]), (-3, [21, 22, 23]), (np.int64(2), [11, 12])]:
        assert first_values(dataset[number]) == values
    assert [first_values(stack) for stack in dataset[1:]] == [[1, 2], [11, 12]]


def test_it_is_a_sequence_of_stacks(folder):
    dataset = MultiviewDataset(folder)
    assert [len(stack) for stack in dataset] == [3, 2, 2]
    assert [len(stack) for stack in reversed(dataset)] == [2, 2, 3]
    assert "venice" in dataset and "_fused" not in dataset


def test_a_name_that_is_a_number_is_a_name(tmp_path):
    for scene in ("01", "02", "10"):
        write(tmp_path / scene / "a.png", int(scene) / 51)
    dataset = MultiviewDataset(tmp_path)
    assert first_values(dataset["02"]) == [2]
    assert first_values(dataset[2]) == [10]


def test_nothing_is_read_before_it_is_asked_for(folder):
    (folder / "view2" / "1.png").write_bytes(b"broken")
    dataset = MultiviewDataset(folder)
    assert "venice" in repr(dataset) and len(dataset) == 3
    assert len(dataset["venice"]) == 3
    with pytest.raises(DataError, match="1.png: is not a picture"):
        dataset["view2"]


def test_it_says_what_it_is(folder):
    assert repr(MultiviewDataset(folder)) == f"<MultiviewDataset of 3 scenes in {folder}: venice, view2, view10>"
    assert repr(MultiviewDataset(["built-in/coffee"])) == "<MultiviewDataset of 1 scene: built-in/coffee>"


def test_named_sets_take_the_place_of_folders():
    dataset = MultiviewDataset(["built-in/gray", "built-in/coffee"])
    assert dataset.names == ["built-in/gray", "built-in/coffee"]  # in the order given
    for key in (1, "built-in/coffee"):
        assert_allclose(dataset[key][2], load("built-in/coffee")[2])
    with pytest.raises(DataError, match="no data set is called 'lytro/99'"):
        MultiviewDataset(["lytro/99"])[0]


# --- errors ----------------------------------------------------------------------------------------------------------


def test_no_such_folder(tmp_path):
    with pytest.raises(DataError, match="nowhere: no such folder; give a folder with one folder of pictures for each"):
        MultiviewDataset(tmp_path / "nowhere")


def test_a_folder_without_scenes(tmp_path):
    (tmp_path / "_aside").mkdir()
    with pytest.raises(DataError, match="holds no scene"):
        MultiviewDataset(tmp_path)
    write(tmp_path / "1.png", 0)
    with pytest.raises(DataError, match="holds pictures, not folders of pictures; .* data.open_stack"):
        MultiviewDataset(tmp_path)
    (tmp_path / "1.png").rename(tmp_path / "1.PNG")
    with pytest.raises(DataError, match="holds pictures, not folders of pictures"):
        MultiviewDataset(tmp_path)
    with pytest.raises(DataError, match="no scene was given"):
        MultiviewDataset([])


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("venise", "close to it: venice"),
        ("VENICE", "close to it: venice"),
        ("View-10", "close to it: view10"),
        ("lamp", "the first is venice"),
    ],
)
def test_an_unknown_name_comes_with_those_close_to_it(folder, name, told):
    with pytest.raises(DataError, match=f"no scene is called '{name}'; {told}.*`names` lists all 3"):
        MultiviewDataset(folder)[name]


@pytest.mark.parametrize("number", [3, -4])
def test_a_number_out_of_range_comes_with_the_range(folder, number):
    with pytest.raises(DataError, match=f"there is no scene {number}; 3 are here, 0 to 2"):
        MultiviewDataset(folder)[number]


def test_other_keys_are_refused(folder):
    with pytest.raises(TypeError, match=r"by name or by number, not by 1\.5"):
        MultiviewDataset(folder)[1.5]


def test_an_empty_scene_is_named(folder):
    (folder / "attic").mkdir()
    dataset = MultiviewDataset(folder)
    assert dataset.names[0] == "attic"
    with pytest.raises(DataError, match="attic: no picture in this folder"):
        dataset[0]


@pytest.mark.parametrize(("one", "other"), [("2.png", "2.jpg"), ("Dark.png", "dark.png"), ("4.JPG", "4.jpg")])
def test_two_files_for_one_frame_are_refused(folder, one, other):
    write(folder / "venice" / one, 0)
    write(folder / "venice" / other, 0)
    if not {one, other} <= {path.name for path in (folder / "venice").iterdir()}:
        pytest.skip("this file system does not tell upper from lower case")
    with pytest.raises(DataError, match=f"venice: holds ({one}|{other}) and ({one}|{other}); which"):
        MultiviewDataset(folder)["venice"]


def test_a_frame_of_another_size_is_named(folder):
    write(folder / "venice" / "3.png", 0, shape=(4, 6, 3))
    with pytest.raises(DataError, match=r"3\.png is 6 x 4 pixels"):
        MultiviewDataset(folder)["venice"]


# --- registered sets -------------------------------------------------------------------------------------------------


def test_the_order_of_the_registry_is_the_natural_one():
    sets = datasets.registry()["sets"]
    frames = {name: [row[0] for row in sets[name]["frames"]] for name in sets if not sets[name].get("uneven")}
    for name, order in frames.items():
        if not name.startswith("training/"):
            assert order == sorted(order, key=natural_key), name


@pytest.mark.parametrize("variable", ["FUSION_DATA", "FUSION_CACHE"])
def test_a_registered_set_that_is_not_complete_is_not_opened(tmp_path, monkeypatch, variable):
    for name in ("a.jpg", "b.jpg"):
        write(tmp_path / "lytro" / "01" / name, 0.5)
    monkeypatch.delenv("FUSION_DATA", raising=False)
    monkeypatch.setenv("FUSION_CACHE", str(tmp_path / "empty"))
    monkeypatch.setenv(variable, str(tmp_path))
    dataset = MultiviewDataset(tmp_path / "lytro")
    assert len(dataset["01"]) == 2
    (tmp_path / "lytro" / "01" / "b.jpg").unlink()  # as a download that was interrupted leaves it
    with pytest.raises(DataError, match="lytro/01"):
        dataset["01"]


@pytest.mark.parametrize("linked", ["FUSION_DATA", "the dataset"])
def test_a_registered_set_is_one_through_a_link_too(tmp_path, monkeypatch, linked):
    place, link = tmp_path / "place", tmp_path / "link"
    write(place / "lytro" / "01" / "a.jpg", 0.5)  # and no b.jpg
    try:
        link.symlink_to(place, target_is_directory=True)
    except OSError:
        pytest.skip("no links can be made here")
    monkeypatch.setenv("FUSION_CACHE", str(tmp_path / "empty"))
    monkeypatch.setenv("FUSION_DATA", str(link if linked == "FUSION_DATA" else place))
    dataset = MultiviewDataset((place if linked == "FUSION_DATA" else link) / "lytro")
    with pytest.raises(DataError, match="lytro/01"):
        dataset["01"]


def test_a_folder_elsewhere_is_no_registered_set(folder):
    write(folder / "lytro" / "01" / "a.jpg", 0.5)
    assert len(MultiviewDataset(folder / "lytro")["01"]) == 1


@pytest.mark.parametrize("group", ["mef", "lytro", "ours"])
def test_folders_of_registered_sets_are_opened_as_load_does(real_data, group):
    dataset = MultiviewDataset(real_data / group)
    for name, stack in zip(dataset.names, dataset, strict=True):
        assert stack.names == load(f"{group}/{name}").names == open_stack(real_data / group / name).names
