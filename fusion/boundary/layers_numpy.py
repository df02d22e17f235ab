"""Layers of the networks on arrays of shape (C, H, W), so that fusion needs nothing but NumPy and OpenCV."""

import cv2
import numpy as np

STRIP = 1 << 19  # numbers that the columns of a strip of rows hold: two megabytes, so that they stay in the cache
add = np.add


def convolve(x, weight, bias, *, stride=1, dilation=1, rectified=False):
    """Correlate with kernels of odd size; zeros lie outside.

    Parameters
    ----------
    x : ndarray of float32 of shape (C, H, W)
    weight : ndarray of float32 of shape (K, C, n, n)
    bias : ndarray of float32 of shape (K,)
    stride : int, optional
        Keep every so many pixels.
    dilation : int, optional
        Pixels between the taps of a kernel.
    rectified : bool, optional
        Return 0 in place of what is negative.

    Returns
    -------
    ndarray of float32 of shape (K, ceil(H / stride), ceil(W / stride))

    Notes
    -----
    Strip by strip, what each pixel sees is copied into a column, and the kernels are multiplied with all columns at
    once: one product of matrices does the work.
    """
    channels, size = x.shape[0], weight.shape[-1]
    height, width = (-(-length // stride) for length in x.shape[1:])
    kernels, bias = weight.reshape(len(weight), -1), bias[:, None]
    padded = _with_zeros(x, dilation * (size // 2))
    out = np.empty((len(weight), height, width), np.float32)
    count = max(1, STRIP // (channels * size * size * width))
    columns = np.empty((channels, size, size, min(count, height), width), np.float32)
    for top in range(0, height, count):
        rows = min(count, height - top)
        seen = columns if rows == columns.shape[3] else np.empty((channels, size, size, rows, width), np.float32)
        for i in range(size):
            first = top * stride + i * dilation
            for j in range(size):
                right = j * dilation + (width - 1) * stride + 1
                seen[:, i, j] = padded[
                    :, first : first + (rows - 1) * stride + 1 : stride, j * dilation : right : stride
                ]
        strip = kernels @ seen.reshape(channels * size * size, -1)
        strip += bias
        if rectified:
            np.maximum(strip, 0, out=strip)
        out[:, top : top + rows] = strip.reshape(-1, rows, width)
    return out


def _with_zeros(x, reach):
    """Put zeros around every plane."""
    if not reach:
        return x
    channels, height, width = x.shape
    padded = np.zeros((channels, height + 2 * reach, width + 2 * reach), np.float32)
    padded[:, reach:-reach, reach:-reach] = x
    return padded


def rectify(x):
    """Return 0 in place of what is negative; the array itself is changed."""
    return np.maximum(x, 0, out=x)


def fold(x):
    """Put blocks of 2 x 2 pixels into channels."""
    channels, height, width = x.shape
    blocks = x.reshape(channels, height // 2, 2, width // 2, 2)
    return blocks.transpose(0, 2, 4, 1, 3).reshape(4 * channels, height // 2, width // 2)


def unfold(x):
    """Take blocks of 2 x 2 pixels from channels."""
    channels, height, width = x.shape
    blocks = x.reshape(channels // 4, 2, 2, height, width).transpose(0, 3, 1, 4, 2)
    return blocks.reshape(channels // 4, 2 * height, 2 * width)


def apart(x):
    """Return the channels one by one, each still with an axis of one channel."""
    return np.split(x, len(x))


def join(x, y):
    """Put channels beside channels."""
    return np.concatenate([x, y])


def first(x, count):
    """Return the first channels."""
    return x[:count]


def enlarge(x):
    """Double height and width, linearly between pixels."""
    size = (2 * x.shape[2], 2 * x.shape[1])
    return np.stack([cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR) for plane in x])


def shortcut(x, y, step):
    """Skip pixels of `x`, and add channels of zeros, until it has the shape of `y`."""
    if x.shape == y.shape:
        return x
    wider = np.zeros(y.shape, np.float32)
    wider[: len(x)] = x[:, ::step, ::step]
    return wider
