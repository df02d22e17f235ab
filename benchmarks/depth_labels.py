"""How well frames are chosen from noisy votes, as a yardstick of refinements alone.

The votes are drawn: 600 x 400 pixels, 25 frames. True depth is a slanted ground and ten discs of constant depth before
it. Votes of a pixel are a Gaussian around its depth, `WIDTH` frames wide, and noise that neighbours share, as focus
measures have it; in patches, half of all, the Gaussian is low, as where texture is weak. The guide is a gray picture whose
value changes at the outlines, with fine texture.
Mean errors are those of whole frames, but for methods that look for the peak of the votes between them.
"""

import cv2
import numpy as np

from benchmarks.boundary_patches import timed
from fusion.depth.graph_cut import graph_cut
from fusion.depth.refinements import EPS, RADIUS, by_graph_cut, by_guided_votes, initial_estimate
from fusion.depth.semi_global import semi_global
from fusion.depth.votes import peak, sharpest
from fusion.filters import GuidedFilter

SHAPE, COUNT = (400, 600), 25
DISCS = 10
WIDTH = 1.5  # frames: standard deviation of the Gaussian
WEAK, PATCH = 0.2, 8  # height of the Gaussian where texture is weak, and pixels: size of such patches
NOISE, GRAIN = 0.25, 1.5  # standard deviation of the noise of votes, and pixels: size of its grain
TEXTURE = 0.03  # of the guide


def volume(seed=0):
    """Draw votes (N, H, W), true depth (H, W) in frames, and a guide (H, W)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    depth = (COUNT - 1) * (0.5 + 0.3 * y / SHAPE[0] + 0.15 * x / SHAPE[1])
    guide = np.full(SHAPE, 0.4)
    for _ in range(DISCS):
        centre, radius = rng.uniform(0, SHAPE), rng.uniform(20, 70)
        disc = np.hypot(y - centre[0], x - centre[1]) < radius
        depth[disc], guide[disc] = rng.uniform(0, 0.5 * COUNT), rng.uniform(0, 1)
    height = np.where(cv2.GaussianBlur(rng.standard_normal(SHAPE), (0, 0), PATCH) < 0, WEAK, 1)
    frames = np.arange(COUNT)[:, None, None]
    noise = np.stack([grains(rng) for _ in range(COUNT)])
    votes = height * np.exp(-0.5 * ((frames - depth) / WIDTH) ** 2) + NOISE * noise
    guide += TEXTURE * rng.standard_normal(SHAPE)
    return votes.clip(0, 1).astype(np.float32), depth, guide.clip(0, 1).astype(np.float32)


def grains(rng):
    """Draw noise of standard deviation 1, smoothed to grains."""
    noise = cv2.GaussianBlur(rng.standard_normal(SHAPE), (0, 0), GRAIN)
    return noise / noise.std()


def smoothed(votes, guide):
    """Smooth votes along the edges of a guide."""
    smooth = GuidedFilter(guide, RADIUS, EPS)
    return np.stack([np.maximum(smooth(vote), 0) for vote in votes])


def guided_peak(votes, guide):
    """Smooth the votes, and find their peaks, each pixel on its own."""
    votes = smoothed(votes, guide)
    return peak(votes, sharpest(votes))


METHODS = {
    "winner takes all": lambda votes, guide: sharpest(votes),
    "winner takes all, peak": lambda votes, guide: initial_estimate(votes).depth,
    "graph cut": lambda votes, guide: graph_cut(votes)[0],
    "graph cut, peak": lambda votes, guide: by_graph_cut(initial_estimate(votes), guide).depth,
    "semi-global": lambda votes, guide: semi_global(votes),
    "guided": lambda votes, guide: sharpest(smoothed(votes, guide)),
    "guided, peak": guided_peak,
    "guided, semi-global": lambda votes, guide: semi_global(smoothed(votes, guide)),
    "guided, semi-global, peak": lambda votes, guide: by_guided_votes(initial_estimate(votes), guide).depth,
}


def labelled(votes, truth, guide):
    """Return CPU seconds and mean error, in frames, of all methods."""
    told = {}
    for name, method in METHODS.items():
        found, spent = timed(method, votes.copy(), guide)
        error = np.abs(found - truth)
        told[name] = {"cpu_s": round(spent, 2), "mean": round(float(error.mean()), 3)}
    return told
