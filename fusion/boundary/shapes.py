"""Mattes that are drawn, so that training needs no picture but what comes along: blobs, polygons, hair and fences."""

import cv2
import numpy as np

FINER = 4  # bits of a fraction of a pixel in drawn outlines


def fractal(rng, shape):
    """Blobs with a rough outline: smooth noise of many scales, cut at a level."""
    noise, roughness = np.zeros(shape, np.float32), rng.uniform(0.35, 0.75)
    for octave in range(7):
        cells = [max(2, length * 2**octave // 192) for length in shape]
        coarse = rng.standard_normal(cells).astype(np.float32)
        noise += roughness ** (octave + 1) * cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)
    slope = np.hypot(*np.gradient(noise)).mean()
    level = np.quantile(noise, rng.uniform(0.25, 0.75))
    return np.clip((noise - level) / (slope * rng.uniform(0.7, 3)) + 0.5, 0, 1).astype(np.float32)


def polygons(rng, shape):
    """One large polygon, or some smaller ones, in front of everything."""
    alpha = np.zeros(shape, np.uint8)
    for _ in range(rng.integers(1, 4)):
        middle = rng.uniform(0, shape[::-1])
        turns = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 10)))
        reach = rng.uniform(0.2, 1.5) * max(shape) * rng.uniform(0.4, 1, len(turns))
        corners = middle + reach[:, None] * np.stack([np.cos(turns), np.sin(turns)], axis=1)
        cv2.fillPoly(alpha, [_fixed(corners)], 255, cv2.LINE_AA, FINER)
    return alpha / np.float32(255)


def hair(rng, shape):
    """Bent lines, thin and thick, that start somewhere and go about the same way."""
    alpha, along = np.zeros(shape, np.uint8), rng.uniform(0, 2 * np.pi)
    for _ in range(rng.integers(3, 25)):
        steps = np.cumsum(rng.normal(0, 0.12, 40)) + along + rng.normal(0, 0.5)
        path = np.cumsum(np.stack([np.cos(steps), np.sin(steps)], axis=1), axis=0) * max(shape) / 30
        corners = path + rng.uniform(0, shape[::-1]) - path[rng.integers(40)]
        cv2.polylines(alpha, [_fixed(corners)], False, 255, int(rng.integers(1, 9)), cv2.LINE_AA, FINER)
    return alpha / np.float32(255)


def grid(rng, shape):
    """Bars of a fence in one direction or two."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    turn, alpha = rng.uniform(0, np.pi), np.zeros(shape, np.float32)
    for angle in (turn, turn + np.pi / 2)[: rng.integers(1, 3)]:
        period, width = rng.uniform(12, 70), rng.uniform(0.15, 0.5)
        along = (x * np.cos(angle) + y * np.sin(angle)) + 3 * np.sin(y / rng.uniform(20, 80))
        distance = np.abs((along / period + rng.uniform()) % 1 - 0.5) * period
        np.maximum(alpha, np.clip(width * period / 2 - distance + 0.5, 0, 1), out=alpha)
    return alpha


def _fixed(points):
    """Return corners as OpenCV draws them: whole numbers, in parts of a pixel."""
    return np.round(points * 2**FINER).astype(np.int32)


SHAPES = {"fractal": fractal, "polygons": polygons, "hair": hair, "grid": grid}
