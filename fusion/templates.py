"""Templates of HTML, style and script beside a package, and how they are filled."""

import html
from functools import cache
from importlib.resources import files
from string import Template


class Templates:
    """The folder `templates` of a package."""

    def __init__(self, package):
        self._package = package

    def text_of(self, template):
        """Read a template."""
        return _read(self._package, template)

    def filled_in(self, template, markup=None, /, **values):
        """Fill a template: values are text and escaped, markup is put in as it is."""
        escaped = {key: html.escape(str(value)) for key, value in values.items()}
        return Template(self.text_of(template)).substitute(escaped, **(markup or {}))


@cache
def _read(package, template):
    return (files(package) / "templates" / template).read_text(encoding="utf-8")
