"""Gaussian and Laplacian pyramids of tensors: the same as in `fusion.pyramid`, over the last two axes."""

import torch

from fusion.pyramid import KERNELS

# What a pixel of a reduced image gives to those of the enlarged one: taps for even pixels, and for those between them.
PHASES = {5: ((1 / 8, 6 / 8, 1 / 8), (0, 1 / 2, 1 / 2)), 3: ((0, 1, 0), (0, 1 / 2, 1 / 2))}


def gaussian_pyramid(image, levels, *, kernel_size=5):
    """Halve an image again and again, smoothing it first; see `fusion.pyramid.gaussian_pyramid`.

    Parameters
    ----------
    image : tensor of float of shape (..., H, W)
    levels : int
        How often it is halved.
    kernel_size : {5, 3}, optional
        Taps of the kernel.

    Returns
    -------
    list of tensor
        ``levels + 1`` images from fine to coarse.
    """
    pyramid = [image]
    for _ in range(levels):
        pyramid.append(reduced(pyramid[-1], kernel_size))
    return pyramid


def laplacian_pyramid(image, levels, *, kernel_size=5):
    """Split an image into details of one size each, and the coarse image that is left.

    Parameters
    ----------
    image, levels, kernel_size
        As for `gaussian_pyramid`.

    Returns
    -------
    list of tensor
        `levels` images of details from fine to coarse, then the coarse image.
    """
    gaussian = gaussian_pyramid(image, levels, kernel_size=kernel_size)
    details = [
        level - enlarged(below, level.shape, kernel_size)
        for level, below in zip(gaussian[:-1], gaussian[1:], strict=True)
    ]
    return [*details, gaussian[-1]]


def collapse(pyramid, *, kernel_size=5):
    """Sum a Laplacian pyramid up to the image that it was made from."""
    *details, image = pyramid
    for detail in reversed(details):
        image = enlarged(image, detail.shape, kernel_size) + detail
    return image


def reduced(image, kernel_size=5):
    """Smooth an image and keep every second pixel of every second row, from the first on."""
    kernel = KERNELS[kernel_size].tolist()
    for axis in (-2, -1):
        padded = extended(image, axis, kernel_size // 2)
        count = (image.shape[axis] + 1) // 2
        image = weighted_sum(kernel, [_every_second(padded, axis, start, count) for start in range(kernel_size)])
    return image


def enlarged(image, shape, kernel_size=5):
    """Interpolate an image at every pixel of the image of such a shape that it was reduced from."""
    for axis in (-2, -1):
        padded, count = extended(image, axis, 1), image.shape[axis]
        neighbours = [padded.narrow(axis, start, count) for start in range(3)]
        both = [weighted_sum(taps, neighbours) for taps in PHASES[kernel_size]]
        image = torch.stack(both, dim=axis).flatten(axis - 1, axis).narrow(axis, 0, shape[axis])
    return image


def extended(image, axis, width):
    """Continue an image beyond both ends of an axis by its mirror image, the pixel at the border repeated."""
    count = min(width, image.shape[axis])
    start, end = image.narrow(axis, 0, count), image.narrow(axis, image.shape[axis] - count, count)
    longer = torch.cat([start.flip(axis), image, end.flip(axis)], axis)
    return longer if count == width else extended(longer, axis, width - count)


def weighted_sum(factors, tensors):
    """Sum tensors, each times a number, into one new tensor."""
    total = None
    for factor, tensor in zip(factors, tensors, strict=True):
        if factor:
            total = factor * tensor if total is None else total.add_(tensor, alpha=factor)
    return total


def _every_second(image, axis, start, count):
    rest = (slice(None),) * (-1 - axis)
    return image[..., start : start + 2 * count - 1 : 2, *rest]
