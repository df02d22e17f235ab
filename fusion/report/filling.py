"""Templates of the page, and how they are filled."""

import html
from functools import cache
from importlib.resources import files
from string import Template


def filled_in(template, markup=None, **values):
    """Fill a template: values are text and escaped, markup is put in as it is."""
    escaped = {name: html.escape(str(value)) for name, value in values.items()}
    return Template(text_of(template)).substitute(escaped, **(markup or {}))


@cache
def text_of(template, package="fusion.report"):
    """Read a template of a package."""
    return (files(package) / "templates" / template).read_text(encoding="utf-8")
