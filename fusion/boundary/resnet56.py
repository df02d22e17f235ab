"""The paper's network: a residual network of 56 layers that looks at patches of 64 x 64 pixels of both frames."""

WIDTHS = (16, 32, 64)  # channels of the three stages; height and width are halved between them
BLOCKS = 9  # of two layers each, in a stage
PATCH = 64  # pixels: height and width of what the network looks at to judge the pixel in the middle
STRIDE = 4  # of the last stage


def layers():
    """Return the layers by name: (inputs, outputs, size of the kernel); batch normalisation is part of them."""
    found, width = {"enter": (2, WIDTHS[0], 3)}, WIDTHS[0]
    for stage, wider in enumerate(WIDTHS):
        for block in range(BLOCKS):
            found |= {f"{stage}.{block}.a": (width, wider, 3), f"{stage}.{block}.b": (wider, wider, 3)}
            width = wider
    return found | {"leave": (width, 1, 1)}


def evidence(frames, parameters, ops, *, dense=False):
    """Return what the network sees at each position of its last stage, before the mean over a patch.

    Parameters
    ----------
    frames : array of shape (..., 2, H, W)
        The frame and its rival as channels, gray, from -2 to 2 (`scaled`).
    parameters : dict
        Weight and bias of every one of the `layers`, ``name.weight`` and ``name.bias``.
    ops : module
        `layers_numpy` or `layers_torch`.
    dense : bool, optional
        Do not halve but spread the kernels (dilation 2, then 4): a value for every pixel, at seven times the cost.

    Returns
    -------
    array of shape (..., 1, H / 4, W / 4), or (..., 1, H, W) if `dense`
        Positive where the frame is in focus.
    """

    def convolve(x, name, **options):
        return ops.convolve(x, parameters[f"{name}.weight"], parameters[f"{name}.bias"], **options)

    x, dilation = convolve(frames, "enter", rectified=True), 1
    for stage in range(len(WIDTHS)):
        for block in range(BLOCKS):
            halves = stage > 0 and block == 0
            step = 2 if halves and not dense else 1
            y = convolve(x, f"{stage}.{block}.a", stride=step, dilation=dilation, rectified=True)
            dilation *= 2 if halves and dense else 1
            y = convolve(y, f"{stage}.{block}.b", dilation=dilation)
            x = ops.rectify(ops.add(ops.shortcut(x, y, step), y))
    return convolve(x, "leave")


def scaled(frame):
    """Return gray values in [0, 1] as the network takes them."""
    return frame * 4 - 2
