"""Focus stacking by Laplacian pyramids (Burt, Adelson 1983; Wang, Chang 2011), with one frame in memory at a time."""

import math
from typing import NamedTuple

import numpy as np

from data import open_stack, to_float
from data.image import to_integers
from fusion.coverage import check_matrices
from fusion.evidence import FramePyramid
from fusion.log_maximum import LogMaximum
from fusion.noise import LEAST_NOISE, stack_noise
from fusion.pyramid import most_levels
from fusion.selection import POWER, Selection
from fusion.tiles import TILE

COARSEST = 16  # pixels or more that the smaller side of the coarsest image has by default
PREFERENCE = 2.0  # by how much less energy one end of the stack wins against the other, if it is preferred
BASE = 150e6  # bytes that Python, its libraries and what is left of aligning take


class Stacked(NamedTuple):
    """A fused stack, and where it comes from."""

    image: np.ndarray  # (H, W[, 3]) of the bit depth of the frames, or float32
    index: np.ndarray | None  # (H, W) uint16: the frame that counts most
    confidence: np.ndarray | None  # (H, W) float32: how much more it counts than all do on average, in [0, 1]


def pyramid_fusion(
    stack,
    *,
    levels=None,
    kernel_size=5,
    naive=False,
    prefer=None,
    consistent=True,
    bounded=True,
    progress=None,
):
    """Fuse frames of different focus into one that is sharp all over.

    Looks at every frame for noise; then fuses in one pass, in which it holds one frame while the next one is read.

    Parameters
    ----------
    stack : stack
        N aligned frames: array, list, `data.Stack`, folder or list of files.
    levels : int, optional
        Levels of detail, 1 to `fusion.pyramid.most_levels`; by default as many as leave `COARSEST` pixels along the
        smaller side.
    kernel_size : int, optional
        Side of the region in which energy is summed up, in pixels; with `naive`, of the Gaussian and the Laplacian. Odd,
        3 to 31.
    naive : bool, optional
        Take each pixel from the frame whose Laplacian of Gaussian is strongest there, without a pyramid; of the other
        options, `kernel_size` alone matters then.
    prefer : None, "first" or "last", optional
        Which end of the stack wins where things of different depth are sharp in the same place, such as a background
        that is seen through the blurred rim of a foreground: the frames must be in the order of their focus then.
    consistent : bool, optional
        Let levels tell each other what they found. Without it, each level is fused on its own.
    bounded : bool, optional
        Keep each pixel within the range of the frames there. Without it, only within [0, 1].
    progress : callable, optional
        ``progress(iterable, what)`` returns an iterable over the same frames and shows how far it is, as tqdm does.

    Returns
    -------
    ndarray of float32 of shape (H, W) or (H, W, 3)
        Fused image in [0, 1].

    Raises
    ------
    DataError
        If a frame cannot be read, or frames differ in size.
    ValueError
        If an option is out of range.

    Notes
    -----
    As in [2]_, the energy of a region decides about details, and deviation and entropy about the coarsest image. We
    leave the paper in these points, each of which is measured in the chapter "Focus stacking":

    - The evidence for a frame in a level is the energy there, and that of finer levels, which counts four times as much
      for each level, for the finest details tell most about focus; then a little of what coarser levels found.
    - Frames are averaged with weights ``(evidence + 4 * noise) ** 6`` instead of taking the strongest one, so that
      noise is averaged where nothing else is seen. It is the energy of the quietest tenth of the quieter frames. Noise
      itself decides a little, the more so in gray: of 40 frames in colour about 24 count, in gray 5.
    - The result stays within the range of the frames in each pixel.

    But for rounding, the order of frames does not matter, unless `prefer` is given.

    References
    ----------
    .. [1] P. J. Burt, E. H. Adelson, "The Laplacian pyramid as a compact image code," IEEE Trans. Commun. 31(4), 1983.
       :doi:`10.1109/TCOM.1983.1095851`
    .. [2] W. Wang, F. Chang, "A multi-focus image fusion method based on Laplacian pyramid," J. Comput. 6(12), 2011.
       :doi:`10.4304/jcp.6.12.2559-2566`
    """
    options = {"levels": levels, "kernel_size": kernel_size, "naive": naive, "prefer": prefer}
    options |= {"consistent": consistent, "bounded": bounded}
    return stack_frames(stack, **options, dtype=np.float32, progress=progress).image


def stack_frames(
    stack,
    *,
    levels=None,
    kernel_size=5,
    naive=False,
    prefer=None,
    consistent=True,
    bounded=True,
    matrices=None,
    noise=None,
    mapped=False,
    ram=None,
    workers=None,
    dtype=None,
    progress=None,
):
    """Fuse frames as `pyramid_fusion` does, within a budget of memory, and tell where each pixel comes from.

    Parameters
    ----------
    stack, levels, kernel_size, naive, prefer, consistent, bounded, progress
        As for `pyramid_fusion`.
    matrices : sequence of N ndarray of shape (3, 3), optional
        Those by which the frames were aligned, from frame to result: what lies outside of a frame does not count.
    noise : float, optional
        Energy of noise, if it is known, as `fusion.noise.stack_noise` estimates it; else all frames are read for it first.
    mapped : bool, optional
        Make `index` and `confidence`.
    ram : float, optional
        Bytes that the process may take, with all that it holds. If they are few, the finest level is fused in strips,
        and all frames are read again for each. The result is the same, bit for bit.
    workers : int, optional
        Threads that work on a frame; by default one for two processors, 4 at most.
    dtype : dtype, optional
        Of the fused image; by default the integers of the bit depth of the stack.

    Returns
    -------
    Stacked

    Raises
    ------
    DataError
        If a frame cannot be read, or frames differ in size.
    ValueError
        If an option is out of range, or the budget too small.
    """
    stack = open_stack(stack)
    levels = check_options(stack.shape[1:], levels=levels, kernel_size=kernel_size, prefer=prefer, workers=workers)
    matrices = check_matrices(matrices, len(stack))
    if not (noise is None or LEAST_NOISE <= noise < 1):
        raise ValueError(f"noise must be an energy from {LEAST_NOISE} to 1, as stack_noise returns it, got {noise}")
    dtype = np.dtype(dtype or {8: np.uint8, 16: np.uint16}[stack.bit_depth])
    if dtype not in (np.float32, np.uint8, np.uint16):
        raise ValueError(f"dtype must be float32, uint8 or uint16, got {dtype}")
    progress = progress or (lambda frames, what: frames)
    strips = strips_within(ram, stack.shape[1:], stack.bit_depth, mapped=mapped, naive=naive)
    if naive:
        return _by_log(stack, kernel_size, dtype, mapped, matrices, progress)
    noise = stack_noise(stack, window=kernel_size, progress=progress) if noise is None else noise
    pyramid = FramePyramid(stack.shape[1:], levels, window=kernel_size, consistent=consistent, workers=workers)
    noises = [noise if consistent else noise / 4**level for level in range(levels + 1)]
    outcome = {"bounded": bounded, "mapped": mapped, "workers": workers}
    selection = Selection(pyramid.shapes, strips[0].stop, dtype, noise=noises, **outcome)
    factors = _preferences(len(stack), prefer)
    frames = stack.read_ahead([*range(len(stack))] * len(strips))
    for step in progress(range(len(stack) * len(strips)), "fusing"):
        if step % len(stack) == 0:
            selection.begin(strips[step // len(stack)])
        index, pixels = next(frames)
        pyramid.measure(pixels)
        selection.add(pyramid, pixels, index, factor=factors[index], matrix=matrices[index])
        pyramid.forget()
        pixels = None  # so that it is gone before the next one is handed out
        if index == len(stack) - 1:
            selection.finish(len(stack))
    return Stacked(selection.image, selection.index, selection.confidence)


def default_levels(shape):
    """Levels of detail that leave `COARSEST` pixels along the smaller side of the coarsest image, and 1 at least."""
    return max(1, int(math.log2(min(shape[:2]) / COARSEST))) if min(shape[:2]) > COARSEST else 1


def check_options(shape, *, levels=None, kernel_size=5, prefer=None, workers=None):
    """Return the number of levels; raise a ValueError if an option is out of range."""
    if not (_is_whole(kernel_size) and 3 <= kernel_size <= 31 and kernel_size % 2):
        raise ValueError(f"kernel_size must be an odd number of pixels, 3 to 31, got {kernel_size}")
    if not (workers is None or _is_whole(workers) and workers >= 1):
        raise ValueError(f"workers must be a whole number of threads, 1 or more, got {workers}")
    if prefer not in (None, "first", "last"):
        raise ValueError(f"prefer must be None, 'first' or 'last', got {prefer!r}")
    if levels is None:
        return default_levels(shape)
    if not (_is_whole(levels) and 1 <= levels <= most_levels(shape)):
        raise ValueError(
            f"levels must be a whole number from 1 to {most_levels(shape)} for frames of {shape[1]} x {shape[0]} pixels, "
            f"got {levels}; leave it out for the default"
        )
    return int(levels)


def _is_whole(number):
    return isinstance(number, int | np.integer) and not isinstance(number, bool)


def _preferences(count, prefer):
    """Factors of the weights of all frames: equal ones, or falling towards the end that is not preferred."""
    distances = np.linspace(0, 1, count)
    distances = {None: np.zeros(count), "first": distances, "last": distances[::-1]}[prefer]
    return PREFERENCE ** (-POWER * distances)


def _by_log(stack, kernel_size, dtype, mapped, matrices, progress):
    chosen = LogMaximum(kernel_size)
    for index, pixels in stack.read_ahead(progress(range(len(stack)), "fusing")):
        chosen.add(pixels, index, matrices[index])
    image = to_float(chosen.image) if dtype == np.float32 else to_integers(chosen.image, dtype)
    return Stacked(image, *((chosen.index, chosen.confidence(len(stack))) if mapped else (None, None)))


# --- memory ----------------------------------------------------------------------------------------------------------


def memory_needed(shape, bit_depth, *, mapped=False, naive=False, rows=TILE):
    """Estimate the memory that `stack_frames` takes, however many frames there are.

    Parameters
    ----------
    shape : tuple of int
        Of a frame: (H, W) or (H, W, 3).
    bit_depth : int
        8 or 16.
    mapped, naive : bool, optional
        As for `stack_frames`.
    rows : int, optional
        Rows of the finest level that are fused at a time; by default as few as can be: what `ram` must be at least.

    Returns
    -------
    int
        Bytes of the whole process.
    """
    pixels, channels, size = math.prod(shape[:2]), math.prod(shape[2:]), bit_depth // 8
    held = 3 if bit_depth == 8 else 4.5  # frames: in hand, and read ahead: decoded, or warped from another
    frames = held * channels * size
    maps = 6 if mapped else 0
    if naive:
        return int(BASE + pixels * (frames + channels * size + 30 + maps))
    coarser = (2 * 4 * channels + 2 * 4) / 3  # images and sums of the frame and of the result, and weights
    whole = frames + coarser + 4 * 4 / 3 + channels * size + maps
    strip = 4 * channels + 4 + 2 * channels * size + (4 if mapped else 0)
    return int(BASE + pixels * (whole + strip * min(rows / shape[0], 1)))


def strips_within(ram, shape, bit_depth, *, mapped=False, naive=False):
    """Cut the rows of a frame into as few slices as a budget of memory allows; raise a ValueError if it is too small."""
    height = shape[0]
    needed = [
        (rows, memory_needed(shape, bit_depth, mapped=mapped, naive=naive, rows=rows))
        for rows in range(TILE, height + TILE, TILE)
    ]
    fitting = [rows for rows, memory in needed if ram is None or memory <= ram]
    if not fitting:
        raise ValueError(
            f"a budget of {ram / 1e6:.0f} MB is too small: frames of {shape[1]} x {height} pixels and {bit_depth} bits "
            f"take {math.ceil(needed[0][1] / 1e6)} MB at least; give that, or smaller frames"
        )
    rows = max(fitting)
    count = math.ceil(height / rows)
    rows = math.ceil(height / count / TILE) * TILE  # as many strips, of equal size
    return [slice(first, min(first + rows, height)) for first in range(0, height, rows)]
