"""Slabs: what --slab takes, and how a series is cut."""

import argparse

import pytest

from fusion.cli.slabs import Slab, parse_slab, slabs_of


def bounds(count, text):
    """First and last frame of each slab, from 1, as in the names of files."""
    return [(slab.start + 1, slab.stop) for slab in slabs_of(count, parse_slab(text))]


@pytest.mark.parametrize(
    ("count", "text", "expected"),
    [
        (24, "10/3", [(1, 10), (8, 17), (15, 24)]),
        (23, "10/3", [(1, 10), (8, 17), (14, 23)]),
        (25, "10/3", [(1, 10), (8, 17), (15, 24), (16, 25)]),
        (20, "10/0", [(1, 10), (11, 20)]),
        (21, "10/0", [(1, 10), (11, 20), (12, 21)]),
        (11, "10/9", [(1, 10), (2, 11)]),
        (10, "10/3", [(1, 10)]),
        (4, "10/3", [(1, 4)]),
    ],
)
def test_slabs_are_of_one_length_and_end_with_the_series(count, text, expected):
    assert bounds(count, text) == expected


@pytest.mark.parametrize("slab", [(2, 0), (2, 1), (7, 2), (10, 3), (12, 11)])
def test_slabs_show_every_frame_and_share_at_least_what_is_asked_for(slab):
    size, overlap = slab
    for count in range(1, 40):
        slabs = slabs_of(count, slab)
        assert set().union(*slabs) == set(range(count))
        assert {len(one) for one in slabs} == {min(size, count)}
        shared = [len(set(one) & set(following)) for one, following in zip(slabs, slabs[1:])]
        assert all(count == overlap for count in shared[:-1]) and all(overlap <= count < size for count in shared)


def test_a_slab_reads_as_it_is_written():
    assert parse_slab(" 10/3 ") == Slab(10, 3) == (10, 3)
    assert str(parse_slab("10/3")) == "10/3"


@pytest.mark.parametrize("text", ["", "10", "10/", "/3", "10/3/1", "ten/3", "10/-3", "1e1/3", "10.0/3", "10 /3", "²/1"])
def test_what_is_no_slab_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="is no slab; give the frames in each, a slash"):
        parse_slab(text)


@pytest.mark.parametrize("text", ["0/0", "1/0", "0/3"])
def test_a_slab_of_less_than_two_frames_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"^{text}: a slab needs 2 frames or more"):
        parse_slab(text)


@pytest.mark.parametrize("text", ["3/3", "10/12"])
def test_slabs_that_would_never_get_on_are_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match=r"share \d at most, or they would never get on"):
        parse_slab(text)
