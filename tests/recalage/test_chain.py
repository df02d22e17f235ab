"""Steps are composed in the right order, and neighbours that fail are named."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from data import DataError, open_stack
from recalage import RegistrationError, compose, homographies, project


def test_following_the_steps_one_by_one_ends_at_the_same_place(steps):
    points = np.array([[0, 0], [511, 0], [511, 511], [0, 511], [100, 300.5]])
    for start, matrix in enumerate(compose(steps)):
        followed = points
        for step in steps[start:]:
            followed = project(step, followed)
        assert_allclose(project(matrix, points), followed, atol=1e-9)


def test_the_steps_do_not_commute(steps, to_last, corner_error):
    """By ten times what the next test allows; else it would say nothing about order."""
    turn, shrink, tilt = steps
    assert corner_error(turn @ shrink @ tilt, to_last[0], (512, 512)) > 3
    assert corner_error(shrink @ tilt, to_last[1], (512, 512)) > 3


def test_a_chain_of_known_steps_is_found(sequence, to_last, corner_error):
    found = homographies(sequence)
    assert len(found) == 4 and np.array_equal(found[3], np.eye(3))
    errors = [corner_error(*pair, (512, 512)) for pair in zip(found, to_last)]
    assert max(errors) < 0.15, errors  # measured: 0.06


def test_no_step_is_no_motion():
    assert np.array_equal(compose([]), [np.eye(3)])


def test_every_frame_is_read_once(sequence, monkeypatch):
    stack, read = open_stack(sequence), []
    monkeypatch.setattr(stack, "pixels", lambda index: read.append(index) or sequence[index])
    homographies(stack)
    assert read == [0, 1, 2, 3]


def test_a_blank_frame_is_named(sequence):
    frames = [sequence[0], sequence[1], np.full_like(sequence[2], 90), sequence[3]]
    with pytest.raises(RegistrationError, match="^frame 2 shows too little texture .* leave it out") as error:
        homographies(frames)
    assert error.value.frames == ("frame 1", "frame 2")


def test_a_frame_of_another_scene_is_named(sequence, other_photograph):
    with pytest.raises(RegistrationError, match="^frame 2 and frame 3 do not match") as error:
        homographies([*sequence[1:], other_photograph])
    assert error.value.frames == ("frame 2", "frame 3")


def test_frames_of_different_size_are_refused(sequence):
    with pytest.raises(DataError, match="frame 1 is 500 x 512 pixels"):
        homographies([sequence[0], sequence[1][:, :500]])


def test_options_are_checked_even_if_nothing_is_matched(photograph):
    with pytest.raises(ValueError, match="ratio"):
        homographies([photograph], ratio=2)
