"""Sections of the page of a comparison, each as HTML of what a report holds."""

from html import escape

from fusion.report.scoreboard import MEMORY, TIME, heads, rows
from fusion.show.embed import address_of
from fusion.templates import Templates

TEMPLATES = Templates("fusion.report")
SHOWN = 4  # pictures side by side at first
COARSE = 112  # pixels: narrower crops are enlarged as squares, others smoothly
SQUAREST, WIDEST = 0.25, 4  # width over height of a crop as it is shown


def summary(report, size):
    """The recommendation, its reasons, and what was done to the frames."""
    names = "".join(f"<li>{escape(name)}</li>" for name in report.frame_names)
    left_out = "".join(f"<li><b>{escape(name)}</b>: {escape(reason)}</li>" for name, reason in report.left_out)
    folds = [
        _fold("Names of the frames", names) if names else "",
        _fold(f"{_count(report.left_out, 'frame')} left out", left_out) if left_out else "",
    ]
    return TEMPLATES.filled_in(
        "summary.html",
        {"reasons": "".join(f"<li>{escape(reason)}</li>" for reason in report.reasons), "folds": "".join(folds)},
        advice=report.advice,
        frames=_count(report.frame_names, "frame"),
        kinds=f", which differ in {' and in '.join(report.kinds)}" if report.kinds else "",
        alignment=report.alignment,
        depth=report.depth,
        **size,
    )


def _fold(title, items):
    return TEMPLATES.filled_in("fold.html", {"items": items}, title=title)


def _count(things, name):
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


def viewer(pictures, results, embedded, size):
    """All pictures, with what chooses, enlarges and moves them; results come first."""
    shown = range(min(SHOWN, len(pictures)))
    titles = [picture.title for picture in pictures]
    panes = [
        TEMPLATES.filled_in(
            "pane.html",
            index=index,
            title=title,
            shown=" shown" if index in shown else "",
            source=address_of(file),
            width=width,
            height=height,
        )
        for index, (title, file, (width, height)) in enumerate(zip(titles, embedded.files, embedded.sizes))
    ]
    return TEMPLATES.filled_in(
        "viewer.html",
        {
            "panes": "".join(panes),
            "chips": _chips("Results", titles, range(results), shown)
            + _chips("Frames", titles, range(results, len(titles)), shown),
            "left": _options(titles, results, 0),
            "right": _options(titles, results, min(1, len(titles) - 1)),
            "alone": "disabled" if len(titles) == 1 else "",
        },
        reduction=embedded.scale,
        note=_embedding(embedded, size),
    )


def _chips(name, titles, indices, shown):
    """Boxes to tick, one for each picture of a group."""
    items = [
        TEMPLATES.filled_in("chip.html", index=index, title=titles[index], checked="checked" if index in shown else "")
        for index in indices
    ]
    return TEMPLATES.filled_in("chips.html", {"items": "".join(items)}, name=name, key=name.lower()) if items else ""


def _options(titles, results, selected):
    options = [
        f'<option value="{index}"{" selected" if index == selected else ""}>{escape(title)}</option>'
        for index, title in enumerate(titles)
    ]
    groups = [("Results", options[:results]), ("Frames", options[results:])]
    return "".join(f'<optgroup label="{name}">{"".join(group)}</optgroup>' for name, group in groups if group)


def _embedding(embedded, size):
    """At what size and quality pictures are embedded, in a sentence."""
    (width, height), *_ = embedded.sizes
    if embedded.scale == 1:
        return f"Pictures are embedded at their full size, as WebP of quality {embedded.quality}."
    return (
        f"To keep this file small, pictures are embedded at {width} × {height} pixels, {100 * embedded.scale:.0f} % of "
        f"their {size['width']} × {size['height']}, as WebP of quality {embedded.quality}."
    )


def regions(report, crops, overview, size):
    """Where results differ most: numbered on a small picture, then each region in every result."""
    if not report.regions:
        return ""
    count = len(report.results)
    files = [crops.files[start : start + count] for start in range(0, len(crops.files), count)]
    sizes = crops.sizes[::count]
    parts = [
        _region(report, number, region, region_files, region_size)
        for number, (region, region_files, region_size) in enumerate(zip(report.regions, files, sizes), start=1)
    ]
    (small_width, small_height), *_ = overview.sizes
    markers = [_marker(number, region, size) for number, region in enumerate(report.regions, start=1)]
    return TEMPLATES.filled_in(
        "regions.html",
        {"markers": "".join(markers), "parts": "".join(parts)},
        title=report.results[0].picture.title,
        source=address_of(overview.files[0]),
        width=small_width,
        height=small_height,
        ratio=small_width / small_height,
        scale="at full resolution" if crops.scale == 1 else f"reduced to {100 * crops.scale:.0f} % of their size",
        quality=crops.quality,
    )


def _region(report, number, region, files, crop_size):
    width, height = crop_size
    crops = [
        TEMPLATES.filled_in(
            "crop.html",
            index=index,
            title=result.picture.title,
            number=number,
            source=address_of(file),
            width=width,
            height=height,
            ratio=min(WIDEST, max(SQUAREST, width / height)),
            coarse=" coarse" if width < COARSE else "",
        )
        for index, (result, file) in enumerate(zip(report.results, files))
    ]
    values = region._asdict() | {"difference": f"{region.difference:.0f}"}
    return TEMPLATES.filled_in("region.html", {"crops": "".join(crops)}, number=number, **values)


def _marker(number, region, size):
    return TEMPLATES.filled_in(
        "marker.html",
        number=number,
        left=100 * region.x / size["width"],
        top=100 * region.y / size["height"],
        width=100 * region.width / size["width"],
        height=100 * region.height / size["height"],
    )


def scores(report):
    """The table of what each method took and scored, and what its columns mean."""
    meanings = [_term(metric.name, metric.meaning) for metric in (TIME, MEMORY, *report.metrics)]
    return TEMPLATES.filled_in(
        "scores.html", {"heads": heads(report), "rows": rows(report), "meanings": "".join(meanings)}
    )


def _term(name, meaning):
    return f"<div><dt>{escape(name)}</dt><dd>{escape(meaning)}</dd></div>"


def traits(report):
    """What was measured on the frames."""
    if not report.traits:
        return ""
    lines = [
        f'<tr><th scope="row">{escape(trait.name)}</th><td>{escape(trait.value)}</td><td>{escape(trait.meaning)}</td></tr>'
        for trait in report.traits
    ]
    return TEMPLATES.filled_in("traits.html", {"rows": "".join(lines)})


def failures(report):
    """Methods that made nothing."""
    if not report.failures:
        return ""
    items = [_term(failure.title, failure.reason) for failure in report.failures]
    return TEMPLATES.filled_in("failures.html", {"items": "".join(items)})


def commands(report):
    """How to make each result again."""
    items = "".join(map(_command, report.results))
    return TEMPLATES.filled_in("commands.html", {"items": items}, made_by=report.made_by)


def _command(result):
    template = "command.html" if result.command else "no-command.html"
    words = " ".join(f"<span>{escape(word)}</span>" for word in result.command.split(" "))
    return TEMPLATES.filled_in(template, {"command": words}, title=result.picture.title, use=result.use)
