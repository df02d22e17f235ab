"""The few things that must be known of an EXIF block: orientation, and how to pass the rest on unchanged.

A block is what follows the marker ``Exif\\0\\0``: a small TIFF structure. It is patched in place rather than written
anew, so that private notes of camera makers, which hold absolute offsets, stay valid.
"""

import struct

import cv2

ORIENTATION = 0x0112
MARKER = b"Exif\0\0"

TURNS = {
    2: lambda pixels: cv2.flip(pixels, 1),
    3: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_180),
    4: lambda pixels: cv2.flip(pixels, 0),
    5: cv2.transpose,
    6: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE),
    7: lambda pixels: cv2.rotate(cv2.transpose(pixels), cv2.ROTATE_180),
    8: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE),
}


def strip(block):
    """Return an EXIF block without the marker that some formats put before it."""
    return block.removeprefix(MARKER) if block else None


def orientation(block):
    """Return the orientation 1..8 that a block states, 1 where it states none."""
    for position, (tag, _, _, value) in _entries(block):
        if tag == ORIENTATION:
            value = struct.unpack_from(_order(block) + "H", block, position + 8)[0]
            return value if 1 <= value <= 8 else 1
    return 1


def turn_upright(pixels, orientation):
    """Turn or mirror stored pixels so that the picture stands upright."""
    return TURNS[orientation](pixels) if orientation in TURNS else pixels


def for_upright(block):
    """Return a copy of a block for upright pixels: orientation 1 and no embedded preview (it shows another picture)."""
    entries = list(_entries(block))
    if not entries:
        return None
    patched = bytearray(block)
    for position, (tag, *_) in entries:
        if tag == ORIENTATION:
            struct.pack_into(_order(block) + "HH", patched, position + 8, 1, 0)
    struct.pack_into(_order(block) + "I", patched, entries[-1][0] + 12, 0)
    return bytes(patched)


def _order(block):
    return "<" if block[:2] == b"II" else ">"


def _entries(block):
    """Yield (position, (tag, type, count, value)) of the first directory; nothing where the block is malformed."""
    if not block or block[:2] not in (b"II", b"MM"):
        return
    order = _order(block)
    try:
        start = struct.unpack_from(order + "I", block, 4)[0]
        count = struct.unpack_from(order + "H", block, start)[0]
        positions = [start + 2 + 12 * index for index in range(count)]
        struct.unpack_from(order + "I", block, start + 2 + 12 * count)
        entries = [(position, struct.unpack_from(order + "HHII", block, position)) for position in positions]
    except struct.error:
        return
    yield from entries
