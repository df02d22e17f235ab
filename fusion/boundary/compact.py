"""The compact network: a U of convolutions, written once for NumPy and for PyTorch."""

WIDTHS = (32, 48, 64, 64)  # channels at a half, a quarter, an eighth and a sixteenth of the size
BLENDS = len(WIDTHS)  # levels of a pyramid below the finest that get a weight of their own
STRIDE = 2 ** len(WIDTHS)  # height and width that it takes are multiples of it


def layers(planes):
    """Return the layers by name: (inputs, outputs, size of the kernel), for a network of so many input planes."""
    first, *coarser = WIDTHS
    found = {"enter": (4 * planes, first, 3)} | _pair("0", first)
    for level, (above, width) in enumerate(zip(WIDTHS[:-1], coarser, strict=True), 1):
        found |= {f"down{level}": (above, width, 3)} | _pair(str(level), width)
        found |= {f"up{level}": (width, above, 1), f"join{level}": (above, above, 3)}
        found |= {f"blend{level + 1}": (width, 1, 3)}
    return found | {"blend1": (first, 1, 3), "leave": (first, 8, 3)}


def _pair(name, width):
    return {f"{name}a": (width, width, 3), f"{name}b": (width, width, 3)}


def look(planes, parameters, ops):
    """Run the network on what is seen of a frame beside a rival.

    Parameters
    ----------
    planes : array of shape (..., planes, H, W)
        Height and width are multiples of `STRIDE`.
    parameters : dict
        Weight and bias of every one of the `layers`, ``name.weight`` and ``name.bias``.
    ops : module
        `layers_numpy` or `layers_torch`.

    Returns
    -------
    list of array
        Planes of one channel: evidence that the pixel is in focus, then that of each band of a Laplacian pyramid: at
        full size, at a half, and so on down to a sixteenth, which is what is left.
    """

    def convolve(x, name, **options):
        return ops.convolve(x, parameters[f"{name}.weight"], parameters[f"{name}.bias"], **options)

    def residual(x, name):
        return ops.add(x, convolve(convolve(x, f"{name}a", rectified=True), f"{name}b"))

    x = residual(convolve(ops.fold(planes), "enter", rectified=True), "0")
    seen = [x]
    for level in range(1, len(WIDTHS)):
        x = residual(convolve(x, f"down{level}", stride=2, rectified=True), str(level))
        seen.append(x)
    blends = [convolve(x, f"blend{len(WIDTHS)}")]
    for level in reversed(range(1, len(WIDTHS))):
        wider = ops.add(ops.enlarge(convolve(x, f"up{level}")), seen[level - 1])
        x = convolve(ops.rectify(wider), f"join{level}", rectified=True)
        blends.append(convolve(x, f"blend{level}"))
    score, finest = ops.unfold(convolve(x, "leave"))
    return [score, finest, *reversed(blends)]


def compare(own, rival, parameters, ops):
    """Return how much more a frame is in focus than its rival: exchanging the two changes the sign of everything."""
    looks = (look(planes, parameters, ops) for planes in (own, rival))
    return [ops.subtract(mine, other) for mine, other in zip(*looks, strict=True)]
