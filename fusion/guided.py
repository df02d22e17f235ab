"""Guided-filter fusion (Li, Kang, Hu 2013): saliency decides, the frames themselves smooth the decision."""

import cv2
import numpy as np

from data import open_stack, to_float, to_gray
from fusion.measure import SALIENCY_REACH, saliency
from fusion.refine import refined, refiner
from fusion.tiles import for_each_tile
from fusion.weights import RunningDecision, per_channel

LAYER_RADIUS = 15  # of the mean that makes the base layer
GUIDES = {"gray": to_gray, "rgb": lambda pixels: pixels}


def decompose(image):
    """Split an image into a base layer, its mean over 31 x 31 pixels, and a detail layer, the rest.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, 3)
        Image in [0, 1].

    Returns
    -------
    base, detail : ndarray of float32
        Shape of `image`; their sum is the image. Borders are replicated.
    """
    image = to_float(np.asarray(image))
    size = 2 * LAYER_RADIUS + 1
    base = cv2.blur(image, (size, size), borderType=cv2.BORDER_REPLICATE)
    return base, image - base


def refine(labels, stack, *, radius, eps, guide="gray"):
    """Smooth the weight map of every frame along the edges of that frame, with a guided filter.

    Parameters
    ----------
    labels : ndarray of shape (H, W)
        Decision map: frame numbers.
    stack : stack
        The N frames.
    radius, eps : int, float
        Of the guided filter: 45 and 0.3 for base layers, 7 and 1e-6 for detail layers in the paper.
    guide : {"gray", "rgb"}, optional
        Whether the gray values or the colours of a frame guide its weights.

    Returns
    -------
    ndarray of float32 of shape (N, H, W)
        Weights clipped to [1e-12, 1], not yet normalised; 0 everywhere for a frame that was chosen nowhere.
    """
    stack = open_stack(stack)
    _check_filter("radius, eps", (radius, eps))
    choose = _guide(guide)
    guides = (choose(stack.pixels(index)) for index in range(len(stack)))
    return np.stack([refined(labels == index, to_float(image), radius, eps) for index, image in enumerate(guides)])


def blend_two_scale(stack, base_weights, detail_weights):
    """Sum the weighted base layers and the weighted detail layers of all frames.

    Parameters
    ----------
    stack : stack
        N frames of shape (H, W) or (H, W, 3).
    base_weights, detail_weights : ndarray of shape (N, H, W)
        Weights that sum to 1 over the frames.

    Returns
    -------
    ndarray of float32
        Shape of a frame; it may leave [0, 1] where the two sets of weights differ.
    """
    stack = open_stack(stack)
    fused = np.zeros(stack.shape[1:], np.float32)
    for frame, base_weight, detail_weight in zip(stack, base_weights, detail_weights, strict=True):
        base, detail = decompose(frame)
        fused += per_channel(base_weight, base) * base + per_channel(detail_weight, detail) * detail
    return fused


def guided_fusion(stack, *, base=(45, 0.3), detail=(7, 1e-6), guide="gray", progress=None):
    """Fuse frames of different focus or exposure by guided filtering.

    Reads every frame twice, the last one once, and holds one at a time.

    Parameters
    ----------
    stack : stack
        N aligned frames: array, list, `data.Stack`, folder or list of files.
    base, detail : (radius, eps), optional
        Of the guided filter that refines the weights of base and of detail layers.
    guide : {"gray", "rgb"}, optional
        Whether gray values or colours of a frame guide its weights. The authors' program used gray.
    progress : callable, optional
        ``progress(iterable, what)`` returns an iterable over the same frames and shows how far it is, as tqdm does.

    Returns
    -------
    ndarray of float32 of shape (H, W) or (H, W, 3)
        Fused image, clipped to [0, 1]. A pixel depends on inputs up to twice the larger radius plus 6 pixels away, 96
        with the radii of the paper; above 2 megapixels, where base weights are computed on a coarse grid, 2 grid steps
        farther (102), and by the position of the grid a part differs from the whole by less than 1/1000.

    Raises
    ------
    DataError
        If a frame cannot be read, or frames differ in size.
    ValueError
        If an option is out of range.

    Notes
    -----
    Exact ties of saliency go to the first frame. Each set of weights is clipped to [1e-12, 1] and scaled to sum
    to 1 everywhere, so that frames share equally where the filter leaves none of them a weight.

    References
    ----------
    .. [1] S. Li, X. Kang, J. Hu, "Image fusion with guided filtering," IEEE TIP 22(7), 2013.
       :doi:`10.1109/TIP.2013.2244222`
    """
    stack = open_stack(stack)
    for name, option in (("base", base), ("detail", detail)):
        _check_filter(name, option)
    choose_guide = _guide(guide)
    progress = progress or (lambda frames, what: frames)
    frames = range(len(stack))
    labels, pixels = _choose(stack, progress(frames, "choosing"))
    sums = _TwoScaleBlend(stack.shape[1:], (base, detail), choose_guide)
    for index in progress(frames[::-1], "blending"):
        if index != frames[-1]:  # the last frame is still at hand
            pixels = None  # let a frame go before the next one is read
            pixels = stack.pixels(index)
        sums.add(pixels, labels == index)
    return sums.result()


def _choose(stack, frames):
    """Return the decision map, and the frame that was read last."""
    decision = RunningDecision(stack.shape[1:3], np.uint8 if len(stack) <= 256 else np.uint16)
    for index in frames:
        pixels = None
        pixels = stack.pixels(index)
        _let_compete(decision, index, to_gray(pixels))
    return decision.labels, pixels


def _let_compete(decision, index, gray):
    def work(tile):
        outer = tile.grow(SALIENCY_REACH, gray.shape)
        decision.add(index, saliency(gray[outer])[tile.within(outer)], tile)

    for_each_tile(work, gray.shape)


def _guide(name):
    if name not in GUIDES:
        raise ValueError(f'guide must be "gray" or "rgb", got {name!r}')
    return GUIDES[name]


def _check_filter(name, option):
    """Raise a ValueError unless an option is a pair (radius, eps)."""
    try:
        radius, eps = option
        valid = 0 <= radius < float("inf") and int(radius) == radius and 0 < eps < float("inf")
    except (TypeError, ValueError):
        valid = False
    if not valid:
        raise ValueError(f"{name} must be a radius in whole pixels and a positive eps, such as (45, 0.3); got {option}")


class _TwoScaleBlend:
    """Running sums of weights and of weighted layers, so that no frame need be kept; worked off tile by tile."""

    def __init__(self, shape, filters, guide):
        self._filters = filters
        self._guide = guide
        self._sums = [np.empty(shape, np.float32) for _ in filters]
        self._totals = [np.empty(shape[:2], np.float32) for _ in filters]
        self._begun = False

    def add(self, pixels, mask):
        """Blend in one frame, given its pixels and where it was chosen."""
        guide = self._guide(pixels)
        refiners = [refiner(mask, guide, radius, eps) for radius, eps in self._filters]
        for_each_tile(lambda tile: self._add_tile(tile, pixels, refiners), mask.shape)
        self._begun = True

    def _add_tile(self, tile, pixels, refiners):
        outer = tile.grow(LAYER_RADIUS, pixels.shape)
        layers = decompose(pixels[outer])
        for refine_tile, layer, total, sums in zip(refiners, layers, self._totals, self._sums, strict=True):
            weight = refine_tile(tile)
            layer, repeated = layer[tile.within(outer)], self._per_channel(weight)
            if self._begun:
                total[tile] += weight
                cv2.accumulateProduct(layer, repeated, sums[tile])
            else:
                total[tile] = weight
                np.multiply(layer, repeated, out=sums[tile])

    def result(self):
        """Scale the sums by the weights, and return the fused image; nothing can be added after that."""
        fused = self._sums[0]
        for_each_tile(self._finish_tile, fused.shape)
        return fused

    def _finish_tile(self, tile):
        for sums, total in zip(self._sums, self._totals, strict=True):
            sums[tile] *= self._per_channel(1 / total[tile])
        base, detail = (sums[tile] for sums in self._sums)
        np.clip(base + detail, 0, 1, out=base)

    def _per_channel(self, weight):
        """Repeat a plane of weights for each channel: faster here than broadcasting."""
        return cv2.cvtColor(weight, cv2.COLOR_GRAY2RGB) if self._sums[0].ndim == 3 else weight
