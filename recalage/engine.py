"""The registration engine: aligns what needs it, and harms nothing."""

import numpy as np

from data import open_stack
from recalage.alignment import Alignment, FrameReport
from recalage.errors import RegistrationError
from recalage.homography import centring, normalised
from recalage.motion import MODELS
from recalage.network import settle
from recalage.survey import look_at
from recalage.tone import gains
from recalage.verdict import judge
from recalage.walk import STRATEGIES, forget

REFERENCES = ("middle", "first", "last")
NAMED = 4  # frames that a message names
MOST_TRIED = 6  # frames that are tried as the reference, and those that came along, until one has most with it


def register(stack, *, model="similarity", reference="middle", strategy="chain", tone=None, progress=None):
    """Find how the frames of a stack lie on top of each other.

    Parameters
    ----------
    stack : stack
        N frames: array, list, `data.Stack`, folder or list of files. Neighbours should look alike; of an exposure
        bracket any order will do. A frame that cannot be read, or differs in size, is left out with a reason.
    model : str, optional
        How frames may move: "translation" (2 numbers), "similarity" (shift, turn and scale: 4), "affine" (6) or
        "homography" (8). The fewer, the more exact; a lens that breathes and a camera that is moved a little need 4.
    reference : str or int, optional
        The frame that stays where it is: "middle" (of an exposure bracket, the one of middle brightness), "first",
        "last", or its index. If the one that a word means cannot be used, or agrees with few others, the nearest one
        that can.
    strategy : str, optional
        "chain": each frame is matched with its neighbours, and the motions are composed; "reference": each one is
        matched with the reference itself.
    tone : str, optional
        "match" compares brightness and white balance with those of the reference too; see `Alignment.gains`.
    progress : callable, optional
        ``progress(iterable, what)`` returns an iterable over the same frames and shows how far it is, as tqdm does.

    Returns
    -------
    Alignment
        A matrix and a report for each frame.

    Raises
    ------
    RegistrationError
        If no frame can be aligned with any other, or the one given as reference by its index cannot be used.
    DataError
        If not a single frame can be read.
    ValueError
        If an option is none of those named.

    Notes
    -----
    Frames are read once, and remembered as gray pictures of at most 1.5 megapixels. Two frames are brought together from
    coarse to fine by Gauss-Newton steps on patches [1]_, in linear light, where blur moves no edge; each patch has a
    gain of its own, and patches that contradict most others lose their weight. Features are asked only where this
    fails. One block of patches in five is kept back: they took no part in the fine steps, and decide whether the motion
    is believed. Links over one and over two frames are then fulfilled together, by least squares.

    A frame is moved only if it is displaced by a quarter of a pixel or more at its farthest corner (by affine maps and
    homographies half a pixel), by more than the links may be wrong by, and agrees better with the
    reference (where that one does not tell, with its neighbour) in the blocks kept back than unmoved.

    References
    ----------
    .. [1] S. Baker, I. Matthews, "Lucas-Kanade 20 years on: a unifying framework," IJCV 56(3), 2004.
       :doi:`10.1023/B:VISI.0000011205.11775.fd`
    """
    _check_options(model, reference, strategy, tone)
    stack, progress = open_stack(stack, tolerant=True), progress or _silent
    survey = look_at(stack, progress, tones=tone is not None)
    fixed, matrices, links = _place(survey, stack.names, model, reference, strategy, progress)
    verdicts = _judge_all(survey, matrices, links, fixed, model, progress)
    reports = [_report(index, stack.names, survey, matrices, verdicts, fixed) for index in range(len(stack))]
    full = [_full_size(report, matrices.get(k), survey.frames.get(k)) for k, report in enumerate(reports)]
    return Alignment(
        full,
        reports,
        shape=stack.shape[1:3],
        reference=fixed,
        model=model,
        strategy=strategy,
        gains=gains(survey.tones, full, stack.shape[1:3], fixed) if tone else None,
    )


def _silent(frames, what):
    return frames


def _judge_all(survey, matrices, links, fixed, model, progress):
    verdicts, frames = {}, survey.frames
    for index in progress([index for index in matrices if index != fixed], "checking"):  # from the reference outwards
        found = judge(index, matrices, links, frames, fixed, model)
        if found.reason and (found.judge == fixed or verdicts[found.judge].reason):
            found = found._replace(after=found.before)  # both are handed on as they are given
        verdicts[index] = found
        forget(frames, {*frames} - {index, fixed})
    return verdicts


def _check_options(model, reference, strategy, tone):
    for name, value, known in (("model", model, MODELS), ("strategy", strategy, STRATEGIES)):
        if not (isinstance(value, str) and value in known):
            raise ValueError(f"{name} must be one of {', '.join(known)}, got {value!r}")
    if not (tone is None or isinstance(tone, str) and tone == "match"):
        raise ValueError(f'tone must be None or "match", got {tone!r}')
    if not (isinstance(reference, str) and reference in REFERENCES or _is_index(reference)):
        raise ValueError(
            f"reference must be one of {', '.join(REFERENCES)}, or the index of a frame; got {reference!r}"
        )


def _is_index(reference):
    return isinstance(reference, int | np.integer) and not isinstance(reference, bool) and reference >= 0


def _place(survey, names, model, reference, strategy, progress):
    """Return the reference, and motions and links of the frames that were placed: of most, if there is such a reference.

    Where a frame that a word means belongs to few others, those that do not belong to it are tried in its place.
    """
    best, tried = {}, set()
    for fixed in _candidates(survey, names, reference):
        if fixed in tried or len(tried) >= MOST_TRIED or 2 * len(best) > len(survey.order):
            continue
        matrices, links = STRATEGIES[strategy](survey.frames, survey.order, fixed, model, progress)
        tried |= {*matrices}
        if len(matrices) > len(best):
            best, found = matrices, (fixed, matrices, links)
    if len(best) < min(2, len(names)):
        raise RegistrationError(_nothing_aligned(survey, names, reference), frames=names)
    fixed, matrices, links = found
    if strategy == "chain":
        matrices = settle(matrices, links, fixed, centring(survey.frames[fixed].reduced.gray.shape))
    return fixed, matrices, links


def _candidates(survey, names, reference):
    """List frames that may be the reference, the one that is meant first."""
    if reference not in REFERENCES:
        if reference >= len(names):
            raise ValueError(f"reference must be the index of one of the {len(names)} frames, got {reference}")
        if reference in survey.reasons:
            reason = f"{names[reference]} {survey.reasons[reference]}"
            raise RegistrationError(f"the reference cannot be used, for {reason}; choose another frame")
        return [int(reference)]
    order = survey.order if reference == "middle" else sorted(survey.order)
    meant = {"middle": len(order) // 2, "first": 0, "last": len(order) - 1}[reference]
    return sorted(order, key=lambda index: abs(order.index(index) - meant))


def _nothing_aligned(survey, names, reference):
    told = [f"{names[index]} {reason}" for index, reason in sorted(survey.reasons.items())]
    told = told if len(told) <= NAMED else [*told[:NAMED], "..."]
    if len(survey.order) > 1 and reference not in REFERENCES:
        told.append(f"no frame agrees with the reference, {names[reference]}, so choose another one")
    elif len(survey.order) > 1:
        told.append("no two frames that lie side by side agree")
    return f"nothing can be aligned: {'; '.join(told)}. Frames must show the same scene, and something with contrast"


def _report(index, names, survey, matrices, verdicts, fixed):
    """Say of a frame what was found."""
    if index == fixed:
        return FrameReport(names[index], "reference", "", "", 1.0, 1.0, 1.0)
    if index not in matrices:
        reason = survey.reasons.get(index, "agrees with none of its neighbours")
        return FrameReport(names[index], "left out", reason, "", 0.0, 0.0, 0.0)
    found = verdicts[index]
    status = "untouched" if found.reason else "aligned"
    numbers = found.after.area, found.before.correlation, found.after.correlation
    return FrameReport(names[index], status, found.reason, names[found.judge], *numbers)


def _full_size(report, matrix, frame):
    """Return the matrix of a frame at full size: exactly the identity, if it is not to be moved."""
    if report.status == "left out":
        return np.full((3, 3), np.nan)
    if report.status != "aligned":
        return np.eye(3)
    to_frame = frame.reduced.to_frame
    return normalised(to_frame @ matrix @ np.linalg.inv(to_frame))
