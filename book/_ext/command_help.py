"""The directive ``command-line``: the help of every sub-command, from the parsers themselves, at every build."""

import argparse
import os
from contextlib import contextmanager

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from fusion.cli import build_parser

WIDTH = 80


@contextmanager
def terminal_of(width):
    """Let argparse find a terminal of a given width, and no colours."""
    before = {name: os.environ.get(name) for name in ("COLUMNS", "NO_COLOR")}
    os.environ.update(COLUMNS=str(width), NO_COLOR="1")
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def children(parser):
    """Return the parsers of the sub-commands of a command, in order."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return list(action.choices.values())
    return []


def commands(parser):
    """Yield a parser and those of all its sub-commands, at any depth."""
    yield parser
    for child in children(parser):
        yield from commands(child)


def helps(width=WIDTH):
    """Return the help of every command.

    Parameters
    ----------
    width : int, optional
        Characters of a line.

    Returns
    -------
    dict of str to str
        By the words of the command: ``"fusion"``, ``"fusion stack"``, ``"fusion data list"``.
    """
    with terminal_of(width):
        return {parser.prog: parser.format_help() for parser in commands(build_parser())}


def anchor_of(command):
    """Name the anchor of a command on the page."""
    return "command-" + command.replace(" ", "-")


class CommandLine(SphinxDirective):
    """A section for every command, with its help."""

    def run(self):
        """Make the sections, and remember the page for links."""
        self.env.note_dependency(build_parser.__code__.co_filename)
        return [self.section(command, text) for command, text in helps().items()]

    def section(self, command, text):
        """One command: a title, and its help as it is printed."""
        section = nodes.section(ids=[anchor_of(command)], names=[])
        section += nodes.title("", "", nodes.literal(text=command))
        section += nodes.literal_block(text, text, language="none")
        self.state.document.note_explicit_target(section)
        return section


def setup(app):
    """Register with Sphinx."""
    app.add_directive("command-line", CommandLine)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
