"""PNG files: whether all is there that they are made of."""

import zlib

MARKER = b"\x89PNG"  # the first bytes of such a file, whatever its name
SIGNATURE, LENGTH, KIND, SUM = 8, 4, 4, 4  # bytes: in front of the chunks, and of the parts of each beside its content
LOWER_CASE = 0x20  # bit of a letter: a chunk whose name begins so may be passed over


def is_whole(encoded):
    """Tell whether a PNG, an array of its bytes, goes on to its end, and all that is needed has the sum that it tells.

    A decoder finds that out too, but prints what it finds.
    """
    view, start = memoryview(encoded), SIGNATURE
    while start + LENGTH + KIND + SUM <= len(view):
        named = start + LENGTH
        end = named + KIND + int.from_bytes(view[start:named], "big")
        kind = bytes(view[named : named + KIND])
        told = int.from_bytes(view[end : end + SUM], "big")
        if not kind[0] & LOWER_CASE and zlib.crc32(view[named:end]) != told:
            return False
        if kind == b"IEND":
            return True
        start = end + SUM
    return False
