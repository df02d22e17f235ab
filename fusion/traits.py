"""What the frames of a stack differ in, and what makes them hard to fuse: measured in one pass, before a method is chosen."""

from typing import NamedTuple

import cv2
import numpy as np

from data import open_stack, to_float, to_gray
from fusion.deghost import best_exposed, consistency, ghost_mask
from fusion.deghost.repair import reduced

CELLS = 96  # along the longer side of a frame
SMALLEST_CELL, SAMPLED = 8, 16  # pixels: side of a cell, and of the part of it in which detail is measured
THUMBNAIL = 400  # pixels along the longer side of the pictures in which ghosts are looked for
ENCODING = 2.2  # exponent from values to light, near enough to compare exposures
EXPOSED = (0.08, 0.92)  # means of cells that tell about exposure
FEWEST_CELLS = 20  # exposed in both frames, for these to be compared there
BLACK, WHITE = 0.02, 0.98  # values from which on a pixel may be clipped
UNCLIPPED = 0.05  # share of clipped pixels up to which a cell tells about focus
DARKEST = 0.06  # mean from which on it does
TEXTURED = 6.0  # times the noise, from which on a gradient is texture
LEAST_TEXTURE = 2e-6  # energy of gradients from rounding to 8 bits, and a little more
REFOCUSED = 4.0  # times by which sharpness changes where focus does
JUMP = 4  # a jump of depth is this part of the frames, or more
CLEARLY = 3.0  # times sharper in its own frame than in that of the cell beside it
BESIDE = (  # the cells that have one on the right, and that one; below alike
    ((slice(None), slice(None, -1)), (slice(None), slice(1, None))),
    ((slice(None, -1), slice(None)), (slice(1, None), slice(None))),
)
REACH = 2  # cells that light of a cell may reach when it is out of focus
MOVED = 0.05  # value by which the mean of a cell leaves what its neighbourhood shows in another frame
LAPLACIAN_OF_NOISE = 20.0  # energy of the Laplacian of white noise, over its variance
UNSURE = 0.5  # share of it by which it changes from cell to cell
TO_SIGMA = 1 / 6  # standard deviation over the response of the mask that sees noise alone


class Traits(NamedTuple):
    """Properties of a stack on which the choice of a method rests.

    Attributes
    ----------
    count : int
        Number of frames.
    shape : tuple of int
        Height and width.
    stops : float
        Exposure of the brightest frame over that of the darkest.
    refocused : float
        Share of the texture whose sharpness changes four times and more from frame to frame.
    jumps : float
        Share of the cells with texture that are beside one which is sharpest a quarter of the frames away, or more.
    noise : float
        Standard deviation of noise, in levels of 255.
    glare : float
        Share of the picture that is white in some frames, and not in others of the same exposure.
    white, black : float
        Share of the picture that is clipped in all frames.
    moving : float
        Share of the picture in which a frame shows something else than another one, beyond focus and exposure.
    """

    count: int
    shape: tuple
    stops: float
    refocused: float
    jumps: float
    noise: float
    glare: float
    white: float
    black: float
    moving: float


class Cells(NamedTuple):
    """Means over the cells of a frame, each of shape (h, w), and a small picture of it."""

    mean: np.ndarray
    laplacian: np.ndarray  # energy
    gradient: np.ndarray  # energy
    noise: np.ndarray  # variance of what the mask that sees noise alone finds
    white: np.ndarray  # share of the pixels
    black: np.ndarray
    thumbnail: np.ndarray  # uint8


def measure_traits(stack, *, progress=None):
    """Measure what the frames of a stack differ in, and what makes them hard to fuse.

    Reads every frame once, and holds one while the next one is read.

    Parameters
    ----------
    stack : stack
        N aligned frames: array, list, `data.Stack`, folder or list of files.
    progress : callable, optional
        ``progress(iterable, what)`` returns an iterable over the same frames and shows how far it is, as tqdm does.

    Returns
    -------
    Traits

    Raises
    ------
    DataError
        If a frame cannot be read, or frames differ in size.

    Notes
    -----
    Sharpness is the energy of the Laplacian over that of the gradient in a cell, less what noise brings to both: a
    longer exposure multiplies the two alike, and defocus takes more of the first.
    """
    stack = open_stack(stack)
    progress = progress or (lambda frames, what: frames)
    frames = stack.read_ahead(progress(range(len(stack)), "looking at the frames"))
    cells = [cells_of(pixels) for _, pixels in frames]
    noises = [_noise_of(frame) for frame in cells]
    sharpness, known = _sharpness(cells, noises)
    stops = _stops(cells)
    white = np.stack([frame.white for frame in cells])
    return Traits(
        count=len(stack),
        shape=tuple(stack.shape[1:3]),
        stops=stops,
        refocused=_refocused(sharpness, known, cells),
        jumps=_jumps(sharpness, known),
        noise=255 * float(np.median(noises)),
        glare=float(np.mean(np.ptp(white, axis=0))),
        white=float(white.min(axis=0).mean()),
        black=float(np.min([frame.black for frame in cells], axis=0).mean()),
        moving=_moving(cells, stops),
    )


def cells_of(pixels):
    """Measure one frame, uint8, uint16 or float, in cells."""
    gray, side = to_gray(pixels), _side(pixels.shape)
    h, w = gray.shape[0] // side, gray.shape[1] // side
    area = gray[: h * side, : w * side]
    sampled = min(side, SAMPLED)
    parts = _parts(area, side, sampled)
    light = _parts((pixels if pixels.ndim == 2 else pixels.max(axis=2))[: h * side, : w * side], side, sampled)
    values = to_float(parts)
    return Cells(
        mean=cv2.resize(to_float(area), (w, h), interpolation=cv2.INTER_AREA),
        laplacian=_energy(_laplacian(values)),
        gradient=_energy(_differences(values)),
        noise=_energy(_noise(values)) * TO_SIGMA**2,
        white=(to_float(light) >= WHITE).mean(axis=(2, 3), dtype=np.float32),
        black=(values <= BLACK).mean(axis=(2, 3), dtype=np.float32),
        thumbnail=reduced(pixels, THUMBNAIL),
    )


def _side(shape):
    """Side of a cell in pixels: as a rule a share of the frame, 8 or more, and no more than the frame has."""
    return min(max(SMALLEST_CELL, round(max(shape[:2]) / CELLS)), *shape[:2])


def _parts(area, side, sampled):
    """Return the first pixels of each cell, (h, w, sampled, sampled)."""
    h, w = area.shape[0] // side, area.shape[1] // side
    return np.ascontiguousarray(area.reshape(h, side, w, side)[:, :sampled, :, :sampled].swapaxes(1, 2))


def _laplacian(values):
    middle = values[..., 1:-1, 1:-1]
    return values[..., :-2, 1:-1] + values[..., 2:, 1:-1] + values[..., 1:-1, :-2] + values[..., 1:-1, 2:] - 4 * middle


def _differences(values):
    """Differences over two pixels, along both directions, halved."""
    across = values[..., 1:-1, 2:] - values[..., 1:-1, :-2]
    down = values[..., 2:, 1:-1] - values[..., :-2, 1:-1]
    return np.stack([across, down], axis=-1) / 2


def _noise(values):
    """Second differences in both directions: of a smooth surface nothing is left."""
    down = values[..., :-2, :] - 2 * values[..., 1:-1, :] + values[..., 2:, :]
    return down[..., :-2] - 2 * down[..., 1:-1] + down[..., 2:]


def _energy(detail):
    """Mean square over a cell; 0 where it is too small to have detail."""
    axes = tuple(range(2, detail.ndim))
    return (
        np.square(detail).mean(axis=axes, dtype=np.float32) * (detail.ndim - 3)
        if detail.size
        else np.zeros(detail.shape[:2], np.float32)
    )


def _noise_of(frame):
    """Standard deviation of noise: that of the quietest tenth of the cells that are not clipped."""
    variances = frame.noise[(frame.white < UNCLIPPED) & (frame.black < 0.5)]
    return float(np.sqrt(np.quantile(variances, 0.1))) if variances.size else 0.0


def _sharpness(cells, noises):
    """Sharpness of every cell in every frame, (N, h, w), and where it is known."""
    sharpness, known = [], []
    for frame, noise in zip(cells, noises, strict=True):
        variance = noise**2
        brought = LAPLACIAN_OF_NOISE * variance
        fine = np.maximum(frame.laplacian - brought, UNSURE * brought) + 1e-8
        coarse = np.maximum(frame.gradient - variance, 0) + 4e-7
        sharpness.append(fine / coarse)
        textured = frame.gradient > TEXTURED * variance + LEAST_TEXTURE
        known.append(textured & (frame.white < UNCLIPPED) & (frame.mean > DARKEST))
    return np.stack(sharpness), np.stack(known)


def _refocused(sharpness, known, cells):
    """Share of the texture whose sharpness changes much, where two frames or more tell of it."""
    told = known.sum(axis=0) >= 2
    if not told.any():
        return 0.0
    sharpest = np.where(known, sharpness, 0).max(axis=0)[told]
    softest = np.where(known, sharpness, np.inf).min(axis=0)[told]
    texture = np.max([frame.gradient for frame in cells], axis=0)[told]
    return float(np.average(sharpest > REFOCUSED * softest, weights=texture))


def _jumps(sharpness, known):
    """Share of the cells that tell of depth beside which another one clearly tells of another depth."""
    seen = np.where(known, sharpness, 0)
    index = seen.argmax(axis=0)
    tells = known.any(axis=0) & (seen.max(axis=0) > REFOCUSED * sharpness.min(axis=0))
    jumps = np.zeros_like(tells)
    for here, there in BESIDE:
        apart = abs(index[here] - index[there]) >= max(1, -(-len(seen) // JUMP))
        clear = _prefers(seen, index, here, there) & _prefers(seen, index, there, here)
        jumping = apart & clear & tells[here] & tells[there]
        jumps[here] |= jumping
        jumps[there] |= jumping
    return float(jumps.sum() / max(tells.sum(), 1))


def _prefers(seen, index, here, there):
    """Tell which cells are much sharper in their own frame than in that of the cell beside them."""
    values = seen[(slice(None), *here)]
    own, other = (np.take_along_axis(values, index[where][None], axis=0)[0] for where in (here, there))
    return own > CLEARLY * other


def _stops(cells):
    """Exposure of the brightest frame over that of the darkest, in stops."""
    order = sorted(cells, key=lambda frame: frame.mean.mean())
    return sum((_step(darker, brighter) for darker, brighter in zip(order, order[1:])), 0.0)


def _step(darker, brighter):
    """Stops between two frames: where both are well exposed, or else of all their light."""
    low, high = EXPOSED
    both = [(low < frame.mean) & (frame.mean < high) for frame in (darker, brighter)]
    exposed = both[0] & both[1]
    if exposed.sum() >= FEWEST_CELLS:
        return ENCODING * float(np.median(np.log2(brighter.mean[exposed] / darker.mean[exposed])))
    return ENCODING * float(np.log2(max(brighter.mean.mean(), 1e-3) / max(darker.mean.mean(), 1e-3)))


def _moving(cells, stops):
    """Share of the picture in which frames contradict each other."""
    if len(cells) < 2:
        return 0.0
    contradictions = _ghosts(cells) if stops >= 1 else _contradictions(cells)
    return float(np.any(list(contradictions), axis=0).mean())


def _ghosts(cells):
    """Where a frame contradicts the best exposed one, seen through the mapping of intensities between the two."""
    pictures = [frame.thumbnail for frame in cells]
    reference = pictures[best_exposed(pictures)]
    return [ghost_mask(consistency(reference, picture)) for picture in pictures if picture is not reference]


def _contradictions(cells):
    """Where the mean of a cell leaves what its neighbourhood shows in the frame before, which no defocus can do."""
    around = np.ones((2 * REACH + 1,) * 2, np.uint8)
    for one, other in zip(cells, cells[1:]):
        low, high = cv2.erode(one.mean, around), cv2.dilate(one.mean, around)
        back_low, back_high = cv2.erode(other.mean, around), cv2.dilate(other.mean, around)
        yield (
            (other.mean < low - MOVED)
            | (other.mean > high + MOVED)
            | (one.mean < back_low - MOVED)
            | (one.mean > back_high + MOVED)
        )
