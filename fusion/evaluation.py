"""Score results beside what no method made."""

import math
from pathlib import Path

import numpy as np

from data import open_stack
from data.image import check_image, into_range
from fusion import metrics as scores
from fusion.controls import controls as make_controls
from fusion.metrics.door import gray_levels
from fusion.table import CONTROL, RESULT, Row, Table, Undefined

FEW = 4  # up to so many sources, each of them is a row; of more the first, the middle and the last
SLOW, LARGE = {"Q_P"}, 4e6  # left out by default for images of so many pixels
KNOWN = {**scores.METRICS, **scores.NO_REFERENCE, **scores.EXPOSURE, **scores.TRUTH}


def evaluate(sources, fused, truth=None, *, metrics=None, lower_is_better=(), controls=True, progress=None):
    """Score fused images, beside controls that any score has to be compared with.

    Parameters
    ----------
    sources : stack
        N >= 2 frames.
    fused : ndarray of shape (H, W) or (H, W, 3), path, or dict of str to those
        One result, or several by name. What leaves [0, 1] by less than half a level of 8 bits is clipped.
    truth : ndarray of shape (H, W) or (H, W, 3), or path, optional
        What the results should be: adds PSNR and SSIM.
    metrics : iterable of str, or dict of str to callable, optional
        Names, of `fusion.metrics.METRICS`, `NO_REFERENCE`, `EXPOSURE` or `TRUTH`; or functions of one's own
        ``(sources, fused) -> float``. By default all pair metrics that are defined for N
        sources, all that need no reference, and those against the truth if it is given; above 4 megapixels without
        Q_P, which takes a minute and 3 GB for each picture of 12.
    lower_is_better : iterable of str, optional
        Names of functions of one's own of which less is better.
    controls : bool, optional
        Whether to score each source alone (of more than four the first, the middle and the last), the mean, a random
        pixel and the defocused side too.
    progress : callable, optional
        ``progress(iterable, what)`` returns an iterable over the same pictures and shows how far it is, as tqdm does.

    Returns
    -------
    fusion.table.Table
        ``print`` shows it; rows by name, ``table["fused"]["Q_G"]``; ``as_dict()`` for JSON. A score that is not
        defined for a picture is NaN there, and `undefined` says why.

    Raises
    ------
    ValueError
        If pictures are none, their sizes differ, there are fewer than two sources, a metric is unknown, or a result is
        called as a control is.
    """
    stack = open_stack(sources)
    results, truth = _named(fused), truth if truth is None else _picture("truth", truth)
    _check(stack, results, truth)
    scorers = scorers_for(metrics, stack, truth)
    pictures = [(name, RESULT, image) for name, image in results.items()]
    pictures += [(name, CONTROL, image) for name, image in _controls(stack, results, truth).items()] if controls else []
    progress = progress or (lambda pictures, what: pictures)
    rows, undefined = [], []
    for name, kind, image in progress(pictures, "scoring"):
        found, reasons = score_with(scorers, image)
        rows.append(Row(name, kind, found))
        undefined += [Undefined(name, metric, reason) for metric, reason in reasons.items()]
    return Table(rows, lower=scores.LOWER_IS_BETTER.union(lower_is_better), undefined=undefined)


def score_with(scorers, image):
    """Score one picture; return the scores, NaN where there is none, and the reasons for those.

    Parameters
    ----------
    scorers : dict of str to callable
        Functions of an image and its gray levels.
    image : ndarray of shape (H, W) or (H, W, 3)

    Returns
    -------
    found : dict of str to float
    reasons : dict of str to str
    """
    levels, found, reasons = gray_levels(image), {}, {}
    for name, scorer in scorers.items():
        try:
            found[name] = _number(name, scorer(image, levels))
        except scores.UndefinedScore as error:
            found[name], reasons[name] = math.nan, str(error)
    return found, reasons


def _number(name, score):
    """A score as float, if it is one; only a picture without any error has an infinite one."""
    try:
        score = float(score)
    except (TypeError, ValueError):
        raise ValueError(f"{name} returned {score!r}; a metric returns a number") from None
    if not (math.isfinite(score) or name in scores.TRUTH):
        raise scores.UndefinedScore(f"{name} is {score} here, which is no score")
    return score


def _named(fused):
    if isinstance(fused, list | tuple) or (isinstance(fused, dict) and not fused):
        raise ValueError("give one result, an image or its path, or several as a dict of names and images")
    named = fused if isinstance(fused, dict) else {"fused": fused}
    return {name: _picture(name, image) for name, image in named.items()}


def _picture(name, image):
    """A picture as an array, read from a file if it is a path."""
    if isinstance(image, str | Path):
        stack = open_stack([image])
        if len(stack) != 1:
            raise ValueError(f"{image}: holds {len(stack)} pictures; a result is one, and so is the truth")
        image = stack.pixels(0)
    image = into_range(np.asarray(image))
    check_image(name, image)
    return image


def scorers_for(metrics, stack, truth=None):
    """Functions of an image and its gray levels: those of the metrics asked for, or of all that apply.

    Parameters
    ----------
    metrics, stack, truth
        As `metrics`, `sources` and `truth` of `evaluate`; sources are read once, as gray levels.

    Returns
    -------
    dict of str to callable
        What `score_with` takes.

    Raises
    ------
    ValueError
        If a metric is unknown, or compares with a truth that is not given.
    """
    if isinstance(metrics, dict) and metrics:
        return {name: lambda image, levels, metric=metric: metric(stack, image) for name, metric in metrics.items()}
    names = _defined_for(stack, truth) if metrics is None else _checked_names(metrics, truth)
    gray = [gray_levels(stack.pixels(index)) for index in range(len(stack))]
    return {name: _scorer(name, gray, truth) for name in names}


def _scorer(name, gray, truth):
    metric = KNOWN[name]
    if name in scores.TRUTH:
        return lambda image, levels: metric(image, truth)
    if name in scores.NO_REFERENCE:
        return lambda image, levels: metric(levels)
    return lambda image, levels: metric(gray, levels)


def _defined_for(stack, truth):
    count, large = len(stack), stack.shape[1] * stack.shape[2] > LARGE
    pairs = [name for name, metric in scores.METRICS.items() if count <= (metric.most_sources or count)]
    pairs = [name for name in pairs if not (large and name in SLOW)]
    return [*pairs, *scores.NO_REFERENCE, *([] if truth is None else scores.TRUTH)]


def _checked_names(metrics, truth):
    names = [metrics] if isinstance(metrics, str) else list(metrics)
    if not names:
        raise ValueError("no metric is asked for; name one, or leave metrics out for all that apply")
    for name in names:
        if name not in KNOWN:
            raise ValueError(f"no metric is called {name!r}; there are {', '.join(KNOWN)}")
        if name in scores.TRUTH and truth is None:
            raise ValueError(f"{name} compares with the truth: give the picture as it should be")
    return names


def _check(stack, results, truth):
    if len(stack) < 2:
        raise ValueError(f"{stack.names[0]} is the only source; a result is compared with two or more")
    for name, image in [*([] if truth is None else [("truth", truth)]), *results.items()]:
        if image.shape[:2] != stack.shape[1:3]:
            sizes = " x ".join(map(str, image.shape[1::-1])), " x ".join(map(str, stack.shape[2:0:-1]))
            raise ValueError(f"{name} is {sizes[0]} pixels, but the sources are {sizes[1]}; crop them alike")
        if truth is not None and image.ndim != np.ndim(truth):
            raise ValueError(
                f"{name} is {_kind(image.shape)} and truth is {_kind(np.shape(truth))}; convert one of them"
            )


def _kind(shape):
    return "gray" if len(shape) == 2 else "in colour"


def _controls(stack, results, truth):
    """Every source alone, or some of many, and what is made of all; none has the name of a result."""
    count, kinds = len(stack), (_kind(stack.shape[1:]), _kind(np.shape(truth)))
    if truth is not None and kinds[0] != kinds[1]:
        raise ValueError(f"sources are {kinds[0]} and truth is {kinds[1]}; convert one of them, or leave out controls")
    shown = range(count) if count <= FEW else (0, count // 2, count - 1)
    made = {f"source {index + 1}": stack[index] for index in shown} | make_controls(stack)
    for name in results:
        if name in made:
            raise ValueError(f"a control is called {name!r} too; give the result another name, or leave out controls")
    return made
