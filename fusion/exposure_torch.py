"""Exposure fusion of tensors: the method of `fusion.exposure` on any device, with gradients."""

import torch

from fusion import measure_torch as measure
from fusion.blend import LEAST_WEIGHT, levels_or_paper
from fusion.exposure import check_options
from fusion.pyramid import check_kernel_size
from fusion.pyramid_torch import collapse, gaussian_pyramid, laplacian_pyramid

BAND = 2**19  # pixels of a frame that are rated at once


def quality(frames, *, contrast=1.0, saturation=1.0, exposedness=1.0, sigma=0.2):
    """Rate every pixel by the product of its measures, each to the power of its exponent.

    Parameters
    ----------
    frames : tensor of float of shape (N, C, H, W)
        In [0, 1]. With one channel, saturation is left out.
    contrast, saturation, exposedness : float or tensor of one number, optional
        Exponents, 0 to 50.
    sigma : float, optional
        Spread of the well-exposedness.

    Returns
    -------
    tensor of shape (N, H, W)
        0 and more.
    """
    colour = frames.shape[1] == 3
    frames = measure.unscaled(frames)
    rating = measure.power(measure.contrast(frames), contrast)
    if colour:
        rating = rating * measure.power(measure.saturation(frames), saturation)
    return rating * measure.power(measure.well_exposedness(frames, sigma), exposedness)


def weight_maps(frames, *, contrast=1.0, saturation=1.0, exposedness=1.0, sigma=0.2):
    """Weigh frames by their quality.

    Parameters
    ----------
    frames, contrast, saturation, exposedness, sigma
        As for `quality`.

    Returns
    -------
    tensor of shape (N, H, W)
        Weights that sum to 1 over the frames; 1 / N where no frame has any quality.
    """
    options = {"contrast": contrast, "saturation": saturation, "exposedness": exposedness, "sigma": sigma}
    weights = torch.cat([_in_bands(frame, options) for frame in frames.split(1)]) + float(LEAST_WEIGHT)
    return weights / weights.sum(dim=0)


def _in_bands(frame, options):
    """Quality of a frame, a few rows at a time: large tensors that are soon let go cost more to allocate than to use."""
    height, width = frame.shape[-2:]
    rows = max(1, BAND // width)
    bands = []
    for top in range(0, height, rows):
        above = min(top, 1)
        band = frame[..., top - above : top + rows + 1, :]
        bands.append(quality(band, **options)[:, above : above + rows])
    return torch.cat(bands, dim=1)


def exposure_fusion(stack, *, contrast=1.0, saturation=1.0, exposedness=1.0, sigma=0.2, levels=None, kernel_size=5):
    """Fuse an exposure bracket that is a tensor, so that gradients flow to its frames and to the exponents.

    `fusion.exposure_fusion` calls this when it is given a tensor.

    Parameters
    ----------
    stack : tensor of float of shape (N, C, H, W)
        N >= 1 aligned frames in [0, 1] of one or three channels, on any device.
    contrast, saturation, exposedness : float or tensor of one number, optional
        Exponents, 0 to 50; gradients flow to those that are tensors. One that is learned must be kept from falling below
        0, by ``exponent.clamp_(min=0)`` after each step.
    sigma : float, optional
        Spread of the well-exposedness.
    levels : int, optional
        Levels of detail, 0 to `fusion.pyramid.most_levels`; as in the paper by default.
    kernel_size : {5, 3}, optional
        Taps of the kernel of the pyramids; 5 in the paper.

    Returns
    -------
    tensor of shape (C, H, W)
        Fused image, clipped to [0, 1], on the device and in the type of `stack`.

    Raises
    ------
    ValueError
        If the tensor holds integers, has another shape, leaves [0, 1] or holds NaN, or is on the meta device, where
        tensors have no values; if an option is out of range, or on another device.

    Notes
    -----
    Differs from the result on arrays by less than 1e-4. Where a frame is black, white or gray its weight is 0, and its
    gradient with respect to those pixels' measures is taken for 0, which makes all gradients finite. Half precision is
    computed in single, inside of `torch.autocast` too. All frames are in memory, and with gradients all pyramids too.

    References
    ----------
    .. [1] T. Mertens, J. Kautz, F. Van Reeth, "Exposure fusion," Pacific Graphics 2007. :doi:`10.1109/PG.2007.17`
    """
    _check_stack(stack)
    levels = levels_or_paper(levels, stack.shape[-2:])
    check_kernel_size(kernel_size)
    options = {"contrast": contrast, "saturation": saturation, "exposedness": exposedness, "sigma": sigma}
    _check_tensors(stack, options)
    check_options(**options)
    with torch.autocast(stack.device.type, enabled=False):
        frames = stack.float() if stack.dtype in (torch.float16, torch.bfloat16) else stack
        fused = None
        for frame, weight in zip(frames, weight_maps(frames, **options), strict=True):
            weights = gaussian_pyramid(weight, levels, kernel_size=kernel_size)
            details = laplacian_pyramid(frame, levels, kernel_size=kernel_size)
            fused = fused or [torch.zeros_like(level) for level in details]
            for total, detail, share in zip(fused, details, weights, strict=True):
                total.addcmul_(detail, share)
        return collapse(fused, kernel_size=kernel_size).clamp(0, 1).to(stack.dtype)


def _check_stack(stack):
    if not stack.is_floating_point():
        raise ValueError(
            f"a stack of type {stack.dtype} must be scaled to floats in [0, 1] first: stack / 255 for 8 bits, "
            "stack / 65535 for 16"
        )
    if stack.ndim != 4 or stack.shape[1] not in (1, 3) or 0 in stack.shape:
        raise ValueError(
            f"a tensor of frames has shape (N, C, H, W) with 1 or 3 channels, got {tuple(stack.shape)}; drop an alpha "
            "channel by stack[:, :3], and move channels that stand last by stack.movedim(-1, 1)"
        )
    if stack.is_meta:
        raise ValueError("a tensor on the meta device holds no values to fuse; give one on a real device, such as cpu")
    low, high = float(stack.detach().min()), float(stack.detach().max())
    if not (low >= 0 and high <= 1):
        raise ValueError(
            f"frames lie in [0, 1], got values from {low:g} to {high:g}; scale or clamp them, and replace NaN"
        )


def _check_tensors(stack, options):
    """Raise a ValueError if an option is a tensor of several numbers, or on a device where the frames are not."""
    for name, option in options.items():
        if not torch.is_tensor(option):
            continue
        if option.numel() != 1:
            raise ValueError(f"{name} must be one number, got a tensor of shape {tuple(option.shape)}")
        if option.device not in (stack.device, torch.device("cpu")):
            raise ValueError(
                f"{name} is on {option.device}, the frames are on {stack.device}; move it there, or to the CPU"
            )
