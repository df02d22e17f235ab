"""Make the reports that the page on choosing a method links to: what `fusion compare` writes, of the book's own samples.

They are made when the book is built, kept by the state of code and pictures, and copied beside the pages.
"""

import shutil
from pathlib import Path

from fresh_cache import pictures_at_hand, state_of
from sphinx.errors import ExtensionError
from sphinx.util import logging

from data.io import replacing

FOLDER = "comparisons"
SAMPLES = {"pair": "multi_focus", "bracket": "multi_exposure"}
LARGEST = 2_900_000  # bytes of a report, as of every page


def make_reports(app, exception):
    """Put one report for each sample into the built site; another builder gets none."""
    if exception is not None or app.builder.format != "html":
        return
    state = state_of(Path(app.srcdir), pictures=pictures_at_hand())
    kept, shown = Path(app.outdir).parent / ".comparisons" / state, Path(app.outdir) / FOLDER
    for made in (kept, shown):
        made.mkdir(parents=True, exist_ok=True)
    for name, sample in SAMPLES.items():
        page = kept / f"{name}.html"
        if not page.exists():
            logging.getLogger(__name__).info("comparing every method on %s", sample)
            content = report_on(sample)
            with replacing(page) as temporary:
                temporary.write_text(content, encoding="utf-8")
        shutil.copy(page, shown)


def report_on(sample):
    """Return the report on a sample of the book, as a page; raise an ExtensionError if a method failed."""
    import imports
    from fusion.report import compare, page_of

    origin = getattr(imports, f"{sample}_origin")
    report = compare(
        getattr(imports, f"{sample}_sample"),
        title=f"Comparison of fusion methods: {origin}",
        alignment="The frames were fused as they lie.",
    )
    if report.failures:
        raise ExtensionError("; ".join(f"{failure.title}: {failure.reason}" for failure in report.failures))
    return page_of(report, limit=LARGEST)


def setup(app):
    """Register with Sphinx."""
    app.connect("build-finished", make_reports)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
