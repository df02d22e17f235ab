"""What is compared with what: the sets of each table, its metrics, and how its pictures are stored."""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

import data
import recalage
from data import datasets, scenes
from fusion.metrics import METRICS, NO_REFERENCE

QUOTED = Path(__file__).parent / "quoted"
LOSSLESS, JPEG, OTHER_JPEG = "lossless", "JPEG", "JPEG of another quality"
ANY_NUMBER = tuple(name for name, metric in METRICS.items() if metric.most_sources is None)


class Contest(NamedTuple):
    """One table of the leaderboard."""

    title: str
    sets: tuple  # names, of `data.datasets` or of `SCENES`
    metrics: tuple
    ranked: tuple  # metrics without a truth that count in the rank, one of each family
    brackets: bool = False  # whether frames differ in exposure, so that methods for that take part
    pairs: bool = True  # whether every set has two frames, so that each of them can be a row
    storage: tuple = (LOSSLESS,)  # one section of the table for each way that pictures are stored
    published: Callable = lambda name: None  # the set of published results of a set, or None
    quoted: str | None = None  # file of published scores, per set or averaged
    opinions: tuple = ()  # scores that cannot be computed, of published results only
    apart: tuple = ()  # published methods whose files are stored in another way than those of most, on some set


class Scene(NamedTuple):
    """Frames, and what they should become, or None."""

    stack: object
    truth: np.ndarray | None


LYTRO = tuple(f"lytro/{number:02}" for number in range(1, 21))
SMALL = ("classic/clock-small", "classic/lab-small", "classic/book-color", "classic/flower-color")
CLASSIC = ("classic/clock", "classic/book", "classic/lab", "classic/flower")
FOUR = ("Q_MI", "Q_G", "Q_Y", "Q_CB")


def registered(made):
    """Register a moving focal stack on its middle frame; cut it, and its truth, to what all frames cover."""
    alignment = recalage.register(made.stack)
    return Scene(alignment.apply(made.stack, crop=True), made.sharp[alignment.area])


def built_in(name):
    """A built-in scene, and its truth."""
    made = scenes.built_in(name)
    return Scene(made.stack, made.sharp)


def noisy():
    """The motorcycle in noise of 2 % at white."""
    made = scenes.focal_stack(distances=6, f_number=1.4, noise=0.02, seed=1)
    return Scene(made.stack, made.sharp)


def breathing():
    """The motorcycle as a lens that breathes by 3 % sees it, registered."""
    return registered(scenes.focal_stack(distances=6, f_number=1.4, breathing=0.03))


SCENES = {
    "coins": functools.partial(built_in, "built-in/coins"),
    "thin structures": functools.partial(built_in, "built-in/thin"),
    "motorcycle, 2 frames": functools.partial(built_in, "built-in/motorcycle-pair"),
    "motorcycle, 6 frames": functools.partial(built_in, "built-in/motorcycle"),
    "breathing, registered": breathing,
    "noise": noisy,
}
ALL_FOR_PAIRS = (*METRICS, *NO_REFERENCE)
CONTESTS = {
    "lytro": Contest(
        title="20 Lytro pairs",
        sets=LYTRO,
        metrics=ALL_FOR_PAIRS,
        ranked=FOUR,
        storage=(LOSSLESS, JPEG),
        published=lambda name: f"mfifb/{name.replace('/', '-')}",
        quoted="survey-2020.json",
    ),
    "small": Contest(
        title="The four other pairs of the MFIFB benchmark",
        sets=SMALL,
        metrics=ALL_FOR_PAIRS,
        ranked=FOUR,
        storage=(JPEG,),
        published=lambda name: f"mfifb/{name.partition('/')[2]}",
        apart=("ecnn", "ifcnn"),
    ),
    "paper": Contest(
        title="The 24 pairs of the boundary-aware paper",
        sets=(*LYTRO, *CLASSIC),
        metrics=ALL_FOR_PAIRS,
        ranked=("Q_MI", "Q_G_2003", "Q_Y", "Q_CB"),
        quoted="boundary-aware-2019.json",
    ),
    "exposure": Contest(
        title="17 exposure sequences",
        sets=tuple(json.loads((QUOTED / "mef-ssim.json").read_text(encoding="utf-8"))["sets"]),
        metrics=("MEF-SSIM",),
        ranked=("MEF-SSIM",),
        brackets=True,
        pairs=False,
        published=lambda name: name.replace("mef/", "mef/_fused/"),
        quoted="mef-ssim.json",
        opinions=("MOS",),
    ),
    "scenes": Contest(
        title="Scenes with a known answer",
        sets=tuple(SCENES),
        metrics=("PSNR", "SSIM", *ANY_NUMBER),
        ranked=("Q_MI", "Q_G", "Q_CB"),
        pairs=False,
    ),
}


@functools.lru_cache(maxsize=2)
def scene_of(name):
    """Frames and truth of a set; the two used last are kept."""
    return SCENES[name]() if name in SCENES else Scene(data.load(name), None)


def is_at_hand(name):
    """Tell whether a set can be read, here and now."""
    return name in SCENES or datasets.place(name) != "not here"


def missing_sets(contest):
    """Names of the sets of a contest, and of their published results, that are not at hand."""
    known = datasets.names()
    published = (contest.published(name) for name in contest.sets)
    wanted = [*contest.sets, *(name for name in published if name in known)]
    return [name for name in wanted if not is_at_hand(name)]


def published_pictures(contest, name):
    """Published results of a set: a dict from the method to its file."""
    folder = contest.published(name)
    if folder not in datasets.names():
        return {}
    return {path.stem: path for path in datasets.find(folder)}


def stored_as(contest, path):
    """Tell how a file of published results holds its picture: the name of a section."""
    if path.stem in contest.apart:
        return OTHER_JPEG
    return JPEG if path.suffix.lower() in {".jpg", ".jpeg"} else LOSSLESS
