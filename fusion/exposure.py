"""Exposure fusion (Mertens, Kautz, Van Reeth 2007): the best exposed parts of a bracket, blended by pyramids."""

from functools import partial
from numbers import Real

import cv2
import numpy as np

from data import open_stack
from data.image import is_tensor
from fusion import measure
from fusion.blend import LEAST_WEIGHT, Look, fuse_looks
from fusion.weights import blend

MOST_EXPONENT = 50  # a contrast of 4 to this power is a number in single precision
LEAST_SIGMA = 1e-3


def quality(image, *, contrast=1.0, saturation=1.0, exposedness=1.0, sigma=0.2):
    """Rate every pixel of a frame by the product of its measures, each to the power of its exponent.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, 3)
        Frame: float in [0, 1], uint8 or uint16.
    contrast, saturation, exposedness : float, optional
        Exponents, 0 to 50; 0 leaves a measure out. A gray frame has no saturation: it is left out.
    sigma : float, optional
        Spread of the well-exposedness.

    Returns
    -------
    ndarray of float32 of shape (H, W)
        0 and more.
    """
    image = measure.unscaled(image)
    height, width, *channels = image.values.shape
    rating = np.ones((height, width), np.float32)
    if contrast:
        rating *= _power(measure.contrast(image), contrast)
    if saturation and channels:
        rating *= _power(measure.saturation(image), saturation)
    if exposedness:
        rating *= _power(measure.well_exposedness(image, sigma), exposedness)
    return rating


def _power(values, exponent):
    return values if exponent == 1 else cv2.pow(values, exponent, dst=values)


def weight_maps(stack, *, contrast=1.0, saturation=1.0, exposedness=1.0, sigma=0.2):
    """Weigh all frames of a stack by their quality; N maps that sum to 1 everywhere.

    Parameters
    ----------
    stack : stack
        N frames.
    contrast, saturation, exposedness, sigma : float, optional
        As for `quality`.

    Returns
    -------
    ndarray of float32 of shape (N, H, W)
        1 / N where no frame has any quality.
    """
    options = {"contrast": contrast, "saturation": saturation, "exposedness": exposedness, "sigma": sigma}
    check_options(**options)
    stack = open_stack(stack)
    weights = np.stack([quality(stack.pixels(index), **options) for index in range(len(stack))]) + LEAST_WEIGHT
    return weights / weights.sum(axis=0)


def blend_level(details, weights):
    """Sum the same level of the pyramids of all frames, each times the same level of the pyramid of its weights.

    Parameters
    ----------
    details : sequence of N ndarrays of shape (H, W) or (H, W, 3)
    weights : sequence of N ndarrays of shape (H, W)

    Returns
    -------
    ndarray of float32
        The level of the fused pyramid, of the shape of a frame's.
    """
    return blend(details, weights)


def exposure_fusion(
    stack,
    *,
    contrast=1.0,
    saturation=1.0,
    exposedness=1.0,
    sigma=0.2,
    levels=None,
    kernel_size=5,
    deghost=None,
    progress=None,
):
    """Fuse an exposure bracket: contrast, saturation and well-exposedness decide, pyramids blend.

    Reads every frame twice, the last one once, and holds one while the next one is read. With `deghost` the reference
    is read once more, and kept; "auto" reads all frames once more.

    Parameters
    ----------
    stack : stack, or tensor of shape (N, C, H, W)
        N aligned frames: array, list, `data.Stack`, folder or list of files. Or a tensor of floats in [0, 1] with one
        or three channels, on any device: then see `fusion.exposure_torch.exposure_fusion`.
    contrast, saturation, exposedness : float, optional
        Exponents of the three measures, 0 to 50; 0 leaves a measure out. A gray stack has no saturation. Far above 4
        qualities vanish under the least weight, and all frames share equally.
    sigma : float, optional
        Spread of the well-exposedness around the middle of the range.
    levels : int, optional
        Levels of detail, 0 to `fusion.pyramid.most_levels`. By default as in the paper, one less than that: the
        coarsest level is then two to four pixels high or wide, and no seam is too wide to be blended.
    kernel_size : {5, 3}, optional
        Taps of the kernel of the pyramids; 5 in the paper.
    deghost : int or "auto", optional
        Number of a reference frame, counted from 0, or "auto" to have it chosen. What another frame shows that contradicts the reference
        is replaced, see `fusion.deghost.deghosted`. By default nothing is.
    progress : callable, optional
        ``progress(iterable, what)`` returns an iterable over the same frames and shows how far it is, as tqdm does; not
        called for tensors.

    Returns
    -------
    ndarray of float32 of shape (H, W) or (H, W, 3), or tensor of shape (C, H, W)
        Fused image, clipped to [0, 1]. With L levels a pixel depends on inputs less than ``4 * 2**L`` pixels away: with
        the default, on the whole picture.

    Raises
    ------
    DataError
        If a frame cannot be read, frames differ in size, or values leave [0, 1].
    ValueError
        If an option is out of range.

    Notes
    -----
    Rounded down to 8 bits, results equal the eight published ones of the authors' program that are at hand in more
    than 99.9 % of values. As there, a least weight of 1e-12 is added to every quality; a 16-bit frame is one of
    finer steps; and the result is clipped. The order of frames matters to rounding only.

    References
    ----------
    .. [1] T. Mertens, J. Kautz, F. Van Reeth, "Exposure fusion," Pacific Graphics 2007. :doi:`10.1109/PG.2007.17`
    """
    options = {"contrast": contrast, "saturation": saturation, "exposedness": exposedness, "sigma": sigma}
    if is_tensor(stack):
        return _fuse_tensor(stack, deghost, **options, levels=levels, kernel_size=kernel_size)
    check_options(**options)
    _check_no_tensors(options)
    stack = _deghosted(open_stack(stack), deghost, progress)
    fused = fuse_looks(
        stack, [Look(partial(quality, **options))], levels=levels, kernel_size=kernel_size, progress=progress
    )
    return np.clip(fused, 0, 1, out=fused)


def _fuse_tensor(stack, deghost, **options):
    if deghost is not None:
        raise ValueError("deghost is for arrays and files; call fusion.deghost.deghosted before making a tensor")
    from fusion.exposure_torch import exposure_fusion as fuse

    return fuse(stack, **options)


def _deghosted(stack, deghost, progress):
    if deghost is None:
        return stack
    from fusion.deghost import deghosted

    return deghosted(stack, deghost, progress=progress)


def _check_no_tensors(options):
    for name, value in options.items():
        if is_tensor(value):
            raise ValueError(f"{name} is a tensor, but the stack is none; make both tensors, or give a plain number")


def check_options(*, sigma=0.2, **exponents):
    """Raise a ValueError unless exponents and sigma are such that qualities are numbers."""
    for name, value in {**exponents, "sigma": sigma}.items():
        if not (isinstance(value, Real) or is_tensor(value)):
            raise ValueError(f"{name} must be a number, got {value!r}")
    for name, exponent in exponents.items():
        if not 0 <= exponent <= MOST_EXPONENT:
            raise ValueError(
                f"{name} must be an exponent from 0 (left out) to {MOST_EXPONENT}, got {exponent}; clamp one that is learned"
            )
    if not LEAST_SIGMA <= sigma <= 1 / LEAST_SIGMA:
        raise ValueError(
            f"sigma must lie in {LEAST_SIGMA}..{1 / LEAST_SIGMA:g}, got {sigma}; the paper has 0.2 for values in [0, 1]"
        )
