"""What value one exposure shows where another shows a given one."""

import cv2
import numpy as np

from fusion.deghost.levels import BLACK, LEVELS, WHITE, check_pair, joint_histograms

GAINS = 2.0 ** np.arange(-6, 6.01, 0.125)  # of encoded values, from one exposure to the other
SHOULDERS = np.arange(0, 0.95, 0.15)  # 0: the response is a power of light, and clips
VOTE_SIGMA = 4  # levels by which a pixel may miss the curve that it votes for
LEAST_EXPLAINED = 0.8  # share of the pixels that the mapping of histograms explains, for a curve to be taken
BANDS = (24, 16, 12)  # levels around the mapping within which pixels are believed, round after round
LEAST_WIDTH, WIDTH_SHARE = 6, 0.4  # the same in the dark: levels, and share of the level itself


def intensity_mapping(reference, frame):
    """Find what value a frame shows where the reference shows a given one, whatever moved between them.

    Parameters
    ----------
    reference, frame : ndarray of shape (H, W) or (H, W, 3)
        Two exposures of a scene, of one shape: float in [0, 1], uint8 or uint16.

    Returns
    -------
    ndarray of float32 of shape (256, C)
        Value of the frame in [0, 1] for each of 256 levels of the reference, by channel; it never falls.

    Raises
    ------
    DataError
        If one is no image.
    ValueError
        If the two differ in shape.

    Notes
    -----
    First pixels vote for a curve of two numbers, a gain and the strength of a shoulder, to which many cameras come
    close; only where matching the two histograms [1]_ explains far more pixels is that taken instead. Then the mean
    value of the pixels near it is taken for each level, in rounds, and made to rise. So levels that only moving things
    have follow the curve, and do not bend it.

    References
    ----------
    .. [1] M. D. Grossberg, S. K. Nayar, "Determining the camera response from images: what is knowable?," IEEE TPAMI
       25(11), 2003. :doi:`10.1109/TPAMI.2003.1240119`
    """
    return mapping_between(joint_histograms(*check_pair(reference, frame)))


def mapping_between(joints):
    """What `intensity_mapping` finds, from the joint histograms of the channels."""
    tables = [_mapping(joint) for joint in joints]
    return (np.stack(tables, axis=1) / 255).astype(np.float32)


def _mapping(joint):
    """Level of the frame for each level of the reference, (256,)."""
    start = table = _first_mapping(joint)
    for width in BANDS:
        believed = joint * near(table, width)
        counts = believed.sum(axis=1)
        used = counts > 0
        if not used.any():
            break  # the two pictures have nothing in common
        means = _rising(believed[used] @ LEVELS / counts[used], counts[used])
        table = start + np.interp(LEVELS, LEVELS[used], means - start[used])
        table = np.maximum.accumulate(table.clip(0, 255))
    return table


def _first_mapping(joint):
    """The response curve that most pixels vote for; the mapping of histograms where that explains far more pixels."""
    unclipped = np.zeros_like(joint)
    inside = slice(BLACK + 1, WHITE)
    unclipped[inside, inside] = np.sqrt(joint[inside, inside])  # many levels count for more than much of one
    votes = cv2.GaussianBlur(unclipped, (0, 0), VOTE_SIGMA)
    curves = _response_curves()
    curve = curves[votes[LEVELS, np.rint(curves).astype(np.int64)].sum(axis=1).argmax()]
    specified = _specified(joint)
    explained, at_best = ((joint * near(table, BANDS[0])).sum() for table in (curve, specified))
    return curve if explained >= LEAST_EXPLAINED * at_best else specified


def _response_curves():
    """What two exposures have in common with many cameras, (number, 256): a gain, and a shoulder of some strength."""
    values = LEVELS / 255
    gains, shoulders = np.meshgrid(GAINS, SHOULDERS)
    gains, shoulders = gains.reshape(-1, 1), shoulders.reshape(-1, 1)
    return (gains * values / (1 + (gains - 1) * shoulders * values)).clip(0, 1) * 255


def _specified(joint):
    """Mapping that makes the histogram of the reference that of the frame."""
    counts = joint.sum(axis=1)
    ranks = counts.cumsum() - counts / 2
    edges = np.concatenate([[0], joint.sum(axis=0).cumsum()])
    rising = np.concatenate([[True], np.diff(edges) > 0])
    rising[:-1] |= rising[1:]  # both edges of each level that occurs
    table = np.interp(ranks, edges[rising], np.arange(-0.5, 256)[rising])
    used = counts > 0
    return np.interp(LEVELS, LEVELS[used], table[used]).clip(0, 255)


def near(table, width):
    """Cells of a joint histogram near a mapping: so many levels at most, in the dark less; clipped levels are free."""
    along_reference = (LEVELS * WIDTH_SHARE).clip(LEAST_WIDTH, width)
    along_frame = (table * WIDTH_SHARE).clip(LEAST_WIDTH, width)
    low = np.interp(LEVELS - along_reference, LEVELS, table) - along_frame
    high = np.interp(LEVELS + along_reference, LEVELS, table) + along_frame
    low[: BLACK + 1], high[WHITE:] = 0, 255
    return (LEVELS >= low[:, None]) & (LEVELS <= high[:, None])


def _rising(values, weights):
    """Nearest values, in weighted least squares, that never fall: neighbours that do are pooled."""
    pools = []
    for value, weight in zip(values, weights, strict=True):
        pools.append((value, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, weight_a, count_a), (b, weight_b, count_b) = pools.pop(), pools.pop()
            total = weight_a + weight_b
            pools.append(((a * weight_a + b * weight_b) / total, total, count_a + count_b))
    means, _, counts = zip(*pools, strict=True)
    return np.repeat(means, counts)
