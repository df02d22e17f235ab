"""Which method to take for a stack, and why: rules on what was measured of it, each told in a sentence."""

from typing import NamedTuple

from fusion.lineup import EXPOSURE, FOCUS, LINEUP

LEAST_STOPS = 1.0  # between frames that differ in exposure
LEAST_REFOCUSED = 0.03  # share of the texture, in frames that differ in focus
REFOCUSED_IN_BRACKETS = 0.12  # the same where exposures differ too: clipping, noise and motion feign some
WIDE = 4.0  # stops of a bracket from which on clipping and halos show
FEW = 2  # frames of a focus series, up to which boundaries count more than evidence of many
NOISY = 2.0  # levels of 255
MOVING = {EXPOSURE: 0.01, FOCUS: 0.08}  # share of the picture
MOST_MOVING = 0.2  # share above which it is likelier the brightness of frames that does not fit than motion
GLARING = 0.02  # share of the picture
JUMPING = 0.1  # share of the cells with texture
CLIPPED = 0.01  # share of the picture
ADVISED = {
    "pyramid": "focus stacking by pyramids",
    "boundary-blended": "boundary-aware fusion, blended",
    "guided": "guided-filter fusion",
    "exposure": "exposure fusion",
    "extended": "extended exposure fusion",
}


class Choice(NamedTuple):
    """A method, and why.

    Attributes
    ----------
    name : str
        A key of `fusion.lineup.LINEUP`.
    kinds : tuple of str
        What the frames differ in, of "focus" and "exposure"; empty if in neither.
    deghost : bool
        Whether things that move are to be shown as in one frame first, by `fusion.deghost.deghosted`.
    advice : str
        The recommendation in one sentence.
    reasons : list of str
        One sentence each, the most important first.
    """

    name: str
    kinds: tuple
    deghost: bool
    advice: str
    reasons: list


def choose(traits):
    """Choose a method by the traits of a stack.

    Parameters
    ----------
    traits : fusion.traits.Traits
        What `fusion.traits.measure_traits` found.

    Returns
    -------
    Choice

    Notes
    -----
    The thresholds are checked against sets whose kind is known, and the choice against scenes with truth, in
    ``benchmarks/choice.py``.
    """
    kinds = kinds_of(traits)
    is_moving = traits.moving >= MOVING[EXPOSURE if EXPOSURE in kinds else FOCUS]
    deghost = is_moving and kinds == (EXPOSURE,) and traits.moving <= MOST_MOVING
    name = _name(traits, kinds)
    reasons = [_kind_reason(traits, kinds), _method_reason(traits, kinds, name), *_warnings(traits, kinds, is_moving)]
    return Choice(name, kinds, deghost, _advice(name, deghost), reasons)


def kinds_of(traits):
    """Say what frames differ in: a tuple of "focus" and "exposure", empty if they hardly differ."""
    is_bracket = traits.stops >= LEAST_STOPS
    is_focused = traits.refocused >= (REFOCUSED_IN_BRACKETS if is_bracket else LEAST_REFOCUSED)
    return tuple(kind for kind, holds in ((FOCUS, is_focused), (EXPOSURE, is_bracket)) if holds)


def _name(traits, kinds):
    if kinds == (FOCUS, EXPOSURE):
        return "guided"
    if kinds == (EXPOSURE,):
        return "extended" if traits.stops >= WIDE else "exposure"
    if kinds == (FOCUS,) and traits.count <= FEW and not _is_too_large(traits):
        return "boundary-blended"
    return "pyramid"


def _is_too_large(traits):
    """Tell whether networks would take too long."""
    return traits.count * traits.shape[0] * traits.shape[1] > LINEUP["boundary-blended"].most


def _advice(name, deghost):
    sentence = f"Take {ADVISED[name]}"
    return f"{sentence}, with things that move shown as in one frame." if deghost else f"{sentence}."


def _kind_reason(traits, kinds):
    told = {
        (FOCUS,): f"The frames differ in focus: {traits.refocused:.0%} of the texture is four times sharper in one "
        f"than in another, and exposures are alike ({abs(traits.stops):.1f} stops apart).",
        (EXPOSURE,): f"The frames differ in exposure, by {traits.stops:.1f} stops from the darkest to the brightest; "
        "what is well exposed in two of them is as sharp in both.",
        (FOCUS, EXPOSURE): f"The frames differ in exposure, by {traits.stops:.1f} stops, and in focus: "
        f"{traits.refocused:.0%} of the texture is four times sharper in one than in another.",
        (): f"The frames hardly differ, as far as noise of {traits.noise:.1f} levels lets one tell: exposures are "
        f"{abs(traits.stops):.1f} stops apart, and {traits.refocused:.0%} of the texture changes its sharpness.",
    }
    return told[kinds]


def _method_reason(traits, kinds, name):
    """Say why this method, by what is known of it from scenes with truth."""
    if name == "pyramid":
        return _reason_for_pyramids(traits, kinds)
    return {
        "guided": "Of the methods only the guided filter is made for both. Where every focus was taken at every "
        "exposure, it is better to fuse the focus series of each exposure first, and then those results as a bracket.",
        "extended": f"Over {WIDE:.0f} stops and more, plain exposure fusion clips, and draws wide halos; the extended "
        "one clips nothing, and keeps more of the structure of the frames.",
        "exposure": "Over few stops, exposure fusion has hardly a halo, and looks most natural.",
        "boundary-blended": f"Of {traits.count} frames, most of the error lies along the outlines of what is in focus, "
        "and networks that look at them again, and then mix the frames by bands, come nearest to the truth.",
    }[name]


def _reason_for_pyramids(traits, kinds):
    if not kinds:
        return "Where frames show the same, pyramids average them, which lowers noise."
    if traits.count <= FEW:
        return "For frames this large networks take many minutes; pyramids come next, in one pass."
    return (
        f"Of {traits.count} frames, pyramids whose levels share their evidence come nearest to the truth, in one pass "
        "and in the memory of a few frames."
    )


def _warnings(traits, kinds, is_moving):
    """Say what else to look at, if it was found."""
    if traits.noise >= NOISY and EXPOSURE not in kinds:
        yield (
            f"There is noise of {traits.noise:.1f} levels of 255: methods that pick the strongest detail pick noise, the "
            "more so the more frames there are; pyramids average it."
        )
    if is_moving and kinds == (EXPOSURE,):
        yield f"In {traits.moving:.0%} of the picture frames contradict each other" + (
            ", as where things move, and would leave ghosts. If nothing moved, leave out --deghost: that keeps more of the "
            "frames."
            if traits.moving <= MOST_MOVING
            else ", too much of it for things that move: frames do not lie on top of each other, or their brightness does "
            "not fit together. Look for ghosts; fusion exposure --deghost removes them."
        )
    elif is_moving:
        yield (
            f"In {traits.moving:.0%} of the picture a frame shows something that the next one does not, beyond defocus: "
            "things that move, or frames that do not lie on top of each other. Look for double edges there."
        )
    if FOCUS in kinds and EXPOSURE not in kinds and traits.glare >= GLARING:
        yield (
            f"Lights clip in {traits.glare:.0%} of the picture in some frames and not in others: discs of defocused "
            "highlights, which methods that copy pixels take over; keep the result within the range of the frames."
        )
    if FOCUS in kinds and traits.jumps >= JUMPING:
        yield (
            f"Depth jumps beside {traits.jumps:.0%} of the detail: lines cross before a distant background. No frame "
            "shows what is behind a blurred rim; mixing bands errs less there than copying pixels."
        )
    if traits.white >= CLIPPED:
        yield f"{traits.white:.0%} of the picture is white in every frame; no method brings it back."
    if traits.black >= CLIPPED and EXPOSURE in kinds:
        yield f"{traits.black:.0%} of the picture is black in every frame; a longer exposure would show it."
