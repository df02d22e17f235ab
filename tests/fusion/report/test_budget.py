"""Pictures that are made to fit do fit, keep their size as long as they can, and are reduced alike."""

import cv2
import numpy as np
import pytest

from fusion.report import budget
from fusion.report.budget import QUALITIES, fitted


def photograph(height=240, width=320, seed=0):
    """Noise of many scales, as photographs have it."""
    rng = np.random.default_rng(seed)
    octaves = [rng.random((height >> k, width >> k, 3), np.float32) * 2**k for k in range(6)]
    total = sum(cv2.resize(octave, (width, height), interpolation=cv2.INTER_LINEAR) for octave in octaves)
    return np.rint(255 * (total - total.min()) / np.ptp(total)).astype(np.uint8)


def decoded(file):
    return cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def size_at(pictures, quality, scale=1):
    return sum(len(budget._encoded(picture, scale=scale, quality=quality)) for picture in pictures)


@pytest.fixture(scope="module")
def pictures():
    return [photograph(seed=seed) for seed in range(3)]


def test_with_room_enough_nothing_is_lost_but_by_webp(pictures):
    result = fitted(pictures, 1e6)
    assert (result.scale, result.quality, result.sizes) == (1, QUALITIES[0], [(320, 240)] * 3)
    for picture, file in zip(pictures, result.files, strict=True):
        assert cv2.PSNR(picture, np.ascontiguousarray(decoded(file))) > 30


def test_quality_gives_way_before_size(pictures):
    sizes = [size_at(pictures, quality) for quality in QUALITIES]
    assert sizes == sorted(sizes, reverse=True)
    for better, worse, quality in zip(sizes, sizes[1:], QUALITIES[1:]):
        result = fitted(pictures, (better + worse) / 2 / budget.MARGIN)
        assert (result.scale, result.quality) == (1, quality)


@pytest.mark.parametrize("share", [0.7, 0.3, 0.05])
def test_what_is_too_large_is_reduced_by_one_factor_and_uses_the_room(pictures, share):
    room = share * size_at(pictures, QUALITIES[-1])
    result = fitted([*pictures, photograph(120, 200)], room)
    assert 0.7 * room < sum(map(len, result.files)) <= room
    assert result.scale < 1 and result.quality == QUALITIES[-1]
    assert result.sizes[0] == (round(320 * result.scale), round(240 * result.scale))
    assert result.sizes[3] == (round(200 * result.scale), round(120 * result.scale))
    assert [decoded(file).shape[1::-1] for file in result.files] == result.sizes


def test_large_pictures_are_estimated_from_a_part_of_them(monkeypatch):
    pictures = [photograph(2400, 160, seed=seed) for seed in range(6)]
    encoded, rows = budget._encoded, []

    def count(picture, **options):
        rows.append(len(picture))
        return encoded(picture, **options)

    monkeypatch.setattr(budget, "_encoded", count)
    estimate = budget._estimated_bytes(pictures, 1, 80)
    assert max(rows) < 2400 / 5
    assert estimate == pytest.approx(size_at(pictures, 80), rel=0.1)


def test_an_estimate_too_low_is_made_good(pictures, monkeypatch):
    monkeypatch.setattr(budget, "_estimate", lambda pictures, room, qualities: (1, 75))
    room = 0.4 * size_at(pictures, 75)
    assert sum(map(len, fitted(pictures, room).files)) <= room


def test_gray_stays_gray_and_red_stays_red():
    gray, red = np.full((20, 30), 90, np.uint8), np.zeros((20, 30, 3), np.uint8)
    red[..., 0] = 200
    result = fitted([gray, red], 1e5)
    first, second = map(decoded, result.files)
    assert abs(first.astype(int) - 90).max() <= 2
    assert abs(second.mean(axis=(0, 1)) - (200, 0, 0)).max() < 6


def test_a_panorama_becomes_as_wide_as_webp_can_be():
    result = fitted([np.zeros((20, 17000), np.uint8)], 1e6)
    assert result.sizes == [(16383, 19)] and decoded(result.files[0]).shape == (19, 16383, 3)


def test_nothing_needs_no_room():
    assert fitted([], 0).files == []


@pytest.mark.parametrize("room", [-5, 0, 60])
def test_no_room_is_an_error(pictures, room):
    with pytest.raises(ValueError, match=rf"3 pictures do not fit into {max(0, room)} bytes; allow for more"):
        fitted(pictures, room)
