"""The compact network: a U of convolutions, written once for NumPy and for PyTorch."""

from typing import Any, NamedTuple

WIDTHS = (32, 48, 64, 64)  # channels at a half, a quarter, an eighth and a sixteenth of the size
FINE = (8, 16)  # channels at full size: that come from the half, and that are made of them and of the frames
STRIDE = 2 ** len(WIDTHS)  # height and width that it takes are multiples of it
DETAILS = len(WIDTHS)  # bands of detail of the Laplacian pyramid that it blends; what is left below them is one more


class Look(NamedTuple):
    """What the network says of a frame beside a rival; all of shape (..., 1, h, w)."""

    score: Any  # evidence that the pixel is in focus, at full size
    bands: list  # the same of each band of a Laplacian pyramid: of full size, a half, and so on, and of what is left
    gains: list  # logarithm of the odds by which details of each band are multiplied: 0 for 1, the largest for 2


def layers(planes):
    """Return the layers by name: (inputs, outputs, size of the kernel), for a network of so many input planes."""
    first, *coarser = WIDTHS
    unfolded, fine = FINE
    found = {"enter": (4 * planes, first, 3)} | _pair("0", first)
    for level, (above, width) in enumerate(zip(WIDTHS[:-1], coarser, strict=True), 1):
        found |= {f"down{level}": (above, width, 3)} | _pair(str(level), width)
        found |= {f"up{level}": (width, above, 1), f"join{level}": (above, above, 3)}
        found |= {f"blend{level}": (above, 2, 3)}
    found |= {f"blend{DETAILS}": (WIDTHS[-1], 1, 3), "unfold": (first, 4 * unfolded, 3)}
    return found | {"fine": (unfolded + 2, fine, 3), "leave": (fine, 3, 3)}


def _pair(name, width):
    return {f"{name}a": (width, width, 3), f"{name}b": (width, width, 3)}


def look(planes, parameters, ops):
    """Run the network on what is seen of a frame beside a rival.

    Parameters
    ----------
    planes : array of shape (..., planes, H, W)
        As `fusion.boundary.inputs.input_planes` returns them; height and width are multiples of `STRIDE`.
    parameters : dict
        Weight and bias of every one of the `layers`, ``name.weight`` and ``name.bias``.
    ops : module
        `layers_numpy` or `layers_torch`.

    Returns
    -------
    Look
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
    bands, gains = [convolve(x, f"blend{DETAILS}")], []
    for level in reversed(range(1, len(WIDTHS))):
        wider = ops.add(ops.enlarge(convolve(x, f"up{level}")), seen[level - 1])
        x = convolve(ops.rectify(wider), f"join{level}", rectified=True)
        band, gain = ops.apart(convolve(x, f"blend{level}"))
        bands.append(band)
        gains.append(gain)
    fine = ops.join(ops.unfold(convolve(x, "unfold", rectified=True)), ops.first(planes, 2))
    score, band, gain = ops.apart(convolve(convolve(fine, "fine", rectified=True), "leave"))
    return Look(score, [band, *reversed(bands)], [gain, *reversed(gains)])
