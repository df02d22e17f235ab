"""Exposure fusion optimised for a metric: from the result of Mertens uphill on MEF-SSIM, and held near it."""

import math

import numpy as np

try:
    import torch
except ImportError as error:
    raise ImportError('optimised exposure fusion needs PyTorch: pip install "all-in-focus[torch]"') from error
from torch.nn.functional import pad

from data import open_stack
from fusion.exposure import exposure_fusion
from fusion.metrics.door import LUMA, gray_levels
from fusion.metrics.exposure import SIDE
from fusion.metrics.exposure_torch import MefSsim

ITERATIONS = 5  # of L-BFGS in a step
REMEMBERED = 8  # changes of the gradient, from which L-BFGS learns curvature
RIM = SIDE // 2  # pixels at the borders, in the middle of no window


def optimised_exposure_fusion(stack, *, pull=4.0, steps=6, progress=None):
    r"""Fuse an exposure bracket, then raise its MEF-SSIM by adding one gray increment to all channels.

    Reads every frame three times, and holds all of them in gray, as the metric does: 50 to 80 bytes per pixel and
    frame. For pictures of many megapixels take `fusion.exposure_fusion`.

    Parameters
    ----------
    stack : stack
        N aligned frames: array, list, `data.Stack`, folder or list of files; of 41 x 41 pixels or more.
    pull : float, optional
        How strongly the result is held near that of `fusion.exposure_fusion`: the gain in score that a mean squared
        increment of 1 must be worth. With 0 nothing holds it.
    steps : int, optional
        How long to climb; a step is five iterations of L-BFGS. With 0 the result is that of `fusion.exposure_fusion`.
    progress : callable, optional
        ``progress(iterable, what)`` returns an iterable over the same things and shows how far it is, as tqdm does.

    Returns
    -------
    ndarray of float32 of shape (H, W) or (H, W, 3)
        Fused image, clipped to [0, 1]. With 8 bits it never scores less than `fusion.exposure_fusion`, and its mean
        squared difference from that is at most the gain in the unrounded score divided by `pull`. One frame alone is
        returned as `fusion.exposure_fusion` returns it.

    Raises
    ------
    DataError
        If a frame cannot be read, or frames differ in size.
    ValueError
        If an option is out of range.
    UndefinedScore
        If the frames have no MEF-SSIM: they are smaller than 41 x 41 pixels.

    Notes
    -----
    With :math:`F` the result of Mertens and :math:`d` one gray increment for all channels, what is maximised is

    .. math:: \text{MEF-SSIM}\bigl(\operatorname{clip}(F + d)\bigr) - \text{pull} \cdot \overline{d^2}

    The metric sees neither luminance nor colour. Adding the same to red, green and blue keeps their differences but
    where they are clipped; and `pull` keeps the luminance, and keeps contrast from growing where it gains little. The
    outermost 5 pixels, which windows hardly see, take the increment of the nearest pixel inside.

    A result made for a metric says nothing of methods when it is scored by that metric. After [1]_, where pictures
    climb all the way to a maximum of the score.

    References
    ----------
    .. [1] K. Ma, Z. Duanmu, H. Yeganeh, Z. Wang, "Multi-exposure image fusion by optimizing a structural similarity
       index," IEEE Trans. Comput. Imaging 4(1), 2018. :doi:`10.1109/TCI.2017.2786138`
    """
    stack = open_stack(stack)
    _check_options(pull, steps)
    progress = progress or (lambda items, what: items)
    with torch.inference_mode(False), torch.enable_grad():  # whatever the caller has switched off
        score = MefSsim(stack).float() if len(stack) > 1 else None
        start = exposure_fusion(stack, progress=progress)
        if score is None:
            return start
        increment = best_increment(score, torch.from_numpy(start), pull, progress(range(int(steps)), "optimising"))
        result = raised(torch.from_numpy(start), increment).numpy()
        return max(start, result, key=lambda image: _score_of_levels(score, image))


def best_increment(score, start, pull, steps):
    """Climb from an image to where no small gray increment raises the score by more than the pull takes away.

    Parameters
    ----------
    score : MefSsim
        The score to raise.
    start : tensor of shape (H, W) or (H, W, 3)
        Image in [0, 1], of the type of `score` and on its device.
    pull : float
        Score that a mean squared increment of 1 costs.
    steps : iterable
        As many items as steps are to be made.

    Returns
    -------
    tensor of shape (H, W)
        The increment, for `raised`.
    """
    height, width = start.shape[:2]
    inner = start.new_zeros(height - 2 * RIM, width - 2 * RIM, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [inner],
        max_iter=ITERATIONS,
        history_size=REMEMBERED,
        line_search_fn="strong_wolfe",
        tolerance_grad=0,  # the larger a picture, the smaller the gradients of its pixels
        tolerance_change=0,
    )

    def loss():
        optimiser.zero_grad()
        increment = _to_borders(inner)
        value = pull * increment.square().mean() - score(gray(raised(start, increment)))
        value.backward()
        return value

    for _ in steps:
        optimiser.step(loss)
    return _to_borders(inner).detach()


def raised(image, increment):
    """Add an increment (H, W) to all channels of an image (H, W) or (H, W, 3), and clip it to [0, 1]."""
    return (image + (increment[..., None] if image.ndim == 3 else increment)).clamp(0, 1)


def gray(image):
    """Gray values of an image (H, W) or (H, W, 3), as metrics weigh colours, unrounded."""
    return image @ torch.from_numpy(LUMA).to(image) if image.ndim == 3 else image


def _to_borders(inner):
    return pad(inner[None], [RIM] * 4, mode="replicate")[0]


def _score_of_levels(score, image):
    """Score of an image as it is when saved with 8 bits."""
    with torch.no_grad():
        return score(torch.from_numpy(gray_levels(image) / np.float32(255))).item()


def _check_options(pull, steps):
    if not 0 <= pull < math.inf:
        raise ValueError(f"pull must be 0 (none) or a positive number, such as 4, got {pull}")
    if not (0 <= steps < math.inf and int(steps) == steps):
        raise ValueError(f"steps must be a whole number, 0 or more, got {steps}")
