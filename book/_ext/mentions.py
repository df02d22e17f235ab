"""What a page says of the library: the functions it names in text and code, and the formulas they compute."""

import ast
import inspect
import re

import public_names
from docutils import nodes
from sphinx import addnodes

SAYS_SO = re.compile(r"\bcomput|\bmakes?\b|\buses\b|\bby\b|\bminimis")
SENTENCE_ENDS = re.compile(r"[.!?](?:\s|$)")


class Mentions:
    """What one page says of the library.

    Parameters
    ----------
    doctree : docutils document
        The page, as it was read. Inline code that names something of ours is given its ``address`` there.

    Attributes
    ----------
    spoken : set of str
        Addresses that inline code names.
    uses : dict of str to str
        Addresses that text or code names, and the anchor of the section that does so first.
    formulas : list of (str, str)
        Address of a function, and label of an equation that it computes.
    is_reference : bool
        Whether entries of the reference stand on the page.
    """

    def __init__(self, doctree):
        imported = imported_names(doctree)
        spoken = [(address, section_of(literal)) for literal, address in mark_literals(doctree, imported)]
        written = [
            (address, section_of(block))
            for block, tree in code_cells(doctree)
            for address in names_in_code(tree, imported)
        ]
        self.spoken = {address for address, _ in spoken}
        self.uses = dict([*spoken, *written][::-1])
        self.formulas = [
            pair
            for paragraph in doctree.findall(nodes.paragraph)
            for sentence in clauses(paragraph)
            for pair in formulas_in(sentence)
        ]
        self.is_reference = any(is_entry(node) for node in doctree.findall(addnodes.desc))


def code_cells(doctree):
    """Yield the code that a page shows, as (node, syntax tree)."""
    for block in doctree.findall(nodes.literal_block):
        if str(block.get("language", "")) in {"ipython3", "ipython", "python"}:
            try:
                yield block, ast.parse(block.astext())
            except SyntaxError:
                continue


def imported_names(doctree):
    """Gather what the cells of a page import, by the names that they use for it."""
    found = {}
    for _, tree in code_cells(doctree):
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found |= {item.asname or item.name: item.name for item in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module == "imports":
                found |= {item.asname or item.name: public_names.imported_name(item.name) for item in node.names}
            elif isinstance(node, ast.ImportFrom):
                found |= {item.asname or item.name: f"{node.module}.{item.name}" for item in node.names}
    return {name: full for name, full in found.items() if full and full.split(".")[0] in public_names.ROOMS}


def dotted(node):
    """Return the dotted name that an expression is, or None."""
    if isinstance(node, ast.Name):
        return node.id
    inner = dotted(node.value) if isinstance(node, ast.Attribute) else None
    return f"{inner}.{node.attr}" if inner else None


def full_name(name, imported):
    """Put the full name in place of the first part of a name as a page says it; None if it is not of ours."""
    first, dot, rest = name.partition(".")
    full = imported.get(first) or (first if dot and first in public_names.ROOMS else None)
    return f"{full}{dot}{rest}" if full else None


def names_in_code(tree, imported):
    """Yield the addresses that code uses: the longest names only, none of an import."""
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name) and id(node) not in inner:
            name = full_name(dotted(node) or "", imported)
            if name:
                yield public_names.canonical(without_attributes(name))


def without_attributes(name):
    """Cut off what a name takes of a value: ``fusion.filters.FILTERS`` of ``fusion.filters.FILTERS.items``."""
    owner = public_names.locate(name.rpartition(".")[0])
    if owner is None or inspect.ismodule(owner) or isinstance(owner, type):
        return name
    return without_attributes(name.rpartition(".")[0])


def section_of(node):
    """Name the anchor of the section that a node stands in; that of the page itself is empty."""
    while node is not None and not isinstance(node, nodes.section):
        node = node.parent
    top = node is None or not isinstance(node.parent, nodes.section)
    return "" if top else node["ids"][0]


def entry_around(node):
    """Return the innermost entry of the reference that a node stands in, or None."""
    while node is not None and not is_entry(node):
        node = node.parent
    return node


def is_entry(node):
    """Tell whether a node is an entry of the reference."""
    return isinstance(node, addnodes.desc) and node.get("domain") == "py"


def address_of_entry(entry):
    """Name the address of an entry of the reference."""
    signature = entry.next_node(addnodes.desc_signature)
    return f"{signature['module']}.{signature['fullname']}" if signature.get("module") else signature["fullname"]


def parameters_of(entry):
    """Name the parameters of an entry: a docstring means these first."""
    return {part.astext().split("=")[0].strip("*") for part in entry.findall(addnodes.desc_parameter)}


def candidates(name, literal, imported, before):
    """Yield the addresses that a name in the text may mean, the most likely first.

    Parameters
    ----------
    name : str
        As the text has it.
    literal : docutils node
        Where.
    imported : dict of str to str
        What the page imports.
    before : str or None
        Address named before in the same paragraph: its neighbours may be meant by their last names.
    """
    entry = entry_around(literal)
    if entry is not None:
        if name in parameters_of(entry):
            return
        around = address_of_entry(entry)
        thing = public_names.locate(around)
        home = getattr(thing, "__module__", None)
        yield from (f"{scope}.{name}" for scope in (around, around.rpartition(".")[0], home) if scope)
    full = full_name(name, imported)
    if full:
        yield full
    if before:
        yield f"{before.rpartition('.')[0]}.{name}"
        thing = public_names.locate(before)
        if public_names.has_address(thing):
            yield f"{thing.__module__}.{name}"


def meant(name, literal, imported, before):
    """Return the address of the function, class or method that a name means, or None.

    A bare word is never taken for a module: ``weights`` may be one, or a variable.
    """
    for address in candidates(name, literal, imported, before):
        thing = public_names.locate(address)
        if public_names.has_address(thing):
            return public_names.canonical(address)
        owner = public_names.locate(address.rpartition(".")[0])
        if isinstance(owner, type):
            return public_names.canonical(address.rpartition(".")[0])
        if thing is not None and "." in name:
            return address
    return None


def block_around(node):
    """Return the paragraph, or whatever block of text it is, that a node stands in."""
    while isinstance(node, nodes.Inline):
        node = node.parent
    return node


def mark_literals(doctree, imported):
    """Write the address that it may be linked to on every piece of inline code; yield code and address."""
    before, paragraph = None, None
    for literal in doctree.findall(nodes.literal):
        if block_around(literal) is not paragraph:
            before, paragraph = None, block_around(literal)
        name = public_names.spoken_name(literal.astext())
        address = meant(name, literal, imported, before) if name else None
        if address:
            before = address if "." in name else before
            literal["address"] = address
            yield literal, address


def clauses(paragraph):
    """Cut a paragraph into sentences, each a list of words, inline code and references to equations."""
    sentence = []
    for node in paragraph.findall(lambda node: isinstance(node, nodes.Text | nodes.literal | addnodes.pending_xref)):
        if isinstance(node, nodes.Text):
            if isinstance(node.parent, nodes.literal | addnodes.pending_xref):
                continue
            *ended, last = SENTENCE_ENDS.split(str(node))
            for part in ended:
                yield [*sentence, part]
                sentence = []
            sentence.append(last)
        elif not isinstance(node.parent, addnodes.pending_xref):
            sentence.append(node)
    yield sentence


def formulas_in(sentence):
    """Yield (address, label) for the functions of a sentence and the equations that it says they compute.

    Functions belong to the equations that come next, or to those before if none comes and nothing else was named for
    these: "`f` and `g` compute (1)", "(1), which `f` computes", "(1), then (2) by `g`".
    """
    if not SAYS_SO.search(" ".join(part for part in sentence if isinstance(part, str))):
        return
    waiting, label, answered, previous = [], None, False, ""
    for part in sentence:
        if isinstance(part, str):
            previous = part.rstrip() or previous
        elif part.get("reftype") == "eq":
            label, answered, passed = part["reftarget"], bool(waiting), True
            yield from ((address, label) for address in waiting)
        elif part.get("address"):
            waiting = [part["address"]] if label and passed else [*waiting, part["address"]]
            passed = False
            if label and (previous.endswith(" by") or not answered):
                yield part["address"], label
