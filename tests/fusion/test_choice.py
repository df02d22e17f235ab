"""The rule that chooses a method, and what it says of why."""

import pytest

from fusion.choice import choose, kinds_of
from fusion.lineup import LINEUP
from fusion.traits import Traits

FOCUSED = Traits(
    count=2,
    shape=(400, 600),
    stops=0.0,
    refocused=0.5,
    jumps=0.0,
    noise=0.3,
    glare=0.0,
    white=0.0,
    black=0.0,
    moving=0.0,
)
BRACKET = FOCUSED._replace(count=3, stops=5.0, refocused=0.0)


@pytest.mark.parametrize(
    ("traits", "kinds", "name"),
    [
        (FOCUSED, ("focus",), "boundary-blended"),
        (FOCUSED._replace(count=3), ("focus",), "pyramid"),
        (FOCUSED._replace(count=300), ("focus",), "pyramid"),
        (BRACKET, ("exposure",), "extended"),
        (BRACKET._replace(stops=2.0), ("exposure",), "exposure"),
        (BRACKET._replace(refocused=0.5), ("focus", "exposure"), "guided"),
        (BRACKET._replace(refocused=0.08), ("exposure",), "extended"),
        (FOCUSED._replace(refocused=0.0), (), "pyramid"),
    ],
)
def test_the_method_fits_what_frames_differ_in(traits, kinds, name):
    choice = choose(traits)
    assert (choice.kinds, choice.name) == (kinds, name)
    assert kinds_of(traits) == kinds
    assert not kinds or not LINEUP[name].fits.isdisjoint(kinds)


def test_what_moves_in_a_bracket_is_shown_once():
    assert not choose(BRACKET).deghost
    moving = choose(BRACKET._replace(moving=0.05))
    assert moving.deghost and "shown as in one frame" in moving.advice
    assert any("5% of the picture" in reason for reason in moving.reasons)


def test_more_than_can_move_is_told_and_left():
    choice = choose(BRACKET._replace(moving=0.3))
    assert not choice.deghost and "shown as" not in choice.advice
    assert any("30% of the picture" in reason and "brightness" in reason for reason in choice.reasons)


def test_pairs_that_are_too_large_for_networks_go_to_pyramids():
    choice = choose(FOCUSED._replace(shape=(5000, 9000)))
    assert choice.name == "pyramid"
    assert any("take many minutes" in reason for reason in choice.reasons)


def test_what_moves_in_a_focus_series_is_told_and_left():
    choice = choose(FOCUSED._replace(moving=0.2))
    assert not choice.deghost
    assert any("20% of the picture" in reason and "double edges" in reason for reason in choice.reasons)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"noise": 4.2}, "noise of 4.2 levels"),
        ({"glare": 0.06}, "clip in 6%"),
        ({"jumps": 0.3}, "jumps beside 30%"),
        ({"white": 0.04}, "4% of the picture is white in every frame"),
    ],
)
def test_what_makes_frames_hard_is_told_only_where_it_is_found(change, words):
    assert not any(words.split()[0] in reason and words in reason for reason in choose(FOCUSED).reasons)
    assert any(words in reason for reason in choose(FOCUSED._replace(**change)).reasons)


def test_a_bracket_is_not_warned_of_lights_that_clip_in_some_frames():
    assert not any("discs" in reason for reason in choose(BRACKET._replace(glare=0.5)).reasons)
    assert any("black in every frame" in reason for reason in choose(BRACKET._replace(black=0.1)).reasons)


def test_every_reason_is_a_sentence():
    for traits in (FOCUSED, BRACKET, BRACKET._replace(refocused=0.5), FOCUSED._replace(refocused=0)):
        for reason in choose(traits._replace(noise=9, moving=0.5, jumps=0.5, white=0.5, black=0.5, glare=0.5)).reasons:
            assert reason[0].isupper() or reason[0].isdigit()
            assert reason.endswith(".")
