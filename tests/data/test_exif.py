"""EXIF blocks written by hand, byte by byte: orientation, and the preview that shows the frame and not the result."""

import io
import struct

import numpy as np
import pytest
from PIL import ExifTags, Image

from data import exif, open_stack, save

SHORT, LONG = 3, 4
COMPRESSION, PREVIEW_START, PREVIEW_LENGTH = 0x0103, 0x0201, 0x0202
ORDERS = pytest.mark.parametrize("order", ["<", ">"], ids=["little-endian", "big-endian"])
ENDINGS = pytest.mark.parametrize("ending", [".jpg", ".png", ".webp"])


def directory(order, entries, following):
    """Bytes of one directory of (tag, type, value), and the offset of the one that follows."""
    packed = b"".join(
        struct.pack(order + "HHI", tag, kind, 1) + struct.pack(order + ("HH" if kind == SHORT else "I"), *value)
        for tag, kind, *value in entries
    )
    return struct.pack(order + "H", len(entries)) + packed + struct.pack(order + "I", following)


def block_of(order, orientation, preview=b""):
    """An EXIF block with an orientation and, where given, a preview."""
    header = {"<": b"II", ">": b"MM"}[order] + struct.pack(order + "HI", 42, 8)
    first = [(exif.ORIENTATION, SHORT, orientation, 0)]
    if not preview:
        return header + directory(order, first, 0)
    second_at = len(header) + 2 + 12 * len(first) + 4
    preview_at = second_at + 2 + 12 * 3 + 4
    second = [
        (COMPRESSION, SHORT, 6, 0),
        (PREVIEW_START, LONG, preview_at),
        (PREVIEW_LENGTH, LONG, len(preview)),
    ]
    return header + directory(order, first, second_at) + directory(order, second, 0) + preview


def as_pillow_sees(path):
    """Return (orientation, directory of the preview) of a file."""
    with Image.open(path) as picture:
        found = picture.getexif()
        return found.get(exif.ORIENTATION), found.get_ifd(ExifTags.IFD.IFD1)


@pytest.fixture
def preview():
    encoded = io.BytesIO()
    Image.new("RGB", (16, 12), (200, 100, 0)).save(encoded, "JPEG")
    return encoded.getvalue()


@ORDERS
@ENDINGS
def test_the_preview_of_the_frame_is_not_passed_on(tmp_path, texture, preview, order, ending):
    """EXIF may embed a small picture of the frame; a result would be listed with the wrong preview."""
    frame, result = tmp_path / "frame.jpg", tmp_path / f"result{ending}"
    block = block_of(order, 6, preview)
    Image.fromarray((texture * 255).astype(np.uint8)).save(frame, exif=exif.MARKER + block)
    orientation, seen = as_pillow_sees(frame)
    assert orientation == 6 and seen[PREVIEW_LENGTH] == len(preview)
    stack = open_stack([frame])
    save(stack[0], result, like=stack)
    assert as_pillow_sees(result) == (1, {})
    assert len(open_stack([result]).metadata.exif) == len(block)  # in place: private notes keep their offsets


@ORDERS
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_read_in_both_byte_orders(order, orientation):
    assert exif.orientation(block_of(order, orientation)) == orientation
    assert exif.orientation(exif.for_upright(block_of(order, orientation))) == 1


@ORDERS
@pytest.mark.parametrize("orientation", [0, 9, 255, 65535])
def test_an_orientation_that_does_not_exist_counts_as_upright(tmp_path, order, orientation):
    block = block_of(order, orientation)
    assert exif.orientation(block) == 1
    stored = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    Image.fromarray(stored).save(tmp_path / "a.png", exif=exif.MARKER + block)
    np.testing.assert_array_equal(open_stack(tmp_path).pixels(0), stored)
