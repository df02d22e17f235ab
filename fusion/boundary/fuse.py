"""Boundary-aware fusion: networks decide which frame is in focus, once more near the boundary; pixels are copied."""

import cv2
import numpy as np

from data import open_stack, to_float, to_gray
from fusion.blend import accumulate
from fusion.boundary.decide import SMALLEST, without_islands
from fusion.boundary.networks import check_network
from fusion.boundary.rivals import Rivals
from fusion.boundary.score import first_look, second_look
from fusion.pyramid import collapse, laplacian_pyramid, most_levels
from fusion.weights import RunningDecision, copied, per_channel

BLENDS = ("copy", "pyramid")
MOST_FRAMES = 65536
NEARBY, SLACK = 5, 0.5  # pixels, and share of the difference of the frames within them by which a mix may leave these
STRONGEST = 20.0  # evidence beyond which a frame has all the weight there is


def boundary_fusion(stack, *, network="compact", refine=True, blend="copy", smallest=SMALLEST, progress=None):
    """Fuse frames of different focus by networks that are trained for the boundary between focused and defocused.

    Every frame is compared with a rival: of two frames with the other one, of more with the one that has most detail
    in a pixel of all other ones. Near the boundary a second network looks again. Small regions that the network is
    not sure of are removed from the decision, and every pixel is copied from the frame that is in focus there; or bands
    of the frames are mixed.

    Parameters
    ----------
    stack : stack
        N >= 2 aligned frames of like exposure: array, list, `data.Stack`, folder or list of files.
    network : {"compact", "resnet56"}, optional
        Ours, or the paper's, which takes about fifteen times as long.
    refine : bool, optional
        Whether the second network looks again near the boundary.
    blend : {"copy", "pyramid"}, optional
        "copy" takes every pixel from one frame as it is. "pyramid" mixes Laplacian pyramids by what the compact network
        says of each band, and multiplies details by 0 to 2, as they are too strong or too weak: nearer to the truth
        where a blurred foreground spreads over what is behind it, but no pixel is that of a frame. It leaves the range
        of the frames in a pixel by half of what they differ in nearby, at most.
    smallest : float, optional
        Share of the picture: smaller regions of the decision map are removed if the network is not sure of them. Of no
        effect with "pyramid".
    progress : callable, optional
        ``progress(iterable, what)`` returns an iterable over the same frames and shows how far it is, as tqdm does.

    Returns
    -------
    ndarray of float32 of shape (H, W) or (H, W, 3)
        Fused image, in [0, 1]. The order of frames does not matter, but for exact ties, which go to the first. The
        network sees up to 160 pixels around a pixel, and as many of the picture at half its size; islands are a matter
        of the whole picture.

    Raises
    ------
    DataError
        If a frame cannot be read, or frames differ in size.
    ValueError
        If there is one frame, or an option is unknown or out of range.

    References
    ----------
    .. [1] H. Ma, J. Zhang, S. Liu, Q. Liao, "Boundary aware multi-focus image fusion using deep neural network," ICME
       2019. :doi:`10.1109/ICME.2019.00201`
    """
    stack, progress = open_stack(stack), progress or (lambda frames, what: frames)
    if blend not in BLENDS:
        raise ValueError(f'blend must be "copy" or "pyramid", got {blend!r}')
    check_network(network)
    _check_smallest(smallest)
    if blend == "pyramid" and network != "compact":
        raise ValueError(f'blend="pyramid" needs network="compact", for {network} knows nothing of bands')
    if blend == "pyramid":
        return _mixed(stack, _Comparison(stack, network, refine=refine, bands=True), progress)
    labels = boundary_decision(stack, network=network, refine=refine, smallest=smallest, progress=progress)
    return copied(stack, labels, progress=progress)


def boundary_decision(stack, *, network="compact", refine=True, smallest=SMALLEST, progress=None):
    """Decide which frame every pixel is taken from.

    Parameters and errors are those of `boundary_fusion`.

    Returns
    -------
    ndarray of uint16 of shape (H, W)
        Frame numbers, 0..N-1.
    """
    _check_smallest(smallest)
    stack, progress = open_stack(stack), progress or (lambda frames, what: frames)
    decision = RunningDecision(stack.shape[1:3], np.uint16)
    for index, found in _Comparison(stack, network, refine=refine).frames(progress):
        decision.add(index, found.score)
    return without_islands(decision.labels, np.tanh(np.maximum(decision.best, 0) / 2), smallest=smallest)


def _check_smallest(smallest):
    if not 0 <= smallest < 1:
        raise ValueError(f"smallest is a share of the picture, in [0, 1), got {smallest}")


class _Comparison:
    """Every frame of a stack beside its rival; frames are read one at a time."""

    def __init__(self, stack, network, *, refine, bands=False):
        check_network(network)
        if not 2 <= len(stack) <= MOST_FRAMES:
            few = "is the only frame; fusion needs two or more pictures of one scene"
            raise ValueError(
                f"{stack.names[0]}: {few if len(stack) < 2 else f'is one of more than {MOST_FRAMES} frames'}"
            )
        self._stack, self._network, self._refine, self._bands = stack, network, refine, bands

    def frames(self, progress):
        """Yield the number of each frame, and a `Comparison` of it with its rival."""
        if len(self._stack) == 2:
            found = self._compare(*(_gray(self._stack.pixels(index)) for index in range(2)), progress)
            yield 0, found
            yield 1, found.exchanged()
            return
        rivals, numbers = Rivals(self._stack.shape[1:3]), range(len(self._stack))
        for index, pixels in self._stack.read_ahead(progress(numbers, "finding rivals")):
            rivals.add(index, _gray(pixels))
        rivals.complete()
        for index, pixels in self._stack.read_ahead(progress(numbers, "comparing")):
            yield index, self._compare(_gray(pixels), rivals.of(index))

    def _compare(self, own, rival, progress=None):
        found = first_look(own, rival, self._network, bands=self._bands, progress=progress)
        if self._refine:
            second_look(own, rival, found, self._network, progress=progress)
        return found


def _mixed(stack, comparison, progress):
    """Mix Laplacian pyramids: frames share each band by their evidence, times their gains."""
    blend, bounds = None, _Bounds()
    for index, found in comparison.frames(progress):
        pixels = stack.pixels(index)
        bounds.add(pixels)
        levels = min(len(found.gains), most_levels(stack.shape[1:3]))
        pyramid = laplacian_pyramid(to_float(pixels), levels)
        blend = blend or _BandBlend(pyramid)
        blend.add(pyramid, found)
        pixels = pyramid = found = None  # let them go before the next frame comes
    return bounds.held(blend.result())


class _Bounds:
    """The range of the frames in each pixel, which a mix leaves by no more than frames differ nearby.

    It may leave it: no frame shows what is behind a blurred rim. Where all frames are equal, so is the mix.
    """

    def __init__(self):
        self._low = self._high = None

    def add(self, pixels):
        if self._low is None:
            self._low, self._high = pixels.copy(), pixels.copy()
            return
        if pixels.dtype != self._low.dtype:  # each frame comes in the smallest type that holds it
            pixels, self._low, self._high = (to_float(values) for values in (pixels, self._low, self._high))
        cv2.min(self._low, pixels, dst=self._low)
        cv2.max(self._high, pixels, dst=self._high)

    def held(self, image):
        """Bring an image into the bounds, in place; the bounds cannot be used after that."""
        low, high = to_float(self._low), to_float(self._high)
        self._low = self._high = None
        slack = cv2.dilate(cv2.subtract(high, low), np.ones((NEARBY, NEARBY), np.uint8))
        slack *= SLACK
        cv2.max(image, cv2.subtract(low, slack), dst=image)
        return cv2.min(image, cv2.add(high, slack, dst=slack), dst=image).clip(0, 1, out=image)


class _BandBlend:
    """Running sums of the bands of frames and of their shares."""

    def __init__(self, pyramid):
        self._sums = [np.zeros_like(level) for level in pyramid]
        self._totals = [np.zeros(level.shape[:2], np.float32) for level in pyramid]

    def add(self, pyramid, found):
        gains = [*found.gains[: len(pyramid) - 1], 1]  # small pictures have fewer bands than the network knows of
        for level, band, gain, so_far, total in zip(pyramid, found.bands, gains, self._sums, self._totals):
            share = np.exp(np.clip(band / 2, -STRONGEST, STRONGEST))
            accumulate(so_far, level, share * gain)
            total += share

    def result(self):
        """Return the fused picture; nothing can be added after that."""
        for so_far, total in zip(self._sums, self._totals, strict=True):
            so_far /= per_channel(total, so_far)
        return collapse(self._sums).clip(0, 1)


def _gray(pixels):
    return to_float(to_gray(pixels))
