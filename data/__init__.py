"""Pictures: what an image and a stack are, opening and saving them, data by name."""

from data.datasets import load
from data.errors import DataError
from data.gray import to_gray
from data.image import to_float
from data.io import as_jpeg, save
from data.multiview import MultiviewDataset
from data.stack import Stack, open_stack

__all__ = ["DataError", "MultiviewDataset", "Stack", "as_jpeg", "load", "open_stack", "save", "to_float", "to_gray"]
