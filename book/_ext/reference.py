"""The reference from docstrings: which members are shown, and how their docstrings become pages."""

import builtins
import inspect
import re

import public_names

CITATION = re.compile(r"^\.\. \[(\d+)\] (.*)")


def skip_member(app, what, name, thing, skip, options):
    """Leave out of a module what is not public or has its entry elsewhere, and fields of named tuples."""
    if what != "module":
        return True if type(thing).__name__ == "_tuplegetter" else None
    module = app.env.temp_data["autodoc:module"]
    if not public_names.has_address(thing):
        return True if public_names.is_listed(module, name) else None
    return None if public_names.is_documented(f"{module}.{name}", thing) else True


def number_references(lines):
    """Turn the citations of a docstring into a numbered list: their labels are not unique on a page.

    Parameters
    ----------
    lines : list of str
        Docstring; the section *References* holds ``.. [1] ...``, the text ``[1]_``.

    Returns
    -------
    list of str
    """
    inside, turned = False, []
    for line in lines:
        cited = CITATION.match(line)
        inside = bool(cited) or (inside and line.startswith(" "))
        if cited:
            turned.append(rf"{cited[1]}. \{cited[2]}")  # escaped: an initial is not another list
        else:
            turned.append(f"   {line.strip()}" if inside else re.sub(r"\[(\d+)\]_", r"[\1]", line))
    return turned


def before_napoleon(app, what, name, thing, options, lines):
    """Change a docstring before napoleon reads it."""
    lines[:] = number_references(lines)
    app.env.temp_data["docstring"] = list(lines)


def after_napoleon(app, what, name, thing, options, lines):
    """Give a property back its own words: napoleon takes those before a colon for a type."""
    if what in {"property", "attribute", "data"}:
        lines[:] = app.env.temp_data["docstring"]


def without_default_text(app, what, name, thing, options, lines):
    """Drop the text that Python itself gives to a named tuple or a dataclass, which says its signature again."""
    if what == "class" and re.match(rf"{thing.__name__}\(", inspect.getdoc(thing) or ""):
        lines.clear()


def allow_builtin_errors(app, config):
    """Let errors of Python stay without a link: its own reference is not at hand offline."""
    errors = [name for name, thing in vars(builtins).items() if isinstance(thing, type)]
    config.nitpick_ignore = [*config.nitpick_ignore, *(("py:exc", name) for name in errors)]


def outdated(app, env, added, changed, removed):
    """Read the reference again when pages name other functions than before."""
    public_names.named_on_pages.cache_clear()
    named = public_names.named_on_pages()
    known, env.named_on_pages = getattr(env, "named_on_pages", named), named
    return [] if named == known else [doc for doc in env.found_docs if doc.startswith("book/api")]


def setup(app):
    """Register with Sphinx."""
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.napoleon")
    app.connect("config-inited", allow_builtin_errors)
    app.connect("env-get-outdated", outdated)
    app.connect("autodoc-skip-member", skip_member)
    app.connect("autodoc-process-docstring", without_default_text, priority=100)
    app.connect("autodoc-process-docstring", before_napoleon, priority=200)
    app.connect("autodoc-process-docstring", after_napoleon, priority=800)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
