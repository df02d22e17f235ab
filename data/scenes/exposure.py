"""Exposure brackets whose answer is known: a photograph lit anew, seen by a virtual camera."""

from typing import NamedTuple

import cv2
import numpy as np

from data.errors import DataError
from data.image import check_image, to_float
from data.scenes.light import RESPONSES, to_eight_bits, to_linear, with_noise
from data.scenes.options import check_amounts, check_stops
from data.scenes.photographs import one_coin, photograph
from data.stack import Stack, open_stack

LAMP = (0.24, 0.72)  # where the lamp shines, as shares of height and width
BRIGHT_SHARE = 0.4  # of the stops of light lie above middle, the rest below
GRAIN = 0.5 / 255  # spread of the values of a photograph, which hides its 8-bit steps
COPPER = np.array([0.80, 0.52, 0.33], np.float32)
COIN_SHARE = 0.17  # width of the coin, of that of the picture
SMALLEST_COIN = 3  # pixels
FORESHORTENED = 0.62  # height over width of a round thing on the table
COIN_PATH = ((0.81, 0.66), (0.73, 0.97))  # its left and its lower edge, at first and at last, as shares of the picture
VISIBLE = 1 / 64  # change of the light, of the light itself, from which on a pixel counts as moved


class ExposureBracket(NamedTuple):
    """An exposure bracket and its truth."""

    stack: Stack  # N frames of 8 bits
    radiance: np.ndarray  # (H, W[, 3]) float32: linear light; 1 just saturates a frame of 0 stops
    exposures: np.ndarray  # (N,): exposure of each frame, in stops
    ghosts: np.ndarray  # (N, H, W) bool: where a frame shows something else than the radiance, as a thing has moved
    photograph: np.ndarray  # (H, W[, 3]) float32: the scene under even light

    def __repr__(self):
        return f"<ExposureBracket of {self.stack!r}>"


def exposure_bracket(
    picture=None, *, light=10.0, exposures=(-4, -2, 0, 2, 4), response="srgb", noise=0.005, moving=False, seed=0
):
    """Light a photograph by a lamp and take it at several exposures.

    Parameters
    ----------
    picture : ndarray of shape (H, W) or (H, W, 3), optional
        Photograph in [0, 1] or integers, taken for how much light each thing gives back; by default a cup of coffee,
        600 x 400 pixels.
    light : float, optional
        Stops between the brightest and the darkest light that falls on the scene; what things give back comes on top.
    exposures : sequence of float, optional
        Exposure of each frame in stops: light is multiplied by 2 to its power, then clipped at 1.
    response : {"srgb", "film", "linear"}, optional
        How the camera encodes light: as sRGB, with a toe and a shoulder, or not at all.
    noise : float, optional
        Standard deviation of noise at white, in linear light; in the dark it is a tenth of it.
    moving : bool, optional
        Let a coin slide over the scene while the frames are taken.
    seed : int, optional
        Of the noise.

    Returns
    -------
    ExposureBracket
        The frames, and the truth: `radiance` (with the coin where it is in the middle frame, ``N // 2``), `exposures`,
        `ghosts`, and the `photograph` under even light.

    Raises
    ------
    DataError
        If the picture is no image, or too small for a coin that moves, or scikit-image, for the coffee and the coin,
        is not installed.
    ValueError
        If an option is out of range.

    References
    ----------
    .. [1] P. E. Debevec, J. Malik, "Recovering high dynamic range radiance maps from photographs," SIGGRAPH 1997.
       :doi:`10.1145/258734.258884`
    """
    check_amounts(light=light, noise=noise)
    check_stops(light=light)
    exposures = _exposures(exposures)
    _check_response(response)
    picture = photograph("coffee") if picture is None else np.asarray(picture)
    check_image("picture", picture)
    rng = np.random.default_rng(seed)
    reflectance = _reflectance(picture, rng)
    lamp = lamp_light(picture.shape, stops=light)
    scenes = [_with_coin(reflectance, t) if moving else reflectance for t in np.linspace(0, 1, len(exposures))]
    reference = scenes[len(scenes) // 2]
    frames = [
        to_eight_bits(with_noise(lamp * scene * np.float32(2.0**stop), noise, rng), response).reshape(picture.shape)
        for scene, stop in zip(scenes, exposures, strict=True)
    ]
    return ExposureBracket(
        stack=open_stack(frames),
        radiance=(lamp * reference).reshape(picture.shape),
        exposures=exposures,
        ghosts=np.stack([_differs(scene, reference) for scene in scenes]),
        photograph=to_float(to_eight_bits(reference)).reshape(picture.shape),
    )


def lamp_light(shape, *, stops):
    """Light of a lamp, (H, W, 1): smooth, and so many stops less in the farthest corner than at the lamp."""
    height, width = shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    distance = np.hypot(y - LAMP[0] * height, x - LAMP[1] * width)
    distance /= max(float(distance.max()), 1)
    fall = distance * distance * (3 - 2 * distance)
    return np.exp2(stops * (np.float32(BRIGHT_SHARE) - fall))[..., None]


def _reflectance(picture, rng):
    """Share of the light that each thing gives back, (H, W, C), freed from the 8-bit steps of the photograph."""
    values = to_float(np.atleast_3d(picture))
    grain = np.float32(GRAIN) * rng.standard_normal(values.shape, dtype=np.float32)
    return to_linear((values + grain).clip(0, 1))


def _with_coin(reflectance, position):
    """Scene with a coin at a position of its path, 0 to 1, and the shadow it casts."""
    height, width, channels = reflectance.shape
    coin, alpha = one_coin()
    size = [round(COIN_SHARE * width), round(COIN_SHARE * width * FORESHORTENED)]
    if min(size) < SMALLEST_COIN or size[1] > COIN_PATH[1][0] * height:
        raise DataError(f"a picture of {width} x {height} pixels is too small or too flat for a coin; leave out moving")
    coin, alpha = (cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in (to_float(coin), alpha))
    metal = to_linear(coin)[..., None] * (COPPER if channels == 3 else COPPER.mean())
    left, top = (round(a + (b - a) * position) for a, b in _path(size, width, height))
    opacity = np.zeros((height, width), np.float32)
    opacity[top : top + size[1], left : left + size[0]] = alpha
    shadow = cv2.GaussianBlur(np.roll(opacity, (4, -4), (0, 1)), (0, 0), 4)
    scene = reflectance * (1 - 0.6 * shadow * (1 - opacity))[..., None]
    box = scene[top : top + size[1], left : left + size[0]]
    box += alpha[..., None] * (metal - box)
    return scene


def _path(size, width, height):
    """First and last left edge, first and last upper edge of the coin, in pixels."""
    lefts, lower_edges = COIN_PATH
    return [x * width for x in lefts], [y * height - size[1] for y in lower_edges]


def _differs(scene, reference):
    """Where two scenes give back visibly different light, (H, W); pixels that are alike by chance count too."""
    differs = (np.abs(scene - reference) > VISIBLE * (scene + reference)).any(axis=2)
    return cv2.morphologyEx(differs.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)).astype(bool)


def _exposures(exposures):
    exposures = np.asarray(exposures, np.float64)
    if exposures.ndim != 1 or exposures.size == 0 or not np.isfinite(exposures).all():
        raise ValueError(f"exposures must be a list of stops, such as (-2, 0, 2), got {exposures}")
    check_stops(**{f"exposure {index}": stop for index, stop in enumerate(exposures)})
    return exposures


def _check_response(response):
    if response not in RESPONSES:
        raise ValueError(f"response must be one of {', '.join(RESPONSES)}, got {response!r}")
