"""What a focus volume says of depth, pixel by pixel: votes for frames, their peak, and how sure it is."""

import cv2
import numpy as np

from fusion.filters import box

FLOOR = 2  # times the noise by which a profile must rise to count half
POWER = 3  # of the votes, as weights of the points of a profile
FRAMES = 12  # of a stack, for each of which the fit of a peak reaches one frame farther; 1 to 2 frames
STRAIGHT = 1e-6  # curvature of the logarithm of a profile, per squared frame, below which it has no top
AROUND = 7  # pixels of the grid: radius of the window in which depth should agree, and texture is looked for
DISAGREEMENT = 0.1  # of the stack: standard deviation of depth in it, at which confidence is halved
BLUR = 8  # pixels of the grid across which a strong edge that is out of focus may be seen
BLURRED = 0.01  # of its focus measure, that is seen there
SMALLEST = 1e-4  # vote whose logarithm is taken


def votes_of(volume):
    """Turn a focus volume into votes, in place.

    Parameters
    ----------
    volume : FocusVolume
        Its values are replaced.

    Returns
    -------
    ndarray of float32 of shape (N, h, w)
        0 for the frame in which a pixel is least sharp; for the one in which it is sharpest, close to 1 where the
        profile rises far above noise, and close to 0 where it does not. So a strong edge has no more say than fine
        texture, and noise has little.
    """
    votes = volume.focus
    least = votes.min(axis=0)
    votes -= least
    rise = votes.max(axis=0)
    votes /= rise + np.float32(FLOOR * volume.noise)
    return votes


def clarity_of(volume):
    """How far profiles rise above noise, and above what blur brings from stronger edges around.

    Parameters
    ----------
    volume : FocusVolume
        Before `votes_of` replaces its values.

    Returns
    -------
    ndarray of float32 of shape (h, w)
        0 to 1; low where there is no texture for `AROUND` pixels, and on a dark or smooth area beside a strong edge:
        what is seen of the edge there, in frames far out of focus, tells nothing of the area.
    """
    rise = _rise_of_means(volume.focus)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * BLUR + 1, 2 * BLUR + 1))
    stronger = cv2.GaussianBlur(cv2.dilate(rise, disc), (0, 0), BLUR / 3).reshape(rise.shape)
    return rise / (rise + np.float32(BLURRED) * stronger + np.float32(volume.noise))


def _rise_of_means(focus):
    """By how much the mean of a focus measure over a window varies along the stack; float32 (h, w)."""
    least = most = None
    for frame in focus:
        mean = box(frame, AROUND)
        least, most = (mean, mean) if least is None else (np.minimum(least, mean), np.maximum(most, mean))
    return most - least


def sharpest(votes):
    """Number of the frame of most votes in every pixel, uint16 (h, w); the first of equal ones wins."""
    return votes.argmax(axis=0).astype(np.uint16)


def peak(votes, index, *, places=None, farthest=None):
    """Place, with fractions, of the peak of the votes near a frame.

    Parameters
    ----------
    votes : ndarray of float32 of shape (N, h, w)
        0 and more.
    index : ndarray of int of shape (h, w)
        A frame near the peak, for each pixel.
    places : ndarray of shape (N,), optional
        Place of every frame along the stack, rising or falling; by default they are evenly spread.
    farthest : float, optional
        Frames that the peak may lie from `index`; by default as many as the fit reaches.

    Returns
    -------
    ndarray of float32 of shape (h, w)
        In frames, 0 to N - 1.

    Notes
    -----
    A Gaussian over the places is fitted to the votes: a parabola to their logarithms, which with three points is the
    interpolation of [1]_. Points count by the cube of their votes and by a Gaussian around `index`, one frame wide in
    short stacks and two in long ones, where many frames see the peak: their noise is averaged. A place between two
    frames becomes a depth that is linear between them. With two frames there is no curve, and the centre of gravity of
    the votes is returned.

    References
    ----------
    .. [1] S. K. Nayar, Y. Nakagawa, "Shape from focus," IEEE TPAMI 16(8), 1994. :doi:`10.1109/34.308479`
    """
    count = len(votes)
    if count == 2:
        return _centre_of_gravity(votes)
    reach, start = min(max(count / FRAMES, 1), 2), np.int32(index)
    farthest = reach if farthest is None else farthest
    places = _scaled(np.arange(count) if places is None else places)
    top = np.interp(places[start] + _offset_of_parabola(votes, start, places, reach), places, np.arange(count))
    return top.clip(start - farthest, start + farthest).astype(np.float32)


def _scaled(places):
    """Places from the first one on, in units of the median step."""
    places = np.asarray(places, np.float64)
    return (places - places[0]) / np.median(np.diff(places))


def _centre_of_gravity(votes):
    near, far = votes
    total = near + far
    return np.divide(far, total, out=np.full_like(total, 0.5), where=total > 0)


def _offset_of_parabola(votes, start, places, reach):
    """Place of the top of a parabola fitted to the logarithms of votes around a frame, from there; float64, or infinite."""
    moments, products, origin = np.zeros((5, *start.shape)), np.zeros((3, *start.shape)), places[start]
    highest = np.log(np.maximum(votes.max(axis=0), SMALLEST))  # so that a flat profile is 0
    for frame, vote in enumerate(votes):
        place = places[frame] - origin
        vote = np.maximum(vote, SMALLEST)
        weight = vote**POWER * np.exp(np.float32(-0.5 / reach**2) * np.float32(frame - start) ** 2)
        logarithm = np.log(vote) - highest
        for power in range(5):
            moments[power] += weight
            if power < 3:
                products[power] += weight * logarithm
            weight = weight * place
    return _top(moments, products)


def _top(m, r):
    """Top of the parabola that solves the normal equations of moments m and products r, by Cramer's rule."""
    scale = m[0]
    m, r = m / scale, r / scale
    slope = _determinant(m[0], r[0], m[2], m[1], r[1], m[3], m[2], r[2], m[4])
    curve = _determinant(m[0], m[1], r[0], m[1], m[2], r[1], m[2], m[3], r[2])
    least = STRAIGHT * np.abs(_determinant(m[0], m[1], m[2], m[1], m[2], m[3], m[2], m[3], m[4]))
    with np.errstate(divide="ignore", invalid="ignore"):
        top = np.where(curve < -least, -slope / (2 * curve), slope / 0)  # a straight line is highest at an end
    return np.nan_to_num(top, nan=0, posinf=np.inf, neginf=-np.inf)  # and a flat one nowhere


def _determinant(a, b, c, d, e, f, g, h, i):
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)


def confidence_of(votes, index, depth):
    """How far the votes near a frame are above all others, and how far depth agrees with what is around.

    Parameters
    ----------
    votes : ndarray of float32 of shape (N, h, w)
    index : ndarray of int of shape (h, w)
        The frame that was chosen.
    depth : ndarray of float32 of shape (h, w)
        In frames.

    Returns
    -------
    ndarray of float32 of shape (h, w)
        In [0, 1]: `rise_above_rivals` times `agreement`. Low in the dark, where there is no texture, and along outlines.
    """
    return rise_above_rivals(votes, index) * agreement(depth, len(votes))


def rise_above_rivals(votes, index):
    """1 less the most votes that a frame away from the chosen one has, over those of that one; float32 (h, w), 0 to 1.

    Away is more than a sixth of the stack, and more than 1 frame; where no frame is, the farthest one counts.
    """
    start = np.int32(index)
    chosen = np.take_along_axis(votes, start[None], axis=0)[0]
    rival, nearest = np.zeros_like(chosen), _nearest_rival(start, len(votes))
    for frame, vote in enumerate(votes):
        np.maximum(rival, vote, out=rival, where=np.abs(frame - start) >= nearest)
    ratio = np.divide(rival, chosen, out=np.ones_like(chosen), where=chosen > 0)
    return np.clip(1 - ratio, 0, 1, out=ratio)


def _nearest_rival(index, count):
    """Frames from the chosen one to the nearest rival."""
    farthest = np.maximum(index, count - 1 - index)
    return np.minimum(max(1, count // 6) + 1, farthest)


def agreement(depth, count):
    """1 where depth is the same all around, a half where it varies by a tenth of the stack; float32 (h, w), 0 to 1."""
    share = depth / np.float32(DISAGREEMENT * count)
    mean = box(share, AROUND)
    variance = box(share * share, AROUND) - mean * mean
    return 1 / (1 + np.maximum(variance, 0))
