"""MEF-SSIM of tensors: the score of `fusion.metrics.exposure`, with gradients for the fused image."""

import numpy as np

try:
    import torch
except ImportError as error:
    raise ImportError('MEF-SSIM of tensors needs PyTorch: pip install "all-in-focus[torch]"') from error
from torch.nn.functional import avg_pool2d, pad

from data import open_stack
from fusion.metrics.door import UndefinedScore, check_count, check_size, gray_levels
from fusion.metrics.exposure import (
    CONSTANT,
    PIXELS,
    SCALE_WEIGHTS,
    SIDE,
    SMALLEST,
    WINDOW,
    halve,
    structure_factors,
    sum_of,
)
from fusion.metrics.windows import mean_of

FULL_SCALE = 255
MIDDLE = FULL_SCALE / 2  # gray levels are counted from here, for the sake of single precision
SHORTEST = 1e-6  # of a best structure, as a share of what it is when the frames agree; what is shorter is rounding


def mef_ssim(sequence, fused):
    """Score one fused image; to score several, or one again and again, make a `MefSsim` and call that.

    Parameters
    ----------
    sequence : stack
        N >= 2 frames of different exposure.
    fused : tensor of shape (H, W)
        Gray values in [0, 1], unrounded.

    Returns
    -------
    tensor of one number
        On the device and in the type of `fused`; computed in double precision.

    Raises
    ------
    ValueError
        As `MefSsim` and its call.
    """
    score = MefSsim(sequence)
    return score.to(fused.device)(fused).to(fused.dtype) if torch.is_tensor(fused) else score(fused)


class MefSsim(torch.nn.Module):
    """Structural similarity of fused images to one exposure sequence, differentiable with respect to the images.

    A module without parameters: call it with a tensor of gray values in [0, 1] of shape (H, W), get a tensor of one
    number. ``.to(...)`` changes device and type as for any module; it begins with double precision.

    Parameters
    ----------
    sequence : stack
        N >= 2 frames of different exposure, in any order, of 41 x 41 pixels or more.

    Raises
    ------
    ValueError
        If there are fewer than two frames; when called, if the image differs from them in size.
    UndefinedScore
        If the frames are smaller than 41 x 41 pixels; when called, if the image contradicts the frames on the whole.

    Notes
    -----
    The value is that of `fusion.metrics.exposure.mef_ssim`, but for rounding: that function rounds the image to 8 bits,
    a step without a gradient, and this one does not. They differ, too, where the structures of all frames cancel
    exactly, as those of a picture and its negative: what is left there is rounding, and here it counts as flat.

    The best window that the frames could make is held as a factor for each frame, and its variance. A call filters
    every frame once, and so does its gradient. All frames and factors are in memory at once, at three scales.

    References
    ----------
    .. [1] K. Ma, K. Zeng, Z. Wang, "Perceptual quality assessment for multi-exposure image fusion," IEEE TIP 24(11),
       2015. :doi:`10.1109/TIP.2015.2442920`
    """

    def __init__(self, sequence):
        super().__init__()
        stack = open_stack(sequence)
        check_count("MEF-SSIM", len(stack))
        check_size("MEF-SSIM", stack.shape[1:], SMALLEST)
        self.shape = stack.shape[1:3]
        frames = np.stack([gray_levels(stack.pixels(index)) for index in range(len(stack))]).astype(np.float64)
        self.scales = torch.nn.ModuleList()
        for scale in range(len(SCALE_WEIGHTS)):
            if scale:
                frames = np.stack([halve(frame) for frame in frames])
            self.scales.append(ScaleSimilarity(frames))
        self.register_buffer("scale_weights", torch.from_numpy(SCALE_WEIGHTS))

    def forward(self, fused):
        if not torch.is_tensor(fused) or not fused.is_floating_point() or fused.shape != self.shape:
            raise ValueError(
                f"fused must be a tensor of gray values in [0, 1] of shape {self.shape}, as the frames, got {_told(fused)}"
            )
        sizes = in_scales(FULL_SCALE * fused.to(self.scale_weights.dtype) - MIDDLE)
        scores = torch.stack([scale(size).mean() for scale, size in zip(self.scales, sizes, strict=True)])
        if not scores.min() >= 0:
            raise UndefinedScore(
                "MEF-SSIM is not defined for a result that contradicts its frames: is it a negative of them, or does it "
                "hold NaN?"
            )
        return torch.prod(scores**self.scale_weights)


class ScaleSimilarity(torch.nn.Module):
    """Similarity of every window of an image to the best one that the frames could make, at one scale."""

    def __init__(self, frames):
        super().__init__()
        factors, variance = best_windows(frames)
        offset = sum(factor * mean_of(frame, WINDOW) for factor, frame in zip(factors, frames, strict=True))
        for name, values in {"frames": frames, "factors": factors, "offset": offset, "variance": variance}.items():
            self.register_buffer(name, torch.from_numpy(values))

    def forward(self, fused):
        mean = window_mean(fused)
        covariance = (self.factors * window_mean(self.frames * fused)).sum(dim=0) - self.offset * mean
        variance = window_mean(fused * fused) - mean * mean
        return (2 * covariance + CONSTANT) / (self.variance + variance + CONSTANT)


def best_windows(frames):
    """The best window at every place: the factor of each frame in it, and its variance under the Gaussian.

    Parameters
    ----------
    frames : ndarray of float64 of shape (N, H, W)
        Gray levels.

    Returns
    -------
    factors : ndarray of shape (N, H - 10, W - 10)
    variance : ndarray of shape (H - 10, W - 10)
    """
    factors, longest = structure_factors(frames, [sum_of(frame) for frame in frames])
    squared_length, variance = _size_of_structure(frames, factors)
    lasting = squared_length > SHORTEST**2
    scale = np.where(lasting, longest, 0) / np.sqrt(np.where(lasting, squared_length, 1))
    return factors * scale, variance * scale**2


def _size_of_structure(frames, factors):
    """Squared length and variance of the weighted sums of the windows of frames; it goes from pixel to pixel of them."""
    height, width = factors.shape[1:]
    mean = sum(factor * mean_of(frame, WINDOW) for factor, frame in zip(factors, frames, strict=True))
    total = squares = variance = 0.0
    for row, column in np.ndindex(SIDE, SIDE):
        pixels = frames[:, row : row + height, column : column + width]
        structure = np.einsum("nhw,nhw->hw", factors, pixels) - mean
        total += structure
        squares += structure**2
        variance += WINDOW[row] * WINDOW[column] * structure**2
    return squares - total**2 / PIXELS, variance


class WindowMean(torch.autograd.Function):
    """Gaussian mean of every window that fits in images (..., H, W). As the window is symmetric, so is the gradient."""

    @staticmethod
    def forward(images):
        return _smoothed(_smoothed(images, -2), -1)

    @staticmethod
    def setup_context(context, inputs, output):
        pass

    @staticmethod
    def backward(context, gradient):
        return WindowMean.apply(pad(gradient, [SIDE - 1] * 4))


window_mean = WindowMean.apply


def _smoothed(images, dim):
    """Sum shifted images: on one channel this is many times faster than the convolutions of networks."""
    length = images.shape[dim] - SIDE + 1
    total = images.narrow(dim, 0, length) * WINDOW[0]
    for shift in range(1, SIDE):
        total.add_(images.narrow(dim, shift, length), alpha=WINDOW[shift])
    return total


def in_scales(image):
    """An image in full, half and quarter size, as `fusion.metrics.exposure.halve` makes them."""
    images = [image]
    for _ in SCALE_WEIGHTS[1:]:
        padded = pad(images[-1][None], (0, 1, 0, 1), mode="replicate")
        images.append(avg_pool2d(padded, 2)[0])
    return images


def _told(fused):
    """Say of something what it is, in an error."""
    if torch.is_tensor(fused):
        return f"one of {fused.dtype} of shape {tuple(fused.shape)}"
    return f"a {type(fused).__name__}"
