"""Whether profiles have one peak, as those of a stack in the order of its focus have."""

import numpy as np

CLEAR = 0.05  # share of the pixels that are looked at: those whose profiles rise most
PROMINENT = 0.3  # of its rise that a profile must go down and up again between two peaks
MOST = 0.5  # share of the clear profiles that may have several peaks
FEWEST = 4  # frames that it takes to tell
LOOKED_AT = 100_000  # pixels of a grid, about


def has_several_peaks(focus):
    """Tell whether most clear profiles have several peaks, so that frames are hardly in the order of their focus.

    Parameters
    ----------
    focus : ndarray of float32 of shape (N, h, w)
        A focus volume.

    Returns
    -------
    bool
        False with fewer than `FEWEST` frames, of which nothing can be told.
    """
    return len(focus) >= FEWEST and share_of_several_peaks(focus) > MOST


def share_of_several_peaks(focus):
    """Share of the clearest profiles that have more than one prominent peak."""
    step = max(1, round((focus[0].size / LOOKED_AT) ** 0.5))
    profiles = focus[:, ::step, ::step].reshape(len(focus), -1)
    rise = profiles.max(axis=0) - profiles.min(axis=0)
    clearest = np.argsort(rise)[-max(1, round(CLEAR * rise.size)) :]
    return float(np.mean(peaks_of(profiles[:, clearest], PROMINENT * rise[clearest]) > 1))


def peaks_of(profiles, prominence):
    """Count the peaks of profiles (N, M), between which they go down by more than a prominence (M,) and up again."""
    last_turn, is_rising = profiles[0].copy(), np.ones(profiles.shape[1], bool)
    peaks = np.zeros(profiles.shape[1], int)
    for values in profiles[1:]:
        falls = is_rising & (values < last_turn - prominence)
        rises = ~is_rising & (values > last_turn + prominence)
        peaks += falls
        is_rising = (is_rising | rises) & ~falls
        further = np.where(is_rising, values > last_turn, values < last_turn)
        last_turn = np.where(further | falls | rises, values, last_turn)
    return peaks + is_rising
