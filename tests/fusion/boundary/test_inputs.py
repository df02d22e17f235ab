"""Facts about what the compact network sees."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fusion.boundary import inputs


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (64, 48)])
def test_exchanging_frames_is_known_from_the_planes_alone_bit_for_bit(make_pair, shape):
    own, rival = make_pair(shape)
    planes = inputs.input_planes(own, rival)
    assert planes.shape == (inputs.PLANES, *shape) and planes.dtype == np.float32
    assert_array_equal(inputs.input_planes(rival, own), inputs.exchanged(planes))
    assert_array_equal(inputs.exchanged(inputs.exchanged(planes)), planes)


def test_flat_frames_have_nothing_to_tell():
    planes = inputs.input_planes(*np.full((2, 40, 40), 0.3, np.float32))
    assert_allclose(planes[:4], 0, atol=1e-4)
    assert_allclose(planes[4], np.log(inputs.LEAST_CONTRAST), atol=1e-3)


def test_the_first_planes_are_frames_over_their_local_contrast(make_pair):
    own, rival = make_pair((80, 90))
    planes = inputs.input_planes(own, rival)
    window = (slice(40 - inputs.REACH, 40 + inputs.REACH + 1), slice(45 - inputs.REACH, 45 + inputs.REACH + 1))
    mean = (own + rival)[window] / 2
    contrast = mean.std() + inputs.LEAST_CONTRAST
    assert planes[0, 40, 45] == pytest.approx((own[40, 45] - mean.mean()) / contrast, abs=1e-3)
    assert planes[1, 40, 45] == pytest.approx((rival[40, 45] - mean.mean()) / contrast, abs=1e-3)
    assert planes[4, 40, 45] == pytest.approx(np.log(contrast), abs=1e-3)


def test_a_brighter_scene_looks_the_same(make_pair):
    pair = 0.5 * make_pair((64, 64))
    assert_allclose(inputs.input_planes(*(pair + np.float32(0.3))), inputs.input_planes(*pair), atol=5e-3)


def test_the_sharper_frame_has_more_detail_at_both_scales(make_pair, texture):
    sharp, blurred = texture[..., 0], np.full(texture.shape[:2], texture[..., 0].mean(), np.float32)
    planes = inputs.input_planes(sharp, blurred)
    assert (planes[2:4] > 0).mean() > 0.99
    assert planes[3].std() < planes[2].std()  # the second scale is the wider one


def test_ratios_of_detail_are_logarithms(texture):
    frame = texture[..., 0]
    planes = inputs.input_planes(frame, 0.5 * frame)
    strong = planes[2] > np.log(4) - 0.01
    assert strong.mean() > 0.5  # half the detail is a quarter of its energy; noise counts for the rest
    assert planes[2:4].max() < np.log(4) + 1e-3


def test_a_change_does_not_reach_further_than_stated(make_pair):
    pair = make_pair((20, 120))
    changed = pair.copy()
    changed[:, :, 0] = 1 - changed[:, :, 0]
    before, after = inputs.input_planes(*pair), inputs.input_planes(*changed)
    assert_allclose(after[..., inputs.HALO + 1 :], before[..., inputs.HALO + 1 :], atol=1e-4)
    assert np.abs(after[..., inputs.REACH] - before[..., inputs.REACH]).max() > 1e-3
