"""Multi-focus pairs whose answer is known: a foreground with alpha before a background."""

from typing import NamedTuple

import numpy as np

from data.errors import DataError
from data.image import check_image, to_float
from data.scenes.lens import blur
from data.scenes.light import to_eight_bits, to_linear, with_noise
from data.scenes.options import check_amounts, check_blur
from data.scenes.photographs import coins, photograph
from data.stack import Stack, open_stack


class FocusPair(NamedTuple):
    """A pair of frames, focused near and far, and its truth."""

    stack: Stack  # frame 0 is focused on the foreground, frame 1 on the background; 8 bits
    sharp: np.ndarray  # (H, W[, 3]) float32: the scene with both sharp
    decision: np.ndarray  # (H, W) uint8: the frame that shows what is there, 0 or 1
    alpha: np.ndarray  # (H, W) float32: opacity of the foreground

    def __repr__(self):
        return f"<FocusPair of {self.stack!r}>"


def focus_pair(foreground=None, alpha=None, background=None, *, radius=5.0, noise=0.0, seed=0):
    r"""Take two pictures of a foreground before a background, each with one of them in focus.

    Parameters
    ----------
    foreground, background : ndarray of shape (H, W) or (H, W, 3), optional
        In [0, 1] or integers; by default coins on a pane of glass over gravel, 512 x 404 pixels.
    alpha : ndarray of shape (H, W), optional
        Opacity of the foreground, in [0, 1] or integers.
    radius : float, optional
        Radius of the blur disc of what is out of focus, in pixels.
    noise : float, optional
        Standard deviation of noise at white, in linear light; in the dark it is a tenth of it.
    seed : int, optional
        Of the noise.

    Returns
    -------
    FocusPair
        The frames, and the truth: `sharp`, `decision` and `alpha`.

    Raises
    ------
    DataError
        If only some of the three are given, or their sizes or channels differ, or scikit-image, for the coins, is not
        installed.
    ValueError
        If an option is out of range.

    Notes
    -----
    With linear light :math:`F, B`, opacity :math:`\alpha` and the blur :math:`h`, the frames are

    .. math:: \alpha F + (1 - \alpha) (h * B) \quad\text{and}\quad h * (\alpha F) + (1 - h * \alpha) B .

    In the second one the foreground spreads over the background beside it: there, no frame shows what is there.
    """
    check_amounts(radius=radius, noise=noise)
    foreground, alpha, background = _parts(foreground, alpha, background)
    shape = foreground.shape
    check_blur(radius, shape)
    front, back = (to_linear(to_float(np.atleast_3d(image))) for image in (foreground, background))
    opacity = np.atleast_3d(alpha)
    veil, spread = blur(opacity, radius), blur(opacity * front, radius)
    near = opacity * front + (1 - opacity) * blur(back, radius)
    far = spread + (1 - veil) * back
    rng = np.random.default_rng(seed)
    frames = [to_eight_bits(with_noise(light, noise, rng)).reshape(shape) for light in (near, far)]
    sharp = to_eight_bits(opacity * front + (1 - opacity) * back).reshape(shape)
    return FocusPair(open_stack(frames), to_float(sharp), (alpha < 0.5).astype(np.uint8), alpha.copy())


def _parts(foreground, alpha, background):
    """Foreground, alpha and background, checked; coins over gravel if none is given."""
    given = [part is not None for part in (foreground, alpha, background)]
    if not any(given):
        return coins_over_gravel()
    if not all(given):
        raise DataError("foreground, alpha and background go together: give all three, or none for the coins")
    foreground, alpha, background = (np.asarray(part) for part in (foreground, alpha, background))
    for name, image in (("foreground", foreground), ("alpha", alpha), ("background", background)):
        check_image(name, image)
    if foreground.shape != background.shape or alpha.shape != foreground.shape[:2]:
        raise DataError(
            f"foreground {foreground.shape} and background {background.shape} must have one shape, "
            f"and alpha {alpha.shape} their height and width; crop or convert them"
        )
    return foreground, to_float(alpha), background


def coins_over_gravel():
    """Ancient coins on a pane of glass, and the gravel under it."""
    picture, alpha = coins(4 / 3)
    gravel = photograph("gravel")[: picture.shape[0], : picture.shape[1]]
    return picture, alpha, gravel
