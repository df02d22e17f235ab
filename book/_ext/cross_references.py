"""Links between pages and the reference, in both directions.

Inline code that names a documented function or class becomes a link to its entry; each entry says which pages use it,
in text or code, and which formulas it computes, as the pages say. `mentions` reads the pages.
"""

from collections import defaultdict

from docutils import nodes
from mentions import Mentions, address_of_entry, entry_around, is_entry
from sphinx import addnodes
from sphinx.util.nodes import make_refnode

ABOUT_THE_PROJECT = {"book/changelog", "book/contributing"}  # they name much and use nothing


def read_page(app, doctree):
    """Note what a page says."""
    of_pages(app.env)[app.env.docname] = Mentions(doctree)


def of_pages(env):
    """Return what all pages say, by the name of the page."""
    if not hasattr(env, "mentions_of_pages"):
        env.mentions_of_pages = {}
    return env.mentions_of_pages


def purge(app, env, docname):
    """Forget a page that is read again, or gone."""
    of_pages(env).pop(docname, None)


def merge(app, env, docnames, other):
    """Take over what another process has read."""
    of_pages(env).update({name: of_pages(other)[name] for name in docnames if name in of_pages(other)})


def entry_for(env, address):
    """Find the entry of an address, or of the class or value that it belongs to: its name, or None."""
    objects = env.get_domain("py").objects
    owner = address.rpartition(".")[0]
    if address in objects:
        return address
    return owner if owner in objects and objects[owner].objtype != "module" else None


def book_order(env):
    """List the pages in the order of the table of contents."""
    order, waiting = [], [env.config.root_doc]
    while waiting:
        page = waiting.pop(0)
        if page not in order:
            order.append(page)
            waiting = [*env.toctree_includes.get(page, []), *waiting]
    return order


class Backlinks:
    """What pages say of each entry of the reference.

    Attributes
    ----------
    used_on : dict of str to dict of str to str
        For each entry, the pages that use it, in the order of the book, and the anchors there.
    computes : dict of str to list of str
        For each entry, the labels of the equations that it computes.
    """

    def __init__(self, env):
        self.used_on, self.computes = defaultdict(dict), defaultdict(list)
        for page in book_order(env):
            mentions = of_pages(env).get(page)
            if mentions and not mentions.is_reference and page not in ABOUT_THE_PROJECT:
                self.add(env, page, mentions)

    def add(self, env, page, mentions):
        """Add what one page says."""
        for address, anchor in mentions.uses.items():
            if name := entry_for(env, address):
                self.used_on[name].setdefault(page, anchor)
        for address, label in mentions.formulas:
            name = entry_for(env, address)
            if name and label not in self.computes[name]:
                self.computes[name].append(label)

    def state_of(self, env, page):
        """Say all that a page takes from others: when it changes, the page has to be written again."""
        links = sorted(filter(None, (entry_for(env, address) for address in of_pages(env)[page].spoken)))
        objects = env.get_domain("py").objects
        entries = sorted(name for name, entry in objects.items() if entry.docname == page)
        back = [(name, self.used_on.get(name), self.computes.get(name)) for name in entries]
        return repr(([(name, objects[name].docname) for name in links], back))


def changed_pages(app, env):
    """Gather the links back, and name the pages whose links change because of other pages."""
    app.backlinks = Backlinks(env)
    known = getattr(env, "states_of_links", {})
    env.states_of_links = {page: app.backlinks.state_of(env, page) for page in of_pages(env)}
    return [page for page, state in env.states_of_links.items() if known.get(page) != state]


def link_literals(app, doctree, docname):
    """Make inline code a link to the entry of what it names."""
    for literal in list(doctree.findall(nodes.literal)):
        name = entry_for(app.env, literal["address"]) if literal.get("address") else None
        around = entry_around(literal)
        if name and may_be_linked(literal) and not (around is not None and address_of_entry(around) == name):
            literal.replace_self(entry_link(app, docname, name, literal.deepcopy()))


def may_be_linked(literal):
    """Tell whether inline code stands where a link can: in no link, title or caption, and in no field's name."""
    node = literal.parent
    while node is not None:
        if isinstance(node, nodes.reference | nodes.title | nodes.field_name | nodes.term | addnodes.pending_xref):
            return False
        node = node.parent
    return True


def entry_link(app, docname, name, content):
    """Link to an entry of the reference."""
    entry = app.env.get_domain("py").objects[name]
    return make_refnode(app.builder, docname, entry.docname, entry.node_id, content, name)


def link_back(app, doctree, docname):
    """Add to each entry of a page the formulas it computes and the pages that use it."""
    for entry in filter(is_entry, list(doctree.findall(addnodes.desc))):
        name = address_of_entry(entry)
        formulas = [equation_link(app, docname, label) for label in app.backlinks.computes.get(name, [])]
        pages = [page_link(app, docname, *where) for where in app.backlinks.used_on.get(name, {}).items()]
        fields = [field("Computes", formulas), field("Used on", pages)]
        entry.children[-1] += nodes.field_list("", *filter(None, fields)) if any(fields) else []


def page_link(app, docname, page, anchor):
    """Link to a place on a page, by the title of the page."""
    return make_refnode(app.builder, docname, page, anchor, nodes.Text(app.env.titles[page].astext()))


def equation_link(app, docname, label):
    """Link to an equation by its number and the title of its page; None if there is no such equation."""
    domain = app.env.get_domain("math")
    if label not in domain.equations:
        return None
    page = domain.equations[label][0]
    link = domain.resolve_xref(app.env, docname, app.builder, "eq", label, addnodes.pending_xref(), nodes.Text(""))
    return nodes.inline("", "", link, nodes.Text(f" of {app.env.titles[page].astext()}"))


def field(title, links):
    """Make a field of an entry: its name, and links with commas between them; None without links."""
    paragraph = nodes.paragraph()
    for link in filter(None, links):
        paragraph += [nodes.Text(", "), link] if len(paragraph) else [link]
    return nodes.field("", nodes.field_name("", title), nodes.field_body("", paragraph)) if len(paragraph) else None


def resolve(app, doctree, docname):
    """Write all links of a page, in both directions."""
    link_literals(app, doctree, docname)
    link_back(app, doctree, docname)


def missing(app, env, node, contnode):
    """Find the entry that a docstring names by its last name alone, if it is the only one of that name."""
    if node.get("refdomain") != "py":
        return None
    found = [name for name in env.get_domain("py").objects if name.endswith(f".{node['reftarget']}")]
    return entry_link(app, node["refdoc"], found[0], contnode) if len(found) == 1 else None


def setup(app):
    """Register with Sphinx."""
    app.connect("doctree-read", read_page)
    app.connect("env-purge-doc", purge)
    app.connect("env-merge-info", merge)
    app.connect("env-updated", changed_pages)
    app.connect("missing-reference", missing)
    app.connect("doctree-resolved", resolve)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
