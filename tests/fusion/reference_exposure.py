"""Exposure fusion by its definition: whole arrays, float64, plain NumPy; and frames to compare it on."""

import numpy as np

from data import open_stack, scenes
from data.image import FULL_SCALE

LUMA = (0.298936021293776, 0.587043074451121, 0.114020904255103)
TAPS = {5: (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16), 3: (1 / 4, 2 / 4, 1 / 4)}


def rating(frame, *, contrast=1, saturation=1, exposedness=1, sigma=0.2):
    """Product of the measures of a frame, each to its exponent; differences of integers are exact."""
    values, full_scale = np.asarray(frame, np.float64), full_scale_of(frame)
    ringed = np.pad(values, [(1, 1), (1, 1), *[(0, 0)] * (values.ndim - 2)], mode="edge")
    laplacian = ringed[:-2, 1:-1] + ringed[2:, 1:-1] + ringed[1:-1, :-2] + ringed[1:-1, 2:] - 4 * values
    closeness = np.exp(-((values / full_scale - 0.5) ** 2) / (2 * sigma**2))
    if values.ndim == 2:
        return np.abs(laplacian / full_scale) ** contrast * closeness**exposedness
    deviation = values.std(axis=2) / full_scale
    return np.abs(laplacian @ LUMA / full_scale) ** contrast * deviation**saturation * closeness.prod(2) ** exposedness


def full_scale_of(frames):
    """White: 255, 65535, or 1 of floats."""
    return FULL_SCALE[frames.itemsize] if frames.dtype.kind == "u" else 1


def smoothed(image, taps, axis, mode):
    """Convolve along one axis; `mode` is that of `numpy.pad`."""
    reach, count = len(taps) // 2, image.shape[axis]
    widths = [(reach, reach) if other == axis else (0, 0) for other in range(image.ndim)]
    padded = np.moveaxis(np.pad(image, widths, mode=mode), axis, 0)
    return np.moveaxis(sum(tap * padded[start : start + count] for start, tap in enumerate(taps)), 0, axis)


def reduced(image, taps):
    """Smooth, the image mirrored with its border repeated; keep every second pixel."""
    return smoothed(smoothed(image, taps, 0, "symmetric"), taps, 1, "symmetric")[::2, ::2]


def enlarged(image, shape, taps):
    """Continue by one pixel on each side, put zeros between pixels, and smooth."""
    continued = np.pad(image, [(1, 1), (1, 1), *[(0, 0)] * (image.ndim - 2)], mode="edge")
    sparse = np.zeros((2 * continued.shape[0], 2 * continued.shape[1], *image.shape[2:]))
    sparse[::2, ::2] = continued
    full = 4 * smoothed(smoothed(sparse, taps, 0, "constant"), taps, 1, "constant")
    return full[2 : 2 + shape[0], 2 : 2 + shape[1]]


def blended(frames, ratings, *, levels=None, kernel_size=5):
    """Blend frames by pyramids, their ratings normalised; `levels` is how often they are halved."""
    weights = np.array(ratings) + 1e-12
    weights, images, taps = weights / weights.sum(axis=0), np.array(frames, np.float64), TAPS[kernel_size]
    smaller_side = min(images.shape[1:3])
    count = max(1, int(np.floor(np.log2(smaller_side)))) if levels is None else levels + 1
    fused = []
    for _ in range(count - 1):
        coarse = [reduced(image, taps) for image in images]
        details = [image - enlarged(c, image.shape, taps) for image, c in zip(images, coarse, strict=True)]
        fused.append(weighted(details, weights))
        images, weights = coarse, [reduced(weight, taps) for weight in weights]
    result = weighted(images, weights)
    for detail in reversed(fused):
        result = enlarged(result, detail.shape, taps) + detail
    return result


def weighted(images, weights):
    """Sum of images, each times its weights."""
    return sum(image * (weight[..., None] if image.ndim == 3 else weight) for image, weight in zip(images, weights))


def by_definition(frames, *, levels=None, kernel_size=5, **measures):
    """The fused image, clipped to [0, 1], of an array of shape (N, H, W[, 3])."""
    ratings = [rating(frame, **measures) for frame in frames]
    return blended(frames / full_scale_of(frames), ratings, levels=levels, kernel_size=kernel_size).clip(0, 1)


def coffee(height=203, width=301):
    """Three exposures of a cup of coffee, uint8, with an odd number of rows and columns."""
    stack = open_stack(scenes.built_in("built-in/coffee").stack)
    return np.stack([stack.pixels(index)[60 : 60 + height, 150 : 150 + width] for index in range(len(stack))])
