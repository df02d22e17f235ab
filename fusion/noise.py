"""How much noise a stack has: what is left of detail where its frames are quietest."""

import numpy as np

from data import open_stack, to_float
from fusion.energy import region_energy
from fusion.pyramid import enlarged, reduced

PATCHES = 8  # along each side of a frame, in which noise is looked for
SIDE = 72  # pixels of a patch
RIM = 6  # pixels of it that its border changes, and more
QUIET = 0.1  # share of a frame in which nothing but noise is expected, of what is not quite flat
QUIETER = 0.25  # share of the frames that are expected to have no more noise than the stack
LEAST_NOISE = 2e-6  # energy of rounding to 8 bits; no stack is taken to have less noise


def stack_noise(stack, *, window=5, progress=None):
    """Estimate the energy of noise in the details of a stack.

    Parameters
    ----------
    stack : stack
        N frames: array, list, `data.Stack`, folder or list of files. Each is read once.
    window : int, optional
        As for `region_energy`.
    progress : callable, optional
        ``progress(iterable, what)`` returns an iterable over the same frames and shows how far it is, as tqdm does.

    Returns
    -------
    float
        Energy in the finest level of a Laplacian pyramid, summed over the channels; at least `LEAST_NOISE`.

    Raises
    ------
    DataError
        If a frame cannot be read.
    """
    stack = open_stack(stack)
    progress = progress or (lambda frames, what: frames)
    frames = stack.read_ahead(progress(range(len(stack)), "looking for noise"))
    return common_noise([frame_noise(pixels, window) for _, pixels in frames])


def common_noise(noises):
    """Return the noise of a stack, given that of its frames.

    Texture that fills a frame is taken for noise, and what one frame shows out of focus is sharp in another: so the
    quieter ones count.
    """
    return float(np.quantile(noises, QUIETER, method="lower"))


def frame_noise(pixels, window=5):
    """Estimate the energy of noise in one frame, uint8, uint16 or float: that of its details where it is quietest.

    Where they have none at all, as in clipped lights or a black border, nothing is learned of it.
    """
    energies = np.concatenate([_energies(to_float(patch), window) for patch in _patches(pixels)])
    energies = energies[energies > LEAST_NOISE]
    return float(np.quantile(energies, QUIET)) if energies.size else LEAST_NOISE


def _patches(pixels):
    """Yield parts of a frame, evenly spread; all of it if it is small."""
    rows, columns = (_starts(length) for length in pixels.shape[:2])
    for top in rows:
        for left in columns:
            yield pixels[top : top + SIDE, left : left + SIDE]


def _starts(length):
    """Where patches begin along a side."""
    count = min(PATCHES, -(-length // SIDE))
    return np.linspace(0, max(length - SIDE, 0), count).astype(int)


def _energies(image, window):
    detail = image - enlarged(reduced(image), image.shape)
    rim = min(RIM, (min(detail.shape[:2]) - 1) // 2)
    energy = region_energy(detail, window)
    return energy[rim : energy.shape[0] - rim : 2, rim : energy.shape[1] - rim : 2].ravel()
