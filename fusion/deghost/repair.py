"""Frames of a bracket without what contradicts the reference."""

from typing import NamedTuple

import cv2
import numpy as np

from data import open_stack, to_float
from data.image import to_integers
from fusion.deghost.contradiction import consistency, disc, ghost_mask
from fusion.deghost.levels import LEVELS, WHITE
from fusion.deghost.mapping import intensity_mapping
from fusion.tiles import for_each_tile

LONGEST_SIDE = 1000  # pixels of the reduced pictures on which frames are compared
EXPOSED = (20, 235)  # levels between which a value is well exposed
FEATHER, FEATHER_REACH = 1.0, 2  # pixels: sigma of the border of what is replaced, and how far it reaches outwards
WHITENESS = ((LEVELS - 248) / 4).clip(0, 1).astype(np.float32)  # share of the excess in highlights, by level
HIGHLIGHT_STEP = 4  # pixels of the reduced picture to one of the excess in highlights
HIGHLIGHT_SIGMAS = ((2, 1.0), (8, 0.01))  # steps, and weight: the near highlights, or else the far ones


def deghosted(stack, reference=None, *, progress=None):
    """Make all frames of an exposure bracket show what one of them shows, each at its own exposure.

    Where a frame contradicts the reference, it is replaced by the reference, seen through the mapping of intensities
    between the two. Every other pixel stays as it is.

    Parameters
    ----------
    stack : stack
        N aligned frames: array, list, `data.Stack`, folder or list of files.
    reference : int or "auto", optional
        Number of the reference frame, from the end if negative; by default, or for "auto", the `best_exposed`.
    progress : callable, optional
        ``progress(iterable, what)`` returns an iterable over the same frames and shows how far it is, as tqdm does;
        called while a reference is chosen.

    Returns
    -------
    data.Stack
        Lazy: a frame is compared with the reference when it is read first. Names, size, and bit depth are those of
        `stack`; the reference is kept in memory, and of a frame in which something is replaced a mask, a table, and a
        coarse picture of highlights: at most about half a megabyte.

    Raises
    ------
    DataError
        If a frame cannot be read, or frames differ in size.
    ValueError
        If `reference` is no frame of the stack.

    Notes
    -----
    Of frames that are equally well exposed, the first one is the reference. Frames are compared at a size of at most
    1000 pixels, and repaired in the wider of the types of frame and reference. Where the reference is clipped, another frame is believed
    unless it shows less than the value that clips; where that does not hold, the highlights around it fill the gap.
    Nothing is known about things that move inside clipped areas of the reference, are smaller than about 60 pixels of
    the reduced picture, or differ from what they hide by no more than noise.

    References
    ----------
    .. [1] M. D. Grossberg, S. K. Nayar, "Determining the camera response from images: what is knowable?," IEEE TPAMI
       25(11), 2003. :doi:`10.1109/TPAMI.2003.1240119`
    .. [2] O. Gallo, N. Gelfand, W.-C. Chen, M. Tico, K. Pulli, "Artifact-free high dynamic range imaging," ICCP 2009.
       :doi:`10.1109/ICCPHOT.2009.5559003`
    """
    stack = open_stack(stack)
    index = _reference_index(stack, reference, progress)
    return stack.with_frames(_Repair(stack, index).read)


def best_exposed(stack, *, progress=None):
    """Find the frame with the most well-exposed values: neither nearly black nor nearly white.

    Parameters
    ----------
    stack : stack
        N frames.
    progress : callable, optional
        As for `deghosted`.

    Returns
    -------
    int
        Number of the frame; of the first of them, if several are equal.
    """
    stack = open_stack(stack)
    progress = progress or (lambda frames, what: frames)
    shares = [_exposed_share(stack.pixels(index)) for index in progress(range(len(stack)), "choosing a reference")]
    return int(np.argmax(shares))


def _exposed_share(pixels):
    low, high = EXPOSED
    levels = reduced(pixels)
    return ((levels >= low) & (levels <= high)).mean()


def _reference_index(stack, reference, progress):
    """Number of the reference frame, from the start; or a ValueError."""
    if reference is None or (isinstance(reference, str) and reference == "auto"):
        return best_exposed(stack, progress=progress)
    count = len(stack)
    if not isinstance(reference, int | np.integer) or isinstance(reference, bool) or not -count <= reference < count:
        raise ValueError(
            f"reference must be the number of a frame, {-count} to {count - 1} for {count} frames, "
            f'or "auto" for the best exposed one, got {reference!r}'
        )
    return int(reference) % count


class _Plan(NamedTuple):
    """How to repair one frame; kept from its first reading on."""

    mapping: np.ndarray  # (256, C)
    mask: np.ndarray  # of the reduced picture, packed to bits
    highlights: np.ndarray  # (h, w, C), float16: by how much the frame exceeds the mapping where the reference is white


class _Repair:
    """The reference, and what was found out about the frames that were compared with it."""

    def __init__(self, stack, index):
        self._stack = stack
        self._index = index
        self._reference = stack.pixels(index)
        self._small = reduced(self._reference)
        self._plans = {}

    def read(self, index):
        """Read one frame without its ghosts."""
        if index == self._index:
            return self._reference
        pixels = self._stack.pixels(index)
        if index not in self._plans:
            self._plans[index] = self._plan(pixels)
        plan = self._plans[index]
        return pixels if plan is None else self._repaired(pixels, plan)

    def _plan(self, pixels):
        """Compare a frame with the reference; None if they agree."""
        frame = reduced(pixels)
        mapping = intensity_mapping(self._small, frame)
        mask = ghost_mask(consistency(self._small, frame, mapping))
        if not mask.any():
            return None
        highlights = _highlights(np.atleast_3d(self._small), np.atleast_3d(frame), mapping, mask)
        return _Plan(mapping, np.packbits(mask), highlights.astype(np.float16))

    def _repaired(self, pixels, plan):
        shape = self._small.shape[:2]
        mask = np.unpackbits(plan.mask, count=shape[0] * shape[1]).reshape(shape)
        opacity = _feathered(mask)
        highlights = to_float(plan.highlights)
        dtype = np.promote_types(pixels.dtype, self._reference.dtype)
        repaired = pixels.copy() if pixels.dtype == dtype else _as_type(to_float(pixels), dtype)

        def work(tile):
            alpha = _enlarged(opacity, tile, pixels.shape)
            if not alpha.any():
                return
            reference = np.atleast_3d(self._reference[tile])
            seen = _seen_through(plan.mapping, reference)
            seen += _per_value(WHITENESS, reference) * _enlarged(highlights, tile, pixels.shape)
            frame = np.atleast_3d(to_float(pixels[tile]))
            repaired[tile] = _as_type(frame + alpha * (seen - frame), dtype).reshape(repaired[tile].shape)

        for_each_tile(work, pixels.shape)
        return repaired


def _highlights(reference, frame, mapping, mask):
    """By how much a frame exceeds the mapping where the reference is white, spread into the mask, on a coarse grid."""
    white = (reference >= WHITE) & ~mask[..., None]
    if not (reference[mask] >= WHITE).any():
        return np.zeros((1, 1, reference.shape[2]), np.float32)
    size = [-(-length // HIGHLIGHT_STEP) for length in mask.shape[::-1]]
    excess = (to_float(frame) - _seen_through(mapping, reference)) * white
    sums = [_spread(plane, size) for plane in (excess, white.astype(np.float32))]
    return np.divide(*sums, out=np.zeros_like(sums[0]), where=sums[1] > 1e-9)


def _spread(image, size):
    """Reduce an image (H, W, C) to a size, and add up what lies around each pixel: what is near, and a little far."""
    coarse = cv2.resize(image, size, interpolation=cv2.INTER_AREA).reshape(*size[::-1], image.shape[2])
    blurred = [weight * cv2.GaussianBlur(coarse, (0, 0), sigma) for sigma, weight in HIGHLIGHT_SIGMAS]
    return sum(blurred).reshape(coarse.shape)


def _feathered(mask):
    """Opacity of the repair, (H, W, 1): 1 within the mask, 0 a few pixels from it."""
    wide = cv2.dilate(mask, disc(FEATHER_REACH)).astype(np.float32)
    opacity = cv2.GaussianBlur(wide, (4 * FEATHER_REACH + 1,) * 2, FEATHER)
    return cv2.threshold(opacity, 1 / 256, 1, cv2.THRESH_TOZERO)[1][..., None]


def _seen_through(mapping, reference):
    """Show a reference (H, W, C) as another frame would, float32."""
    channels = [_per_value(mapping[:, channel], reference[..., channel]) for channel in range(reference.shape[2])]
    return np.stack(channels, axis=2)


def _per_value(curve, pixels):
    """Values of a curve, given at 256 levels, at pixels of any type."""
    if pixels.dtype == np.uint8:
        return curve[pixels]
    return np.interp(to_float(pixels) * 255, LEVELS, curve).astype(np.float32)


def _as_type(image, dtype):
    """Return a float image in [0, 1] in the type of a frame."""
    image = image.clip(0, 1)
    return image if dtype.kind == "f" else to_integers(image, dtype)


def reduced(pixels, longest=LONGEST_SIDE):
    """Frame in 256 levels, (h, w) or (h, w, 3), its longer side at most so many pixels."""
    scale = min(1, longest / max(pixels.shape[:2]))
    size = [max(1, round(length * scale)) for length in pixels.shape[1::-1]]
    small = pixels if scale == 1 else cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return to_integers(small, np.uint8)


def _enlarged(plane, tile, shape):
    """Interpolate a plane (h, w, C) that covers a picture of a larger shape at the pixels of one tile."""
    step = [small / large for small, large in zip(plane.shape[1::-1], shape[1::-1], strict=True)]
    start = [(s.start + 0.5) * k - 0.5 for s, k in zip((tile.columns, tile.rows), step, strict=True)]
    to_plane = np.array([[step[0], 0, start[0]], [0, step[1], start[1]]])
    size = [s.stop - s.start for s in (tile.columns, tile.rows)]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.atleast_3d(cv2.warpAffine(plane, to_plane, size, flags=flags, borderMode=cv2.BORDER_REPLICATE))
