"""The measures of exposure fusion on tensors: the same as in `fusion.measure`, with gradients that are always finite."""

from typing import NamedTuple

import torch

from data.gray import LUMA
from fusion.pyramid_torch import extended, weighted_sum

EIGHT_BIT = 255
TOLERANCE = 1e-4  # gray levels by which a value may miss one of the 256 of an 8-bit picture, as in `data.image`


def contrast(frames):
    """Absolute value of the Laplacian of the gray value.

    Parameters
    ----------
    frames : tensor of float of shape (N, C, H, W)
        One or three channels, in [0, 1].

    Returns
    -------
    tensor of shape (N, H, W)
        0 to 4. Where it is 0, so is its gradient.

    Notes
    -----
    Frames of 8 bits in single precision are rounded back to whole gray levels first, as `fusion.measure.contrast`
    differences integers: otherwise rounding would show in the weights where contrasts of channels nearly cancel.
    """
    values, full_scale = unscaled(frames)
    laplacian = _second_difference(values, -1).add_(_second_difference(values, -2))
    luma = LUMA[0].tolist() if values.shape[1] == 3 else [1.0]
    return weighted_sum([share / full_scale for share in luma], laplacian.unbind(1)).abs()


def saturation(frames):
    """Standard deviation over red, green and blue.

    Parameters
    ----------
    frames : tensor of float of shape (N, 3, H, W)
        In [0, 1].

    Returns
    -------
    tensor of shape (N, H, W)
        0 to 0.47. Where it is 0, on gray, black and white, its gradient is not defined; it is taken for 0.
    """
    values, full_scale = unscaled(frames)
    red, green, blue = values.unbind(1)
    squares = (red - green) ** 2 + (green - blue) ** 2 + (blue - red) ** 2
    return power(squares, 0.5) / (3 * full_scale)  # the squares sum up to 9 times the variance


def well_exposedness(frames, sigma=0.2):
    """Closeness of all channels to the middle of the range, by a Gaussian curve.

    Parameters
    ----------
    frames : tensor of float of shape (N, C, H, W)
        In [0, 1].
    sigma : float, optional
        Spread of the curve.

    Returns
    -------
    tensor of shape (N, H, W)
        The product over the channels: 1 where all are 0.5.
    """
    values, full_scale = unscaled(frames)
    squares = sum((channel - full_scale / 2) ** 2 for channel in values.unbind(1))
    return torch.exp(squares * (-0.5 / (sigma * full_scale) ** 2))


def power(base, exponent):
    """Raise numbers that are not negative to a power that is not; where a base is 0, its gradient is 0 too.

    Of any number, 0 included, the power of 0 is 1.
    """
    if not torch.is_tensor(exponent) and exponent == 1:
        return base
    positive = base > torch.finfo(base.dtype).tiny
    at_zero = 0.0 if exponent > 0 else 1.0
    return torch.where(positive, torch.where(positive, base, 1) ** exponent, at_zero)


class Unscaled(NamedTuple):
    """Values whose differences are exact, and their full scale: whole gray levels, if frames have 8 bits."""

    values: torch.Tensor
    full_scale: int


def unscaled(frames):
    """Convert frames for several measures at once; what is converted is returned as it is."""
    if isinstance(frames, Unscaled):
        return frames
    if frames.dtype == torch.float64:  # rounding does not show, and numerical derivatives need steps of 1e-6
        return Unscaled(frames, 1)
    levels = frames * EIGHT_BIT
    rounding = levels.detach().round().sub_(levels.detach())
    if max(rounding.max(), -rounding.min()) < TOLERANCE:
        return Unscaled(levels.add_(rounding), EIGHT_BIT)
    return Unscaled(frames, 1)


def _second_difference(values, axis):
    """Sum of both neighbours along an axis, less twice the value itself: exactly 0 where all are equal."""
    count, padded = values.shape[axis], extended(values, axis, 1)
    return (padded.narrow(axis, 0, count) + padded.narrow(axis, 2, count)).sub_(values, alpha=2)
