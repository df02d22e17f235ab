"""Let the kernels that run the pages report errors only: each would advise on the encryption of local sockets."""

from nbclient import NotebookClient


def setup(app):
    """Register with Sphinx: change what a notebook client passes to its kernel by default."""
    NotebookClient.extra_arguments.default_args = (["--log-level=ERROR"],)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
