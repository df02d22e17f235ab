"""Training pairs whose answer is known: a foreground with alpha before a background, focused near and far."""

from typing import NamedTuple

import cv2
import numpy as np

from data import DataError, datasets, open_stack, to_float, to_gray
from data.nearest import nearest_true
from data.scenes.lens import disc
from data.scenes.photographs import photograph
from fusion.boundary.shapes import SHAPES

PHOTOGRAPHS = (
    "astronaut",
    "brick",
    "camera",
    "cell",
    "hubble_deep_field",
    "immunohistochemistry",
    "moon",
    "rocket",
    "chelsea",
)
OPAQUE = 0.95  # alpha from which a photograph of a foreground shows nothing but it
MARGIN = 24  # pixels around a pair that are cut off: what a blur knows of a border
MODELS = {"physical": 0.65, "paper": 0.15, "slope": 0.2}  # how often each model of defocus is drawn
OUTLINES = {"fractal": 0.3, "polygons": 0.45, "hair": 0.13, "grid": 0.12}  # how often each of `SHAPES` is
BLURS = {"gaussian": (0.6, 6.0), "disc": (1.0, 10.0)}  # pixels: standard deviation and radius, from and to
GAMMA = np.float32(2.2)  # between light and the values of a picture
HELD_OUT = 9  # of so many photographs and mattes, one is for validation


class Sources(NamedTuple):
    """What training pairs are composed of; all gray, float32 in [0, 1]."""

    photographs: list  # of (H, W)
    foregrounds: list  # of (picture, alpha), both (H, W); may be empty: mattes are drawn then


class TrainingPair(NamedTuple):
    """Two frames of one scene, and the answer."""

    frames: np.ndarray  # (2, H, W) float32 in [0, 1]: each is out of focus where the other one is in focus
    sharp: np.ndarray  # (H, W) float32: the scene with all in focus
    label: np.ndarray  # (H, W) float32: 1 where frame 0 is in focus, else 0
    model: str  # of defocus: one of `MODELS`


# --- two models of defocus -------------------------------------------------------------------------------------------


def paper_pair(foreground, alpha, background, blur):
    r"""Compose a pair as in the paper: each pixel is sharp in one frame and blurred in the other.

    Parameters
    ----------
    foreground, background : ndarray of float32 of shape (H, W) or (H, W, 3)
        Pictures of one shape.
    alpha : ndarray of float32 of shape (H, W)
        Opacity of the foreground, in [0, 1].
    blur : callable
        Of a picture of shape (H, W) or (H, W, 3); `gaussian` or `disc_blur` of a size.

    Returns
    -------
    near, far : ndarray of the shape of `foreground`
        :math:`\alpha F + (1 - \alpha) (g * B)` and :math:`\alpha (g * F) + (1 - \alpha) B`.

    Notes
    -----
    The outline of the foreground stays sharp in both frames, which no lens does; see `physical_pair`.

    References
    ----------
    .. [1] H. Ma, J. Zhang, S. Liu, Q. Liao, "Boundary aware multi-focus image fusion using deep neural network," ICME
       2019. :doi:`10.1109/ICME.2019.00201`
    """
    opacity = _like(alpha, foreground)
    near = opacity * foreground + (1 - opacity) * blur(background)
    return near, opacity * blur(foreground) + (1 - opacity) * background


def physical_pair(foreground, alpha, background, blur):
    r"""Compose a pair as a lens does: a foreground out of focus spreads over the background.

    Parameters and returns are those of `paper_pair`; the frames are :math:`\alpha F + (1 - \alpha) (h * B)` and
    :math:`h * (\alpha F) + (1 - h * \alpha) B`.
    """
    opacity = _like(alpha, foreground)
    near = opacity * foreground + (1 - opacity) * blur(background)
    return near, blur(opacity * foreground) + (1 - _like(blur(alpha), foreground)) * background


def slope_pair(scene, depth, blurs):
    """Look at a scene whose depth changes slowly, focused at its near end and at its far end.

    Parameters
    ----------
    scene : ndarray of float32 of shape (H, W)
        All in focus.
    depth : ndarray of float32 of shape (H, W)
        0 where the first frame is focused, 1 where the second one is; blur grows evenly between.
    blurs : sequence of callable
        Growing blurs, of which the first one changes nothing.

    Returns
    -------
    near, far : ndarray of the shape of `scene`
    """
    looks = np.stack([blur(scene) for blur in blurs])
    return tuple(_between(looks, np.clip(away, 0, 1) * (len(blurs) - 1)) for away in (depth, 1 - depth))


def _between(looks, position):
    """Mix the two looks beside a position, pixel by pixel."""
    below = np.minimum(position.astype(np.intp), len(looks) - 2)
    share = position - below
    lower, upper = (np.take_along_axis(looks, index[None], axis=0)[0] for index in (below, below + 1))
    return (1 - share) * lower + share * upper


def gaussian(sigma):
    """Return a blur by a Gaussian of this standard deviation in pixels."""
    return lambda picture: cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)


def disc_blur(radius):
    """Return a blur by a disc of this radius in pixels, as a round aperture draws a point."""
    kernel = disc(radius)
    return lambda picture: cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_REFLECT)


def _like(plane, image):
    return plane if image.ndim == 2 else plane[..., None]


# --- labels ----------------------------------------------------------------------------------------------------------


def alpha_label(alpha):
    """Return 1 where the foreground covers half a pixel or more, else 0: what the first frame is focused on."""
    return (alpha >= 0.5).astype(np.float32)


def nearer_label(frames, sharp, *, sigma=1.0):
    """Return 1 where frame 0 is nearer to the truth than frame 1, else 0; errors are averaged by a Gaussian.

    Beside a foreground that is out of focus it differs from `alpha_label`: there neither frame shows what is there.
    """
    errors = [cv2.GaussianBlur((frame - sharp) ** 2, (0, 0), sigma) for frame in frames]
    return (errors[0] <= errors[1]).astype(np.float32)


def is_near_boundary(label, *, least=0.1):
    """Tell whether a patch shows both sides: at least a tenth of its pixels in focus and a tenth out of focus.

    Parameters
    ----------
    label : ndarray of shape (..., H, W)
        1 where frame 0 is in focus.
    least : float, optional
        Smallest share of each side.

    Returns
    -------
    ndarray of bool, or bool
    """
    share = np.asarray(label).mean(axis=(-2, -1))
    return (share >= least) & (share <= 1 - least)


# --- what pairs are made of ------------------------------------------------------------------------------------------


def sources_at_hand(*, validation=False):
    """Return photographs and mattes to train on: those of the data sets, as far as they are at hand.

    Parameters
    ----------
    validation : bool, optional
        The ninth part that training never sees, instead of the other eight.

    Returns
    -------
    Sources
        Without the photographs of the data sets, those that come along. Mattes that are not at hand are left out; the
        others stay on their side. No picture of the evaluation is among them, and none of the built-in scenes.
    """
    paths = _at_hand("training/backgrounds")
    if paths:
        photographs = [_read(path) for path in _split(paths, validation)]
    else:
        photographs = [_gray_scene(photograph(name)) for name in _split(PHOTOGRAPHS, validation)]
    mattes = [name for name in datasets.names("training") if name.startswith("training/mattes/")]
    mattes = filter(None, map(_at_hand, _split(mattes, validation)))
    return Sources(photographs, [cut_out(_read(image), _read(alpha)) for image, alpha, *_ in mattes])


def _at_hand(name):
    """Return the files of a data set; none if it is not on this computer."""
    try:
        return datasets.find(name)
    except DataError:
        return []


def _split(items, validation):
    return [item for number, item in enumerate(items, 1) if (number % HELD_OUT == 0) == validation]


def _read(path):
    return _gray_scene(open_stack([path]).pixels(0))


def _gray_scene(pixels):
    """Return gray values in [0, 1], float32."""
    return to_float(to_gray(pixels))


def cut_out(picture, alpha):
    """Return the colours of a foreground where it hides what is behind it, those of the nearest such pixel elsewhere.

    Parameters
    ----------
    picture, alpha : ndarray of float32 of shape (H, W)
        A photograph, and the opacity of what it was taken of.

    Returns
    -------
    tuple of ndarray
        Foreground and alpha.
    """
    nearest, _ = nearest_true(alpha >= OPAQUE)
    return picture.ravel()[nearest], alpha


# --- drawing pairs ---------------------------------------------------------------------------------------------------


def training_pair(sources, seed, *, size=128, model=None):
    """Compose one pair: everything about it is drawn by chance, and the same again for the same seed.

    Scenes are turned, mirrored, scaled and of any contrast; blur is a Gaussian or a disc, of values or of light; the
    frames are off by up to a quarter of a pixel, some by more than one, and have noise of their own; some were JPEG
    files.

    Parameters
    ----------
    sources : Sources
        From `sources_at_hand`.
    seed : int or sequence of int
        Of this pair.
    size : int, optional
        Width and height in pixels.
    model : {"physical", "paper", "slope"}, optional
        Of defocus; drawn too, as often as `MODELS` says, where none is given.

    Returns
    -------
    TrainingPair
    """
    if model not in (None, *MODELS):
        raise ValueError(f"model must be one of {', '.join(map(repr, MODELS))}, got {model!r}")
    rng = np.random.default_rng(seed)
    model = model or rng.choice(list(MODELS), p=list(MODELS.values()))
    shape = (size + 2 * MARGIN,) * 2
    drawn = _slope(rng, sources, shape) if model == "slope" else _layers(rng, sources, shape, model)
    near, far, sharp, label = drawn
    frames = _photographed(rng, [near, far], own_outlines=model == "paper")
    inside = slice(MARGIN, MARGIN + size)
    frames, sharp, label = (np.stack(frames)[:, inside, inside], sharp[inside, inside], label[inside, inside])
    if rng.random() < 0.5:
        frames, label = frames[::-1], 1 - label
    return TrainingPair(_recorded(rng, frames), np.clip(sharp, 0, 1), label, str(model))


def _layers(rng, sources, shape, model):
    """Compose a foreground before a background."""
    background = _scene(rng, sources.photographs, shape)
    foreground, alpha = _foreground(rng, sources, shape)
    compose, blur = paper_pair if model == "paper" else physical_pair, _any_blur(rng)
    if model == "paper" or rng.random() < 0.5:
        near, far = compose(foreground, alpha, background, blur)
        return near, far, alpha * foreground + (1 - alpha) * background, alpha_label(alpha)
    foreground, background = (_light(picture, rng.uniform(1, 5)) for picture in (foreground, background))
    light = (*compose(foreground, alpha, background, blur), alpha * foreground + (1 - alpha) * background)
    return *(np.clip(part, 0, 1) ** np.float32(1 / GAMMA) for part in light), alpha_label(alpha)


def _light(picture, highlight):
    """Return the light of a scene: what is white may be several times as bright, and is drawn as a disc by a lens."""
    light = picture**GAMMA
    return light * (1 + (highlight - 1) * np.clip((picture - 0.85) / 0.15, 0, 1))


def _slope(rng, sources, shape):
    """Look along a ground that goes from near to far."""
    scene = _scene(rng, sources.photographs, shape)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32) / shape[0] - 0.5
    turn, steepness = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 3)
    bumps = cv2.resize(rng.standard_normal((5, 5)).astype(np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC)
    depth = 0.5 + steepness * (x * np.cos(turn) + y * np.sin(turn)) + rng.uniform(0, 0.3) * bumps
    kind, largest = rng.choice(["gaussian", "disc"]), rng.uniform(2, 6)
    blurs = [_blur(kind, largest * k / 4) if k else np.copy for k in range(5)]
    near, far = slope_pair(scene, depth, blurs)
    return near, far, scene, (depth < 0.5).astype(np.float32)


def _scene(rng, photographs, shape):
    """Cut a piece from a photograph, turned or mirrored, in another size and another contrast."""
    picture = photographs[rng.integers(len(photographs))]
    return _contrast(rng, _cut(rng, [picture], shape)[0])


def _foreground(rng, sources, shape):
    """Draw a foreground and its alpha: of a matte, or a photograph in a drawn outline, or of one colour."""
    if sources.foregrounds and rng.random() < 0.5:
        picture, alpha = _cut(rng, sources.foregrounds[rng.integers(len(sources.foregrounds))], shape, outlines=True)
        return _contrast(rng, picture), alpha
    alpha = SHAPES[rng.choice(list(OUTLINES), p=list(OUTLINES.values()))](rng, shape)
    foreground = _scene(rng, sources.photographs, shape)
    if rng.random() < 0.25:
        foreground = rng.uniform(0, 1) + rng.uniform(0, 0.2) * (foreground - foreground.mean())
    return np.clip(foreground, 0, 1).astype(np.float32), alpha


def _cut(rng, planes, shape, *, outlines=False):
    """Cut the same piece from planes of one shape; with `outlines`, where the last one is neither 0 nor 1 alone."""
    scale = np.exp(rng.uniform(np.log(0.5), np.log(1.6)))
    smallest = max(n / m for n, m in zip(shape, planes[0].shape, strict=True))
    scale, need = max(scale, smallest), shape[0]
    piece = min(round(need / scale), *planes[0].shape)
    for _ in range(8):
        top, left = (int(rng.integers(n - piece + 1)) for n in planes[0].shape)
        window = (slice(top, top + piece), slice(left, left + piece))
        if not outlines or 0.05 < planes[-1][window].mean() < 0.95:
            break
    turns, mirrored = int(rng.integers(4)), rng.random() < 0.5
    way = cv2.INTER_AREA if piece > need else cv2.INTER_CUBIC
    return [_turned(cv2.resize(plane[window], shape[::-1], interpolation=way), turns, mirrored) for plane in planes]


def _turned(plane, turns, mirrored):
    plane = np.rot90(plane, turns)
    return np.ascontiguousarray(plane[:, ::-1] if mirrored else plane).clip(0, 1)


def _contrast(rng, scene):
    """Change gamma, contrast and brightness, within [0, 1]."""
    low = rng.uniform(0, 0.3)
    return (low + rng.uniform(0.3, 1 - low) * scene ** rng.uniform(0.7, 1.6)).astype(np.float32)


def _any_blur(rng):
    kind = rng.choice(list(BLURS))
    return _blur(kind, np.exp(rng.uniform(*np.log(BLURS[kind]))))


def _blur(kind, size):
    return gaussian(max(size, 0.1)) if kind == "gaussian" else disc_blur(size)


def _photographed(rng, frames, *, own_outlines):
    """Move the second frame a little, as an imperfect registration leaves it."""
    if own_outlines or rng.random() < 0.3:
        return frames
    most = 0.25 if rng.random() < 0.7 else 1.2  # far from the middle of a picture, a lens that breathes shifts as well
    shift, scale = rng.uniform(-most, most, 2), 1 + rng.uniform(-1e-3, 1e-3)
    height, width = frames[1].shape
    middle = np.array([width - 1, height - 1]) / 2
    matrix = np.column_stack([scale * np.eye(2), middle * (1 - scale) + shift])
    return [
        frames[0],
        cv2.warpAffine(frames[1], matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT),
    ]


def _recorded(rng, frames):
    """Add noise, and the traces of eight bits and of JPEG."""
    noise = rng.choice([0, rng.uniform(0, 0.008), rng.uniform(0, 0.03)], p=[0.4, 0.4, 0.2])
    frames = frames + noise * rng.standard_normal(frames.shape).astype(np.float32)
    eight_bits = np.clip(np.round(frames * 255), 0, 255).astype(np.uint8)
    if rng.random() < 0.4:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(75, 99))]
        eight_bits = np.stack(
            [cv2.imdecode(cv2.imencode(".jpg", f, quality)[1], cv2.IMREAD_GRAYSCALE) for f in eight_bits]
        )
    return eight_bits / np.float32(255)
