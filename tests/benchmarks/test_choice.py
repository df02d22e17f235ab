"""The rule that chooses a method, as it was measured."""

import pytest

from benchmarks import choice
from benchmarks.run import saved
from fusion.lineup import EXPOSURE, FOCUS

FOUND = saved("choice")


def test_every_set_is_taken_for_what_it_is():
    assert FOUND["kinds"]["wrong"] == {}
    told = FOUND["kinds"]["stops_and_refocused"]
    assert len(told[FOCUS]) > 40 and len(told[EXPOSURE]) > 20


def test_the_choice_is_nearer_to_the_best_than_any_one_method():
    focus = FOUND["focus"]
    assert len(focus["scenes"]) == 13
    assert focus["mean_regret"] < min(focus["mean_regret_of_one_method"].values())
    assert focus["mean_regret"] < 0.1 and focus["largest_regret"] < 1


def test_extended_exposure_fusion_is_rightly_preferred_for_wide_brackets():
    exposure = FOUND["exposure"]
    assert len(exposure["scenes"]) == 17
    assert exposure["mean_regret"] < exposure["mean_regret_of_one_method"]["exposure"]


def test_a_page_about_large_frames_is_small():
    assert FOUND["cost"]["page_mb"] < 15


def test_regret_is_what_the_choice_lacks():
    told = choice.regret("b", {"a": 30.0, "b": 29.5, "c": 10.0})
    assert (told["chosen"], told["regret"]) == ("b", 0.5)
    summed = choice.summed_up({"one": told, "two": choice.regret("a", {"a": 20.0, "b": 18.0, "c": 19.0})})
    assert (summed["mean_regret"], summed["largest_regret"]) == (0.25, 0.5)
    assert summed["mean_regret_of_one_method"] == {"a": 0.0, "b": 1.25, "c": 10.5}


def test_an_unknown_part_is_refused(capsys):
    with pytest.raises(SystemExit):
        choice.main(["speed"])
    assert "no part is called speed" in capsys.readouterr().err
