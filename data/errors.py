"""The one error of the room `data`."""


class DataError(ValueError):
    """Pictures that cannot be opened, fused together or saved; the message is one line with a way out."""
