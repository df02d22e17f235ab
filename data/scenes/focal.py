"""Focal stacks whose answer is known: a photograph with depth, seen through a thin lens."""

from functools import partial
from typing import NamedTuple

import cv2
import numpy as np

from data.errors import DataError
from data.image import check_image, to_float
from data.scenes.lens import MOST_LAYERS, STEP, circle_of_confusion, cut_into_layers, defocus
from data.scenes.light import to_eight_bits, to_linear, with_noise
from data.scenes.options import check_amounts, check_blur, check_positive, check_share, check_stops
from data.scenes.photographs import FOCAL_LENGTH, motorcycle
from data.stack import Stack, open_stack

WARP_REACH = 4  # pixels around a point that its value is interpolated from


class FocalStack(NamedTuple):
    """A focal stack and its truth."""

    stack: Stack  # N frames of 8 bits
    sharp: np.ndarray  # (H, W[, 3]) float32: the all-in-focus image
    depth: np.ndarray  # (H, W) float32, metres
    index: np.ndarray  # (H, W) uint16: the frame in which a pixel is sharpest
    distances: np.ndarray  # (N,) metres: what each frame is focused at
    matrices: np.ndarray  # (N, 3, 3): maps (x, y, 1) of a frame to the all-in-focus image
    gains: np.ndarray  # (N,): light of each frame, of that in the scene

    @property
    def position(self):
        """Place of the depth of each pixel among the frames, with fractions, float32 (H, W).

        0 is the first frame; linear in 1 / distance between frames, as blur is. Raises a ValueError unless the distances
        rise, or fall, from each frame to the next.
        """
        if abs(np.sign(np.diff(self.distances)).sum()) != len(self.distances) - 1:
            raise ValueError(
                f"frames are focused at {self.distances.tolist()} m, which neither rise nor fall all the way, so that a "
                "depth has no single place among them; sort the distances"
            )
        order = np.argsort(-self.distances)
        return np.interp(1 / self.depth, 1 / self.distances[order], order).astype(np.float32)

    def __repr__(self):
        return f"<FocalStack of {self.stack!r}>"


def focal_stack(
    photograph=None,
    depth=None,
    *,
    distances=9,
    focal_length=0.050,
    f_number=1.2,
    pixel_pitch=0.050 / FOCAL_LENGTH,
    tolerance=0.0,
    breathing=0.0,
    shift=0.0,
    turn=0.0,
    drift=0.0,
    noise=0.0,
    seed=0,
):
    """Take a focal stack of a photograph whose depth is known.

    Parameters
    ----------
    photograph : ndarray of shape (H, W) or (H, W, 3), optional
        What is seen when all is sharp, in [0, 1] or integers; by default the motorcycle, 741 x 500 pixels, 2 to 5 m
        away.
    depth : ndarray of shape (H, W), optional
        Distance of every pixel, in metres.
    distances : int or sequence of float, optional
        What the frames are focused at, in metres; a number of frames is spread from the nearest to the farthest
        pixel, evenly in 1 / distance, as the depth of field asks for.
    focal_length : float, optional
        Of the lens, in metres.
    f_number : float, optional
        Focal length over diameter of the aperture; ``inf`` makes every frame sharp everywhere.
    pixel_pitch : float, optional
        Width of a pixel of the sensor, in metres; by default that of the motorcycle, seen by a lens of 50 mm.
    tolerance : float, optional
        Diameter, in pixels, by which every circle of confusion is made smaller. Above 0 it is no real lens, but one
        that draws all depths sharply in a few frames.
    breathing : float, optional
        Change of scale with focus: by this share the nearest focus draws everything larger than the farthest one.
    shift : float, optional
        Standard deviation of the position of the frames, in pixels.
    turn : float, optional
        Largest angle, in degrees, by which frames are turned about the centre of the picture; all angles up to it, in
        both directions, are equally likely.
    drift : float, optional
        Change of exposure from the first frame to the last, in stops.
    noise : float, optional
        Standard deviation of noise at white, in linear light; in the dark it is a tenth of it.
    seed : int, optional
        Of shifts, turns and noise.

    Returns
    -------
    FocalStack
        The frames, and the truth: `sharp`, `depth`, `index`, `distances`, `matrices`, `gains`. Where frames move, all
        are cut to what every frame saw, so that no pixel is invented; the middle frame, ``N // 2``, lies on the truth.

    Raises
    ------
    DataError
        If photograph and depth do not go together, or scikit-image, for the motorcycle, is not installed.
    ValueError
        If an option is out of range.

    Notes
    -----
    The scene is cut into layers, up to 128, whose circles of confusion differ by half a pixel or less. Each is blurred
    with its opacity, and they are laid over each other from far to near. What a layer hides of those behind is filled
    in with their nearest colours; it shows only through the blurred rim of the layer.

    References
    ----------
    .. [1] M. Potmesil, I. Chakravarty, "A lens and aperture camera model for synthetic image generation," SIGGRAPH
       1981. :doi:`10.1145/800224.806818`
    .. [2] D. Scharstein et al., "High-resolution stereo datasets with subpixel-accurate ground truth," GCPR 2014.
       :doi:`10.1007/978-3-319-11752-2_3`
    """
    check_positive(focal_length=focal_length, f_number=f_number, pixel_pitch=pixel_pitch)
    check_amounts(tolerance=tolerance, shift=shift, turn=turn, noise=noise)
    check_share(breathing=breathing)
    check_stops(drift=drift)
    photograph, depth = _scene(photograph, depth)
    distances = _distances(distances, depth, focal_length)
    lens = {"focal_length": focal_length, "f_number": f_number}
    confusion = [partial(circle_of_confusion, distance=d, **lens) for d in distances]
    rng = np.random.default_rng(seed)
    matrices = _motion(distances, photograph.shape, breathing, shift, turn, rng)
    gains = np.exp2(np.linspace(-drift / 2, drift / 2, len(distances)))
    view, to_view = _common_view(matrices, photograph.shape)
    frames = []
    for light, matrix, gain in zip(
        _lights(photograph, depth, distances, confusion, pixel_pitch, tolerance), matrices, gains, strict=True
    ):
        exposed = _seen_from(light, matrix, view) * np.float32(gain)
        frames.append(to_eight_bits(with_noise(exposed, noise, rng)).reshape(photograph[view].shape))
    return FocalStack(
        stack=open_stack(frames),
        sharp=to_float(photograph[view]).copy(),
        depth=depth[view].copy(),
        index=np.argmin([diameter(depth[view]) for diameter in confusion], axis=0).astype(np.uint16),
        distances=distances,
        matrices=to_view @ matrices @ np.linalg.inv(to_view),
        gains=gains,
    )


def _lights(photograph, depth, distances, confusion, pixel_pitch, tolerance):
    """Yield the light of the scene as the lens draws it, for each distance of focus and its circles of confusion."""
    light = to_linear(to_float(np.atleast_3d(photograph)))
    ends = np.float32([depth.min(), depth.max()])
    at_ends = [np.sign(ends - s) * diameter(ends) / pixel_pitch for s, diameter in zip(distances, confusion)]
    largest = float(np.abs(at_ends).max())
    check_blur((largest - tolerance) / 2, light.shape)
    count = int(np.clip(np.ceil(np.ptp(at_ends, axis=1).max() / STEP), 1, MOST_LAYERS))
    layers = cut_into_layers(light, depth, count=count, reach=int(np.ceil(largest)) + 1)
    for diameter in confusion:
        sizes = [diameter(layer.depth) / pixel_pitch for layer in layers]
        yield defocus(layers, light.shape, [max(size - tolerance, 0) / 2 for size in sizes])


# --- motion ----------------------------------------------------------------------------------------------------------


def _motion(distances, shape, breathing, shift, turn, rng):
    """Matrices that map (x, y, 1) of each frame to the scene; the middle frame lies on it."""
    middle = len(distances) // 2
    nearness = 1 / distances
    scales = 1 + breathing * (nearness - nearness[middle]) / max(np.ptp(nearness), 1e-12)
    shifts = shift * rng.standard_normal((len(distances), 2))
    shifts -= shifts[middle]
    turns = rng.uniform(-turn, turn, len(distances)) if turn else np.zeros(len(distances))
    turns[middle] = 0
    centre = (np.array(shape[1::-1]) - 1) / 2
    matrices = np.tile(np.eye(3), (len(distances), 1, 1))
    for matrix, scale, offset, angle in zip(matrices, scales, shifts, np.deg2rad(turns), strict=True):
        cosine, sine = np.cos(angle), np.sin(angle)
        turned = np.array([[cosine, -sine], [sine, cosine]])
        matrix[:2, :2] = turned / scale
        matrix[:2, 2] = centre - turned @ (centre + offset) / scale
    return matrices


def _common_view(matrices, shape):
    """Return the part of the scene that all frames see, as slices, and the matrix that maps the scene to it."""
    height, width = shape[:2]
    corners = np.array([[0, 0, 1], [width - 1, 0, 1], [0, height - 1, 1], [width - 1, height - 1, 1]]).T
    moved = np.abs((matrices @ corners - corners)[:, :2]).max()
    margin = int(np.ceil(moved)) + WARP_REACH if moved else 0
    if 2 * margin > min(height, width) // 2:
        raise ValueError(
            f"frames move by up to {moved:.1f} pixels, which with a margin of {WARP_REACH} for interpolation is "
            f"too far for a scene of {width} x {height}; move less"
        )
    view = slice(margin, height - margin), slice(margin, width - margin)
    return view, np.array([[1, 0, -margin], [0, 1, -margin], [0, 0, 1.0]])


def _seen_from(light, matrix, view):
    """Light in a frame that has moved, cut to the view."""
    if np.array_equal(matrix, np.eye(3)):
        return light[view]
    size = light.shape[1::-1]
    moved = cv2.warpAffine(light, matrix[:2], size, flags=cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP)
    return moved.reshape(light.shape)[view].clip(0, None)


# --- checks ----------------------------------------------------------------------------------------------------------


def _scene(photograph, depth):
    """Photograph and depth, checked; the motorcycle if none is given."""
    if photograph is None and depth is None:
        return motorcycle()
    if photograph is None or depth is None:
        raise DataError("a photograph and its depth go together: give both, or none for the motorcycle")
    photograph, depth = np.asarray(photograph), np.asarray(depth, np.float32)
    check_image("photograph", photograph)
    if depth.shape != photograph.shape[:2]:
        raise DataError(f"depth has shape {depth.shape}, the photograph {photograph.shape[:2]}; resize one of them")
    if not (depth.min() > 0 and np.isfinite(depth.max())):
        raise DataError("depth must be positive and finite everywhere, in metres; fill what is unknown")
    return photograph, depth


def _distances(distances, depth, focal_length):
    """Distances of focus as an array; a number of them is spread evenly in 1 / distance over the depths."""
    if np.ndim(distances) == 0:
        if not (1 <= distances < float("inf") and int(distances) == distances):
            raise ValueError(f"distances must be a number of frames, 1 or more, or a list of metres, got {distances}")
        distances = 1 / np.linspace(1 / depth.min(), 1 / depth.max(), int(distances), dtype=np.float64)
    distances = np.asarray(distances, np.float64)
    if distances.ndim != 1 or distances.size == 0:
        raise ValueError(
            f"distances must be a number of frames, 1 or more, or a list of metres, got {distances.tolist()}"
        )
    if not (distances.min() > focal_length and np.isfinite(distances.max())):
        raise ValueError(
            f"a lens of {focal_length * 1000:g} mm focuses at more than {focal_length:g} m, and nearer than infinity; got "
            f"{distances.min():g} to {distances.max():g}: give them in metres"
        )
    return distances
