"""A thin lens to play with: why a picture that is out of focus knows how far things are.

The drawing, templates/lens.svg, is filled with numbers twice: here once, for the still figure, and by
templates/lens.js whenever a slider moves. Horizontal places are in per cent of its width, vertical ones in pixels, so
that it fits any width and its letters keep their size.
"""

import json
import math

from data.scenes.lens import circle_of_confusion
from fusion.show.widgets import TEMPLATES, Widget

WIDTH = 760  # CSS pixels: wider than that it does not get
HEIGHT = 436
LAYOUT = {
    "far_x": 9,  # farthest and nearest point in front of the lens
    "near_x": 50,
    "lens_x": 60,
    "first_x": 79,  # their images behind it
    "last_x": 97,
    "axis_y": 118,
    "rim": 80,  # half the diameter of the widest aperture
    "slope": 0.6,  # of the chief ray, in pixels for each per cent
    "foot_y": 394,  # of the plot
    "plot_height": 120,
    "samples": 90,  # of the curve
}
TICK_GAP = 0.16  # of the width of the plot: room for a number


def thin_lens(
    *,
    depth=1.25,
    distance=2.0,
    f_number=2.8,
    focal_length=0.050,
    pixel_pitch=5e-6,
    nearest=0.5,
    farthest=5.0,
    f_numbers=(1.2, 1.4, 2, 2.8, 4, 5.6, 8, 11, 16),
    frames=9,
    alt=None,
):
    """Draw a point seen through a thin lens, with sliders for its distance, the focus and the aperture.

    Above, rays go from the point through the lens to the sensor. Below stands how large the disc is that they draw
    there, for every distance that the lens may be focused at: a V whose foot lies at the distance of the point. Dots on
    it are the frames of a focal stack.

    Parameters
    ----------
    depth : float, optional
        Distance of the point at first, in metres.
    distance : float, optional
        Distance that the lens is focused at, at first, in metres.
    f_number : float, optional
        Focal length over diameter of the aperture, at first; one of the `f_numbers`.
    focal_length : float, optional
        Of the lens, in metres.
    pixel_pitch : float, optional
        Width of a pixel of the sensor, in metres.
    nearest, farthest : float, optional
        Ends of both sliders for distances, in metres.
    f_numbers : sequence of float, optional
        Positions of the slider for the aperture, rising.
    frames : int, optional
        Frames of the focal stack, at least two; their distances of focus are spread evenly in 1 / distance.
    alt : str, optional
        What there is to see, for those who do not see it.

    Returns
    -------
    Widget

    Raises
    ------
    ValueError
        If a distance is not between the nearest and the farthest, the nearest is not beyond the focal length, the
        f-numbers are not finite and rising or lack `f_number`, the pitch is not positive and finite, or frames are less
        than two or no whole number.

    Notes
    -----
    The drawing is not to scale: nearness, 1 / distance, is spread over the left side, and a few millimetres behind the
    lens over the right one. Numbers, curve and disc are those of `data.scenes.circle_of_confusion`.
    """
    state = {"depth": float(depth), "distance": float(distance), "f_number": float(f_number)}
    scene = {
        "focal_length": float(focal_length),
        "pixel_pitch": float(pixel_pitch),
        "nearest": float(nearest),
        "farthest": float(farthest),
        "f_numbers": [float(number) for number in f_numbers],
        "frames": frames,
    }
    _check(scene, state)
    scene["frames"] = int(frames)
    options = {**LAYOUT, **scene, "top": _top(scene)}
    options["marks"] = _marks(options)
    document = TEMPLATES.filled_in(
        "widget.html",
        {
            "style": TEMPLATES.text_of("widgets.css") + TEMPLATES.text_of("lens.css"),
            "content": _content(options, state),
            "script": f"{{\n{TEMPLATES.text_of('lens.js')}\n{TEMPLATES.text_of('lens_view.js')}}}",
        },
        kind="lens",
        alt=alt or "Rays from a point through a lens to a sensor, and the size of the disc there by distance of focus",
        width=WIDTH,
        columns=1,
        narrow_columns=1,
    )
    return Widget("lens", ("point", "lens", "sensor"), (WIDTH, HEIGHT), document)


def _content(options, state):
    """Still figure, sliders and sentences; the script finds here what it needs."""
    values = {**options, **drawing(options, state)}
    least, most = 1 / options["farthest"], 1 / options["nearest"]
    return TEMPLATES.filled_in(
        "lens.html",
        {"drawing": _filled(values)},
        unfilled=TEMPLATES.text_of("lens.svg"),
        options=json.dumps({"options": options, "state": state}),
        least=least,
        most=most,
        step=10 ** math.floor(math.log10((most - least) / 100)),
        nearness=1 / state["depth"],
        focus=1 / state["distance"],
        last_index=len(options["f_numbers"]) - 1,
        index=options["f_numbers"].index(state["f_number"]),
        **{name: values[name] for name in ("depth_text", "distance_text", "aperture_text", "diameter", "verdict")},
    )


def drawing(options, state):
    """Everything that depends on the sliders, by the names in templates/lens.svg; lens.js computes the same."""
    depth, distance, f_number = state["depth"], state["distance"], state["f_number"]
    image, sensor = (_image_distance(options, at) for at in (depth, distance))
    diameter = _diameter(options, state, distance)
    return {
        **_rays(options, depth, distance, f_number),
        **_plot(options, state, diameter),
        "diameter": diameter,
        "disc_r": max(diameter, options["pixel_pitch"]) / options["top"] * options["plot_height"] / 2,
        "depth_text": _metres(depth),
        "distance_text": _metres(distance),
        "aperture_text": f"f/{f_number:g}",
        "image_text": f"{image * 1e3:.2f} mm",
        "sensor_text": f"{sensor * 1e3:.2f} mm",
        "diameter_text": _micrometres(diameter),
        "pixels_text": _pixels(diameter / options["pixel_pitch"]),
        "verdict": " ".join(_verdict(options, state, diameter, image - sensor)),
    }


def _rays(options, depth, distance, f_number):
    """Where rays from the point pass the lens, meet behind it, and hit the sensor."""
    lens_x, axis_y = options["lens_x"], options["axis_y"]
    point_x, focus_x = (_object_x(options, at) for at in (depth, distance))
    image_x, sensor_x = (_image_x(options, at) for at in (depth, distance))
    image_y = axis_y + options["slope"] * (image_x - lens_x)
    half = options["rim"] * options["f_numbers"][0] / f_number
    travelled = (sensor_x - lens_x) / (image_x - lens_x)
    top, bottom = axis_y - half, axis_y + half
    hit_top, hit_bottom = (rim + (image_y - rim) * travelled for rim in (top, bottom))
    behind = image_x > sensor_x
    return {
        "point_x": point_x,
        "point_y": axis_y + options["slope"] * (point_x - lens_x),
        "point_dx": 35 - 70 * _share(options, depth),
        "focus_x": focus_x,
        "focus_dx": 35 - 70 * _share(options, distance),
        "beyond_dx": 14 if _share(options, distance) < 0.5 else -14,
        "rim_top": top,
        "rim_bottom": bottom,
        "image_x": image_x,
        "image_y": image_y,
        "image_dx": _image_dx(options, image_x),
        "sensor_x": sensor_x,
        "sensor_dx": _image_dx(options, sensor_x),
        "chief_y": axis_y + options["slope"] * (sensor_x - lens_x),
        "hit_top": hit_top,
        "hit_bottom": hit_bottom,
        "end_x": image_x if behind else sensor_x,  # light that the sensor stops would have met there
        "end_top": image_y if behind else hit_top,
        "end_bottom": image_y if behind else hit_bottom,
    }


def _plot(options, state, diameter):
    """The V, the frames on it, and the present state; in the plot, both axes run from 0 to 100."""
    foot = _share(options, state["depth"])
    shares = sorted([*(k / options["samples"] for k in range(options["samples"] + 1)), foot])
    stack = [k / (options["frames"] - 1) for k in range(options["frames"])]
    points = [_on_plot(options, state, share) for share in stack]
    best = _best_frame(options, state)
    return {
        "curve": " ".join(f"{x:.3f},{y:.3f}" for x, y in (_on_plot(options, state, share) for share in shares)),
        "dots": " ".join(f"M{x:.3f} {y:.3f}h0" for x, y in points),
        "best": "M{:.3f} {:.3f}h0".format(*points[best]),
        "marker_y": options["foot_y"] - options["plot_height"] * min(1, diameter / options["top"]),
        "beyond": "↑" if diameter > options["top"] else "",
    }


def _on_plot(options, state, share):
    return 100 * share, 100 - 100 * _diameter(options, state, _distance_at(options, share)) / options["top"]


def _best_frame(options, state):
    """Number of the frame that draws the point smallest."""
    distances = [_distance_at(options, k / (options["frames"] - 1)) for k in range(options["frames"])]
    return min(range(options["frames"]), key=lambda k: _diameter(options, state, distances[k]))


def _verdict(options, state, diameter, behind):
    """Sentences under the drawing."""
    if abs(behind) < 5e-6:
        where = "on the sensor"
    else:
        where = f"{abs(behind) * 1e3:.2f} mm {'behind' if behind > 0 else 'in front of'} the sensor"
    size = f"{_micrometres(diameter)}, {_pixels(diameter / options['pixel_pitch'])}"
    yield f"The image of the point lies {where}; what reaches the sensor is a disc of {size}."
    low, high = _sharp_between(options, state)
    until = f"to {_metres(high, digits=4)}" if math.isfinite(high) else "on to infinity"
    yield f"It is no larger than a pixel if the lens is focused from {_metres(low, digits=4)} {until}."
    best = _best_frame(options, state)
    frames = options["frames"]
    at = _metres(_distance_at(options, best / (frames - 1)))
    yield f"Of a stack of {frames} frames (the dots), number {best}, focused at {at}, draws the point smallest."


def _sharp_between(options, state):
    """Distances of focus between which the disc is no larger than a pixel, in metres."""
    depth, focal_length, pitch = state["depth"], options["focal_length"], options["pixel_pitch"]
    gain = focal_length**2 / state["f_number"]
    low = depth * (gain + pitch * focal_length) / (gain + pitch * depth)
    high = depth * (gain - pitch * focal_length) / (gain - pitch * depth) if gain > pitch * depth else math.inf
    return low, high


def _diameter(options, state, distance):
    return circle_of_confusion(
        state["depth"], distance, focal_length=options["focal_length"], f_number=state["f_number"]
    )


def _image_distance(options, distance):
    """Distance behind the lens at which a point is drawn sharply, in metres."""
    return options["focal_length"] * distance / (distance - options["focal_length"])


def _share(options, distance):
    """Nearness, 0 for the farthest and 1 for the nearest distance."""
    return (1 / distance - 1 / options["farthest"]) / (1 / options["nearest"] - 1 / options["farthest"])


def _distance_at(options, share):
    return 1 / (1 / options["farthest"] + share * (1 / options["nearest"] - 1 / options["farthest"]))


def _object_x(options, distance):
    return options["far_x"] + _share(options, distance) * (options["near_x"] - options["far_x"])


def _image_x(options, distance):
    first, last = (_image_distance(options, options[end]) for end in ("farthest", "nearest"))
    share = (_image_distance(options, distance) - first) / (last - first)
    return options["first_x"] + share * (options["last_x"] - options["first_x"])


def _image_dx(options, x):
    """Shift of a label that keeps it between the lens and the edge, in pixels."""
    return 12 - 56 * (x - options["first_x"]) / (options["last_x"] - options["first_x"])


def _metres(distance, *, digits=3):
    return f"{distance:.{max(0, digits - 1 - math.floor(math.log10(distance)))}f} m"


def _micrometres(diameter):
    return f"{diameter * 1e6:.{0 if diameter >= 1e-5 else 1}f} µm"


def _pixels(count):
    return f"{count:.{0 if count >= 100 else 1}f} pixels"


def _top(scene):
    """Top of the plot, in metres: the V of the smallest aperture fits in; a number of one digit, in micrometres."""
    lens = {"focal_length": scene["focal_length"], "f_number": scene["f_numbers"][-1]}
    largest = 1e6 * circle_of_confusion(scene["farthest"], scene["nearest"], **lens)
    digit = 10 ** math.floor(math.log10(largest))
    return math.ceil(largest / digit) * digit / 1e6


def _marks(options):
    """Numbers along the axes of the plot; those for distances as dense as they fit."""
    taken, marks = [], []
    for half in (0, 1, 2):
        y, value = options["foot_y"] - options["plot_height"] * half / 2, f"{options['top'] * 1e6 * half / 2:g}"
        marks.append(f'<text class="end" x="{options["far_x"]}%" dx="-9" y="{y + 4:g}">{value}</text>')
    for value in _round_distances(options["nearest"], options["farthest"]):
        share = _share(options, value)
        if all(abs(share - other) >= TICK_GAP for other in taken):
            taken.append(share)
            marks.append(f'<text x="{_object_x(options, value):.2f}%" y="412">{value:g}</text>')
    return "".join(marks)


def _round_distances(nearest, farthest):
    """Distances of one digit, and 1.5: the ends first, and those that look rounder before the others."""
    decades = range(math.floor(math.log10(nearest)), math.ceil(math.log10(farthest)) + 1)
    rounder = [digit * 10.0**power for digit in (1, 2, 5, 3, 7, 1.5, 4, 6, 8, 9) for power in decades]
    inside = [value for value in rounder if nearest <= value * (1 + 1e-9) and value <= farthest * (1 + 1e-9)]
    return [*(pick(inside) for pick in (min, max) if inside), *inside]


def _filled(values):
    rounded = {name: round(value, 2) if isinstance(value, float) else value for name, value in values.items()}
    marks = rounded.pop("marks")
    return TEMPLATES.filled_in("lens.svg", {"marks": marks}, **rounded)


def _check(scene, state):
    nearest, farthest, focal_length = scene["nearest"], scene["farthest"], scene["focal_length"]
    if not (0 < focal_length < nearest < farthest < math.inf):
        raise ValueError(
            f"distances go from {nearest:g} to {farthest:g} m for a lens of {focal_length:g} m; "
            "they must rise, and begin beyond the focal length"
        )
    for name in ("depth", "distance"):
        if not nearest <= state[name] <= farthest:
            raise ValueError(
                f"{name} is {state[name]:g} m; it lies between nearest, {nearest:g} m, and farthest, {farthest:g} m"
            )
    f_numbers = scene["f_numbers"]
    if not (
        f_numbers and f_numbers[0] > 0 and all(low < high for low, high in zip(f_numbers, [*f_numbers[1:], math.inf]))
    ):
        raise ValueError(f"f_numbers are positive and finite, and rise, got {f_numbers}")
    if state["f_number"] not in f_numbers:
        raise ValueError(f"f_number is {state['f_number']:g}; it must be one of f_numbers, {f_numbers}")
    if not 0 < scene["pixel_pitch"] < math.inf:
        raise ValueError(
            f"pixel_pitch is the width of a pixel in metres, positive and finite, got {scene['pixel_pitch']:g}"
        )
    if not (2 <= scene["frames"] < math.inf and scene["frames"] == int(scene["frames"])):
        raise ValueError(f"frames is {scene['frames']}; a focal stack has two at least, and whole ones")
