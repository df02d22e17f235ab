"""TIFF files: pages, pixels, and the tags that tell where a picture comes from."""

import cv2
import numpy as np
import tifffile
from PIL import Image

from data import exif
from data.errors import DataError

GRAY, RGB, YCBCR = 1, 2, 6  # photometric interpretation
PLAIN = {1, 8, 32946}  # compression that tifffile decodes by itself: none, and two names of deflate
MAKE, MODEL, SOFTWARE, DATE, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 271, 272, 305, 306, 282, 283, 296
ICC_PROFILE = 34675


def read_headers(path):
    """Return (index, stored shape, bit depth, orientation) of every full-size page."""
    with tifffile.TiffFile(path) as file:
        pages = [page for page in file.pages if not page.is_reduced]
        return [(page.index, _shape(page, path), page.bitspersample, _orientation(page)) for page in pages]


def _shape(page, path):
    if page.photometric not in (GRAY, RGB, YCBCR) or page.dtype not in (np.uint8, np.uint16):
        kind = getattr(page.photometric, "name", page.photometric)
        raise DataError(
            f"{path}: page {page.index} is {kind} of type {page.dtype}; convert it to gray or RGB of 8 or 16 bits"
        )
    size = (page.imagelength, page.imagewidth)
    return size if page.photometric == GRAY else (*size, 3)


def _orientation(page):
    value = page.tags.valueof(exif.ORIENTATION, 1)
    return value if value in exif.TURNS else 1


def read_pixels(path, index):
    """Decode one page as it is stored: uint8 or uint16, (H, W[, channels]) in RGB order."""
    with tifffile.TiffFile(path) as file:
        page = file.pages[index]
        if page.compression not in PLAIN or page.predictor != 1:
            return _decode_with_opencv(path, page)
        pixels = page.asarray()
        separate = pixels.ndim == 3 and page.planarconfig == 2
        return np.moveaxis(pixels, 0, -1) if separate else pixels


def _decode_with_opencv(path, page):
    """Decode LZW, JPEG and the like. OpenCV fails on turned pages, so the orientation in the copy in memory is reset."""
    encoded = np.fromfile(path, np.uint8)
    tag = page.tags.get(exif.ORIENTATION)
    if tag is not None:
        order = page.parent.byteorder
        encoded[tag.valueoffset : tag.valueoffset + 2] = np.frombuffer(np.array(1, order + "u2").tobytes(), np.uint8)
    read, pages = cv2.imdecodemulti(encoded, cv2.IMREAD_UNCHANGED, range=(page.index, page.index + 1))
    if not read or not pages:
        raise DataError(
            f"{path}: page {page.index} is damaged, or compressed in an unusual way; save it with LZW or without"
        )
    pixels = pages[0]
    if pixels.ndim == 2:
        return pixels
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB if pixels.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)


def read_metadata(path, index):
    """Return (colour profile, EXIF block with make, model, date and resolution)."""
    with tifffile.TiffFile(path) as file:
        tags = file.pages[index].tags
        block = Image.Exif()
        for code in (MAKE, MODEL, DATE, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT):
            value = tags.valueof(code)
            if value is not None:
                block[code] = value[0] / value[1] if isinstance(value, tuple) else value
        icc = tags.valueof(ICC_PROFILE)
    return icc, exif.strip(block.tobytes()) if block else None


def software(path):
    """Return the name of the program that wrote a file, or an empty text."""
    try:
        with tifffile.TiffFile(path) as file:
            return str(file.pages[0].tags.valueof(SOFTWARE, ""))
    except (tifffile.TiffFileError, OSError):
        return ""


def write(path, pixels, icc, block, origin):
    """Write pixels uncompressed, with colour profile, make, model, date and resolution."""
    known = Image.Exif()
    known.load(exif.MARKER + block if block else None)
    texts = [(code, "s", 0, str(known[code]), True) for code in (MAKE, MODEL) if code in known]
    resolution = (known[X_RESOLUTION], known[Y_RESOLUTION]) if {X_RESOLUTION, Y_RESOLUTION} <= set(known) else None
    tifffile.imwrite(
        path,
        pixels,
        photometric="rgb" if pixels.ndim == 3 else "minisblack",
        iccprofile=icc,
        software=origin or False,
        datetime=known.get(DATE),
        resolution=resolution,
        resolutionunit=known.get(RESOLUTION_UNIT, 2) if resolution else None,
        extratags=texts,
        metadata=None,
    )
