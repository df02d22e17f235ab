"""Keep the site to its own host: no page names a script that would come from elsewhere.

Jupyter Book always loads sphinx-thebe, which writes the address of a script into every page for a button this
book does not have.
"""


def drop_thebe(app, pagename, templatename, context, doctree):
    """Take the scripts of sphinx-thebe, written in the page or in a file, out of a page."""
    context["script_files"] = [script for script in context["script_files"] if not is_thebe(script)]


def is_thebe(script):
    """Tell whether a script, as Sphinx lists it for a page, is one of sphinx-thebe."""
    return "thebe" in str(script.filename or script.attributes.get("body", ""))


def setup(app):
    """Register with Sphinx, after all others have added their scripts."""
    app.connect("html-page-context", drop_thebe, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
