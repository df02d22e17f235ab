"""Layers of the networks on tensors, for training."""

import torch
from torch.nn import functional

add, rectify = torch.add, torch.relu


def convolve(x, weight, bias, *, stride=1, dilation=1, rectified=False):
    """Correlate with kernels of odd size; zeros lie outside."""
    reach = dilation * (weight.shape[-1] // 2)
    out = functional.conv2d(x, weight, bias, stride, reach, dilation)
    return torch.relu(out) if rectified else out


def fold(x):
    """Put blocks of 2 x 2 pixels into channels."""
    return functional.pixel_unshuffle(x, 2)


def unfold(x):
    """Take blocks of 2 x 2 pixels from channels."""
    return functional.pixel_shuffle(x, 2)


def apart(x):
    """Return the channels one by one, each still with an axis of one channel."""
    return x.split(1, dim=-3)


def join(x, y):
    """Put channels beside channels."""
    return torch.cat([x, y], dim=-3)


def first(x, count):
    """Return the first channels."""
    return x[..., :count, :, :]


def enlarge(x):
    """Double height and width, linearly between pixels."""
    return functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def shortcut(x, y, step):
    """Skip pixels of `x`, and add channels of zeros, until it has the shape of `y`."""
    x = x[..., ::step, ::step]
    return functional.pad(x, (0, 0, 0, 0, 0, y.shape[-3] - x.shape[-3]))
