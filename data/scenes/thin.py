"""A wire fence that a plant climbs, before a lawn: a foreground of thin things, drawn, and a photograph behind it."""

from itertools import product
from typing import NamedTuple

import cv2
import numpy as np

from data.scenes.photographs import photograph

WIDTH, HEIGHT = 512, 400
FINER = 4  # drawn so many times larger, then reduced
SUBPIXELS = 4  # bits behind the point in what OpenCV draws
RIM = 2 / 3 / FINER  # pixels by which it draws each side too far out
LIGHT = np.array([-0.6, -0.8])  # where light comes from: above, and a little left
BANDS, DARKEST = 5, 0.35  # of brightness across a round thing, and the least of them
HIGHLIGHT = -0.5  # where a round thing is brightest, -1 and 1 being its sides
STEEL, BARK, STRAW = np.array([[184, 190, 196], [118, 84, 60], [222, 198, 138]], np.float32)
LEAVES = np.array([[170, 62, 44], [206, 122, 50], [214, 176, 74], [144, 158, 70]], np.float32)  # in autumn
GRASS = np.array([[8, 14, 8], [46, 70, 32], [104, 134, 60], [184, 198, 126], [246, 248, 222]], np.float32)
LEVELS = {22: 3.0, 70: 1.25, 124: 1.0, 184: 2.0, 250: 1.0, 318: 1.25, 382: 2.5}  # half width of the wire at each height
UPRIGHTS = range(18, WIDTH, 52)
STEMS = [((40, HEIGHT + 5), -1.1, 430), ((330, HEIGHT + 5), -1.9, 400), ((WIDTH + 5, 300), -2.6, 380)]
HAIRS = 14


class Shape(NamedTuple):
    """What is painted at once: an outline of points (x, y), and its colour of 0 to 255."""

    outline: np.ndarray
    colour: np.ndarray


def fence_before_lawn(seed=11):
    """Draw a fence with a climbing plant, and colour a photograph of grass.

    Wires, twigs and hairs are 1.5 to 6 pixels wide; leaves are wider. The foreground covers a fifth of the picture: half
    of it lies within a pixel of its rim, nine tenths within 4 pixels. One pixel in eleven is mixed of both sides, with
    an alpha between 0.1 and 0.9, and the background is seen through some 200 openings.

    Parameters
    ----------
    seed : int, optional
        Of the drawing.

    Returns
    -------
    foreground : ndarray of uint8 of shape (400, 512, 3)
        Black where nothing is drawn.
    alpha : ndarray of float32 of shape (400, 512)
        Opacity of the foreground, in [0, 1].
    background : ndarray of uint8 of shape (400, 512, 3)

    Raises
    ------
    DataError
        If scikit-image, for the grass, is not installed.
    """
    rng = np.random.default_rng(seed)
    colour, alpha = painted([*wires(rng), *plant(rng), *hairs(rng)])
    return weathered(colour, rng), alpha, lawn()


def lawn():
    """Photograph of grass, coloured by its brightness."""
    gray = photograph("grass")[:HEIGHT, :WIDTH]
    levels = np.linspace(0, 255, len(GRASS))
    return np.dstack([np.rint(np.interp(gray, levels, channel)).astype(np.uint8) for channel in GRASS.T])


# --- paint -----------------------------------------------------------------------------------------------------------


def painted(shapes):
    """Paint shapes over each other; colour (H, W, 3) of 0 to 255, and opacity (H, W) in [0, 1]."""
    canvas = np.zeros((HEIGHT * FINER, WIDTH * FINER, 4), np.uint8)
    for shape in shapes:
        points = np.rint((shape.outline * FINER - 0.5) * 2**SUBPIXELS).astype(np.int32)
        cv2.fillPoly(canvas, [points], [*shape.colour.clip(0, 255).tolist(), 255], cv2.LINE_AA, SUBPIXELS)
    small = cv2.resize(canvas, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(np.float32)
    alpha = small[..., 3] / 255
    return small[..., :3] / np.maximum(alpha, 1 / 255)[..., None], alpha


def weathered(colour, rng):
    """Give painted things a grain of their own, and spots of rust."""
    fine, coarse = (spots(rng, sigma)[..., None] for sigma in (0.6, 1.6))
    rust = (coarse - 0.6).clip(0, 1) * np.float32([0, -0.15, -0.3])
    return np.rint((colour * (1 + 0.1 * fine + 0.1 * coarse + rust)).clip(0, 255)).astype(np.uint8)


def spots(rng, sigma):
    """Smoothed noise of mean 0 and standard deviation 1, (H, W)."""
    noise = cv2.GaussianBlur(rng.standard_normal((HEIGHT, WIDTH), np.float32), (0, 0), sigma)
    return noise / noise.std()


def band(middle, half_width, low=-1, high=1):
    """Outline of what lies along a curve between two shares of its half width, -1 and 1 being its sides."""
    along = np.gradient(middle, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.linalg.norm(along, axis=1, keepdims=True)
    across *= np.maximum(half_width - RIM, 0)[:, None]
    return np.concatenate([middle + low * across, (middle + high * across)[::-1]])


def round_thing(middle, half_width, colour):
    """Yield the shapes of a wire or twig, brightest where it faces the light; each lies within the last."""
    along = middle[-1] - middle[0]
    if along[0] * LIGHT[1] > along[1] * LIGHT[0]:  # its second side would be the one in the light
        middle, half_width = middle[::-1], half_width[::-1]
    for share in np.linspace(1, 0.2, BANDS):
        low, high = HIGHLIGHT + share * (np.array([-1, 1]) - HIGHLIGHT)
        yield Shape(band(middle, half_width, low, high), colour * (DARKEST + (1.1 - DARKEST) * np.sqrt(1 - share**2)))


# --- what is drawn ---------------------------------------------------------------------------------------------------


def wave(t, rng, size):
    """Slow random curve over t in [0, 1], of about the size given."""
    phases, sizes = rng.uniform(0, 2 * np.pi, 3), rng.normal(0, size / 2, 3)
    return sum(s * np.sin((k + 1) * np.pi * t + p) for k, (s, p) in enumerate(zip(sizes, phases, strict=True)))


def wires(rng):
    """Yield the shapes of a fence: upright wires, level ones before them, and knots where they meet."""
    t = np.linspace(-0.05, 1.05, 80)
    uprights = [np.stack([x + wave(t, rng, 2) + 10 * t, HEIGHT * t], axis=1) for x in UPRIGHTS]
    levels = [np.stack([WIDTH * t, y + wave(t, rng, 2) + 12 * t * (1 - t)], axis=1) for y in LEVELS]
    for upright in uprights:
        yield from round_thing(upright, np.full(len(t), rng.choice([0.75, 1.0])), STEEL)
    for level, half_width in zip(levels, LEVELS.values(), strict=True):
        yield from round_thing(level, np.full(len(t), half_width), STEEL)
    for upright, level in product(uprights, levels):
        yield from knot(meeting(upright, level), rng)


def meeting(upright, level):
    """Point (x, y) where two wires cross."""
    y = np.interp(upright[:, 0].mean(), *level.T)
    return np.interp(y, upright[:, 1], upright[:, 0]), y


def knot(point, rng):
    """Yield the shapes of a short wire that is wound around two others."""
    tilt = rng.uniform(0.5, 1.1)
    middle = point + np.outer(np.linspace(-5, 5, 5), [np.cos(tilt), np.sin(tilt)])
    yield from round_thing(middle, np.array([1, 1.6, 1.6, 1.6, 1]), 0.85 * STEEL)


def path(start, angle, length, rng, bend=0.5):
    """Curve of points (x, y) that wanders off from a point, and its direction in each."""
    t = np.linspace(0, 1, max(8, int(length / 5)))
    turned = wave(t, rng, bend)
    angles = angle + turned - turned[0]
    steps = np.stack([np.cos(angles), np.sin(angles)], axis=1) * length / len(t)
    return start + np.cumsum(steps, axis=0), angles


def plant(rng):
    """Yield the shapes of a plant that climbs the fence: stems, their twigs, and leaves on these."""
    for start, angle, length in STEMS:
        middle, angles = path(start, angle, length, rng)
        for index in range(6, len(middle) - 4, 7):
            side = (-1) ** index
            yield from twig(middle[index], angles[index] + side * rng.uniform(0.5, 1.0), rng)
        yield from round_thing(middle, np.linspace(3, 0.75, len(middle)), BARK)


def twig(start, angle, rng):
    """Yield the shapes of a twig and its leaves, on both sides and at the end."""
    middle, angles = path(start, angle, rng.uniform(35, 85), rng, bend=0.4)
    yield from round_thing(middle, np.linspace(1.25, 0.75, len(middle)), BARK)
    for index in (len(middle) // 2, len(middle) * 3 // 4, len(middle) - 1):
        turn = 0 if index == len(middle) - 1 else (-1) ** index * rng.uniform(0.6, 1.1)
        yield from leaf(middle[index], angles[index] + turn, rng)


def leaf(start, angle, rng):
    """Yield the shapes of a leaf: its two halves, of which one faces the light, and its veins."""
    length, colour = rng.uniform(14, 34), LEAVES[rng.integers(len(LEAVES))] * rng.uniform(0.8, 1.1)
    middle, angles = path(start, angle, length, rng, bend=0.25)
    t = np.linspace(0, 1, len(middle))
    half_width = length * rng.uniform(0.16, 0.3) * np.sin(np.pi * t**0.8) + 0.4
    yield Shape(band(middle, half_width), colour * 0.72)
    yield Shape(band(middle, half_width, 0, 1), colour)
    for index, side in product(range(1, len(middle) - 2), (-1, 1)):
        tip = angles[index] + side * 0.8
        vein = middle[index] + np.outer(0.85 * half_width[index] * np.linspace(0, 1, 3), [np.cos(tip), np.sin(tip)])
        yield Shape(band(vein, np.full(3, 0.3)), colour * 1.2)
    yield Shape(band(middle, np.full(len(t), 0.5)), colour * 1.25)


def hairs(rng):
    """Yield the shapes of hairs and dry stalks that are caught in the fence."""
    for _ in range(HAIRS):
        start, angle, length = rng.uniform((0, 0), (WIDTH, HEIGHT)), rng.uniform(0, 2 * np.pi), rng.uniform(90, 220)
        middle, _ = path(start, angle, length, rng, bend=0.9)
        yield from round_thing(middle, np.linspace(1.0, 0.75, len(middle)), STRAW * rng.uniform(0.6, 1))
