"""Light and its encoding: what a camera makes of light, and back."""

import numpy as np

LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709, of linear light


def to_linear(encoded):
    """Light of sRGB values in [0, 1] (IEC 61966-2-1)."""
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4).astype(np.float32)


def to_srgb(light):
    """Encode light in [0, 1] as sRGB."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055).astype(np.float32)


def to_film(light):
    """Encode light in [0, 1] by a curve with a toe and a shoulder, which hold 9 stops and bend before they clip."""
    power = light ** np.float32(FILM_SLOPE)
    return (power * (1 + FILM_MIDDLE) / (power + FILM_MIDDLE)).astype(np.float32)


def from_film(encoded):
    """Light of values that `to_film` made."""
    encoded = np.asarray(encoded, np.float32)
    return (FILM_MIDDLE * encoded / (1 + FILM_MIDDLE - encoded)) ** np.float32(1 / FILM_SLOPE)


def unchanged(values):
    """Encode light as it is."""
    return np.asarray(values, np.float32)


FILM_SLOPE, FILM_MIDDLE = 1.2, 0.207  # middle gray, a light of 0.18, is encoded as 0.46, as in sRGB
RESPONSES = {"srgb": (to_srgb, to_linear), "film": (to_film, from_film), "linear": (unchanged, unchanged)}
"""Response curves by name: from light to values, and back; both in [0, 1], rising from 0 to 1."""


def to_eight_bits(light, response="srgb"):
    """Picture of light in 256 steps; more light than 1 is clipped."""
    encode, _ = RESPONSES[response]
    return np.rint(encode(light.clip(0, 1)) * 255).astype(np.uint8)


def with_noise(light, noise, rng):
    """Add the noise of a sensor to light.

    Parameters
    ----------
    light : ndarray of float32
        1 saturates the sensor.
    noise : float
        Standard deviation at 1. It falls with the root of the light, as that of counted photons does, to a tenth in
        the dark, the noise of reading out.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of float32
    """
    if not noise:
        return light
    spread = np.sqrt(light.clip(0, None) + np.float32(0.01))
    spread *= rng.standard_normal(light.shape, dtype=np.float32)
    return light + np.float32(noise) * spread
