"""Make a focal stack of 12 megapixels that was taken by hand: its motion is known.

    python -m benchmarks.moving FOLDER COUNT [--seed 0]

Writes COUNT JPEG files, focused from near to far, 00.jpg and so on, and truth.json: matrices[k] maps (x, y, 1) of frame
k to the middle frame, COUNT // 2. A folder that holds that very stack already is left as it is.

The scene is the built-in motorcycle with its depth, seen through a thin lens at a quarter of the size, with fine
texture at half the size. Each frame is drawn from it once, at twice the size, by linear interpolation: of OpenCV's
kinds the one that does not round positions to 1/32 pixel.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from benchmarks.frames import GRAIN, SIZE
from data import save, scenes
from data.scenes.light import to_linear, to_srgb
from data.scenes.photographs import FOCAL_LENGTH, motorcycle

FORMAT = 1  # of the folder; another one is made anew
MARGIN = 168  # pixels of the scene around the middle frame
COARSE, FINE, DRAWN = 0.25, 0.5, 2  # scale at which the lens blurs, of the texture, and at which frames are drawn from
LENS = {"focal_length": 0.050, "f_number": 1.4}
TEXTURE = 0.2  # standard deviation of the light, as a share, where the photograph has full contrast around a point
DARK = 0.02  # light that is added to the mean when contrast is judged
DISC = 1.5  # pixels of the coarse scene: a circle of confusion that leaves 1 / e of the texture
BREATHING = 0.001  # change of scale from frame to frame
TURN = 2.0  # degrees, largest
SHIFT = 4.0  # pixels, standard deviation
EXPOSURE = 0.1  # largest change of light


def motion(count, seed, *, turn=TURN):
    """Return what frames do: matrices to the middle one, and gains of light."""
    rng = np.random.default_rng(seed)
    middle = count // 2
    angles = np.deg2rad(rng.uniform(-turn, turn, count))
    shifts = rng.normal(0, SHIFT, (count, 2))
    gains = 1 + rng.uniform(-EXPOSURE, EXPOSURE, count)
    angles[middle], shifts[middle], gains[middle] = 0, 0, 1
    scales = (1 + BREATHING) ** (np.arange(count) - middle)
    return np.stack([similarity(*move) for move in zip(scales, angles, shifts, strict=True)]), gains


def similarity(scale, angle, shift):
    """Matrix that scales and turns a frame about its centre, and shifts it."""
    centre = (np.array(SIZE) - 1) / 2
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    matrix = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    matrix[:2, 2] = centre + shift - matrix[:2, :2] @ centre
    return matrix


def canvas(scale):
    """Width and height of the scene at a scale."""
    return tuple(round(scale * (length + 2 * MARGIN)) for length in SIZE)


def to_canvas(scale):
    """Matrix that maps the middle frame to the scene at a scale; pixels of both are squares around their centres."""
    offset = scale * (MARGIN + 0.5) - 0.5
    return np.array([[scale, 0, offset], [0, scale, offset], [0, 0, 1]])


def enlarge(image, scale):
    """Enlarge an image to the scene at a scale."""
    return cv2.resize(image, canvas(scale), interpolation=cv2.INTER_CUBIC)


def coarse_scene():
    """Photograph and depth of the motorcycle, cut and enlarged to the scene, and how wide its pixels are."""
    picture, depth = motorcycle()
    width, height = canvas(COARSE)
    kept = round(depth.shape[0] * width / height)
    left = (depth.shape[1] - kept) // 2
    columns = slice(left, left + kept)
    pitch = LENS["focal_length"] / FOCAL_LENGTH * depth.shape[0] / height
    depth = cv2.resize(depth[:, columns], (width, height), interpolation=cv2.INTER_NEAREST)
    return enlarge(picture[:, columns], COARSE), depth, pitch


def fine_texture(picture, rng):
    """Share by which fine texture changes the light of the scene: strong where the photograph has contrast."""
    light = to_linear(picture / np.float32(255)).mean(axis=2)
    mean, square = (cv2.GaussianBlur(part, (0, 0), 4) for part in (light, light**2))
    contrast = np.sqrt((square - mean**2).clip(0)) / (mean + DARK)
    grains = cv2.GaussianBlur(rng.standard_normal(canvas(FINE)[::-1], dtype=np.float32), (0, 0), 0.7)
    return TEXTURE * enlarge(contrast.clip(0, 1), FINE) * grains / grains.std()


def focused_at(depth, count):
    """Distances from near to far that frames are focused at, spread evenly in 1 / distance, in metres."""
    return 1 / np.linspace(1 / depth.min(), 1 / depth.max(), count, dtype=np.float64)


def drawn(light, matrix):
    """Draw a frame of the scene: a plane of its light at the scale of the texture."""
    onto = to_canvas(DRAWN) @ matrix
    return cv2.warpAffine(enlarge(light, DRAWN), onto[:2], SIZE, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def encode(light):
    """Encode light as sRGB, by a table of 16 bits."""
    table = to_srgb(np.linspace(0, 1, 65536, dtype=np.float32))
    return table[np.rint(light.clip(0, 1) * 65535).astype(np.uint16)]


def lights(count, seed):
    """Yield the light of the scene at the scale of the texture, for each focus from near to far."""
    picture, depth, pitch = coarse_scene()
    texture = fine_texture(picture, np.random.default_rng([seed, 1]))
    made = scenes.focal_stack(picture, depth, distances=focused_at(depth, count), pixel_pitch=pitch, **LENS)
    for frame, distance in zip(made.stack, made.distances, strict=True):
        blurred = scenes.circle_of_confusion(depth, distance, **LENS) / pitch
        left = enlarge(np.exp(-blurred / DISC).astype(np.float32), FINE)
        yield enlarge(to_linear(frame), FINE) * (1 + texture * left)[..., None]


def pictured(light, matrix, gain=1):
    """Picture of the light of the scene, from where a matrix says."""
    return encode(gain * np.dstack([drawn(plane, matrix) for plane in cv2.split(light)]))


def with_grain(frame, rng, grain=GRAIN):
    """Add grain to a frame, in place."""
    frame += np.float32(grain) * rng.standard_normal((*frame.shape[:2], 1), dtype=np.float32)
    return frame.clip(0, 1, out=frame)


def frames(count, seed):
    """Yield the frames as they are written."""
    rng = np.random.default_rng([seed, 2])
    for light, matrix, gain in zip(lights(count, seed), *motion(count, seed), strict=True):
        yield with_grain(pictured(light, matrix, gain), rng)


def make(folder, count, seed=0):
    """Make a stack; return the true matrices."""
    matrices, gains = motion(count, seed)
    made = {"format": FORMAT, "count": count, "seed": seed, "size": list(SIZE)}
    truth = folder / "truth.json"
    if truth.exists() and made.items() <= json.loads(truth.read_text()).items():
        return matrices
    folder.mkdir(parents=True, exist_ok=True)
    truth.unlink(missing_ok=True)
    for index, frame in enumerate(frames(count, seed)):
        save(frame, folder / f"{index:02d}.jpg", quality=95, force=True)
    truth.write_text(json.dumps(made | {"gains": gains.tolist(), "matrices": matrices.tolist()}) + "\n")
    return matrices


def main(arguments=None):
    """Make a stack in a folder."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int, help="number of frames")
    parser.add_argument("--seed", type=int, default=0, help="of motion, texture and grain (default: %(default)s)")
    args = parser.parse_args(arguments)
    make(args.folder, args.count, args.seed)


if __name__ == "__main__":
    main()
