"""Compare every method that fits on one stack: run, score, recommend."""

import math

import numpy as np

from data import open_stack
from data.image import to_integers
from fusion.choice import choose
from fusion.deghost import deghosted
from fusion.lineup import EXPOSURE, FOCUS, LINEUP, fitting
from fusion.report.contents import Failure, Picture, Report, Result, Trait
from fusion.report.methods import frames_on_disk, run_method
from fusion.report.regions import find_regions
from fusion.report.scores import metrics_for, score, size_for_scores
from fusion.traits import measure_traits
from fusion.version import VERSION

SHOWN = 3  # frames


def compare(stack, *, title="Comparison of fusion methods", alignment="", left_out=(), frames="FRAMES", progress=None):
    """Run every method that fits on a stack, each in a process of its own, and recommend one.

    Frames are written to a temporary folder, which needs room for all of them, and read from there.

    Parameters
    ----------
    stack : stack
        N >= 2 aligned frames.
    title : str, optional
    alignment : str, optional
        What was done to the frames before, in a sentence.
    left_out : sequence of (str, str), optional
        Frames that are not among them, and why.
    frames : str, optional
        The frames, as commands name them.
    progress : callable, optional
        ``progress(iterable, what)`` returns an iterable over the same things and shows how far it is, as tqdm does.

    Returns
    -------
    fusion.report.contents.Report
        `fusion.report.page_of` makes a page of it.

    Raises
    ------
    DataError
        If a frame cannot be read, frames differ in size, or there is no room for them.
    ValueError
        If there is one frame only, or not a single method made a picture.
    """
    stack, progress = open_stack(stack), progress or (lambda items, what: items)
    if len(stack) < 2:
        raise ValueError(f"{stack.names[0]} is the only frame; a comparison needs two or more")
    traits = measure_traits(stack, progress=progress)
    choice = choose(traits)
    fused_frames = deghosted(stack) if choice.deghost else stack
    kinds = choice.kinds or (FOCUS,)
    methods = fitting(*kinds, shape=stack.shape)
    with frames_on_disk(fused_frames, progress) as files:
        made = {name: run_method(name, methods[name], files) for name in progress(list(methods), "comparing methods")}
        on_disk = open_stack(files)
        fused = {name: result for name, result in made.items() if not isinstance(result, Failure)}
        failures = [result for result in made.values() if isinstance(result, Failure)]
        failures += [_left_out(method, stack) for name, method in fitting(*kinds).items() if name not in methods]
        if not fused:
            raise ValueError(f"no method made a picture; {failures[0].title}: {failures[0].reason}")
        metrics = metrics_for(choice.kinds, len(stack))
        scores = score(on_disk, [result.pixels for result in fused.values()], metrics, progress)
        shown = _pictures_of(on_disk, stack.names)
    results = [
        _result(name, methods[name], result, found, frames, choice)
        for (name, result), found in zip(fused.items(), scores, strict=True)
    ]
    results.sort(key=lambda result: (result.name != choice.name, result.name == "mean"))
    return Report(
        title=title,
        kinds=choice.kinds,
        frames=shown,
        frame_names=stack.names,
        left_out=list(left_out),
        alignment=alignment + _deghost_note(choice),
        results=results,
        failures=failures,
        metrics=metrics,
        traits=describe(traits, choice.kinds),
        regions=find_regions([result.picture.pixels for result in results if result.name != "mean"]),
        advice=choice.advice + ("" if choice.name in fused else _failure_note(failures, choice)),
        reasons=choice.reasons,
        depth=_depth_note(stack),
        made_by=f"All in Focus {VERSION}",
    )


def _result(name, method, fused, scores, frames, choice):
    command = method.command and " ".join([*method.command.split(), frames, "-o", f"{name}.tif"])
    if command and choice.deghost:
        command = f"{command} --deghost" if name in ("exposure", "extended") else ""
    picture = Picture(method.title, to_integers(fused.pixels, np.uint8))
    return Result(name, picture, fused.seconds, fused.megabytes, scores, command, method.use)


def _left_out(method, stack):
    """Say why a method that fits was not run."""
    pixels = math.prod(stack.shape[:3]) / 1e6
    return Failure(
        method.title,
        f"not run: the frames have {pixels:.0f} million pixels together, and it would take too long for more than "
        f"{method.most / 1e6:.0f}",
    )


def _pictures_of(stack, names):
    """Some of the frames: the first, the middle and the last, or all of few."""
    count = min(SHOWN, len(stack))
    shown = sorted({round(place * (len(stack) - 1) / (count - 1)) for place in range(count)})
    return [Picture(names[index], to_integers(stack.pixels(index), np.uint8)) for index in shown]


def _deghost_note(choice):
    if not choice.deghost:
        return ""
    return " What moves was then shown, in every frame, as in the best exposed one (deghosting)."


def _failure_note(failures, choice):
    reason = next(failure.reason for failure in failures if failure.title == LINEUP[choice.name].title)
    return f" There is no result of it here: {reason}"


def _depth_note(stack):
    width, height = size_for_scores(stack.shape[1:3], len(stack))
    scored = "" if (height, width) == tuple(stack.shape[1:3]) else f", and scored at {width} × {height} pixels"
    return f"Frames have {stack.bit_depth} bits; results are shown with 8{scored}."


def describe(traits, kinds):
    """Tell of each trait what was measured, and what it says.

    Parameters
    ----------
    traits : fusion.traits.Traits
    kinds : tuple of str
        What `fusion.choice.kinds_of` says.

    Returns
    -------
    list of Trait
    """
    height, width = traits.shape
    stops = 0.0 if math.isclose(traits.stops, 0, abs_tol=0.05) else traits.stops
    return [
        Trait("frames", f"{traits.count} of {width} × {height} pixels", "how many, and how large"),
        Trait("exposure", f"{stops:.1f} stops", "from the darkest to the brightest frame; 1 and more is a bracket"),
        Trait("focus", f"{traits.refocused:.0%}", "of the texture is four times sharper in one frame than in another"),
        Trait("crossing lines", f"{traits.jumps:.0%}", "of the detail lies beside detail of quite another depth")
        if FOCUS in kinds
        else Trait("clipped everywhere", f"{traits.white:.1%} white, {traits.black:.1%} black", "in all frames"),
        Trait("noise", f"{traits.noise:.1f} levels of 255", "standard deviation, where frames are quietest"),
        Trait("glare", f"{traits.glare:.1%}", "of the picture is white in some frames only; of a bracket, much is")
        if EXPOSURE not in kinds
        else Trait("lights", f"{traits.glare:.1%}", "of the picture is white in some frames and not in others"),
        Trait("things that move", f"{traits.moving:.1%}", "of the picture, where frames contradict each other"),
    ]
