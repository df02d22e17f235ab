"""TIFF files: pages, pixels, and the tags that tell where a picture comes from."""

import io
import logging

import numpy as np
import tifffile
from PIL import Image, UnidentifiedImageError

from data import exif, limits
from data.errors import DataError

logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # what is wrong is said in our errors

GRAY, RGB, YCBCR = 1, 2, 6  # photometric interpretation
PARTS = ("JPEG", "JPEG2000", "WEBP", "PNG")  # formats of strips and tiles, of which Pillow reads the header
BLOCK = 64  # pixels by which such a part may be wider or higher, to be made of whole blocks
SEPARATE = 2  # planes of channels one after the other
DESCRIPTION, MAKE, MODEL, SOFTWARE, DATE = 270, 271, 272, 305, 306
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 282, 283, 296
ICC_PROFILE = 34675


def read_headers(path):
    """Return (index, stored shape, bit depth, orientation) of every full-size page."""
    with tifffile.TiffFile(path) as file:
        pages = [page for page in _pages(file, path) if not page.is_reduced]
        if not pages:
            raise DataError(f"{path}: is damaged or truncated (it has no page); copy it again")
        return [(page.index, _shape(page, path), page.bitspersample, _orientation(page)) for page in pages]


def _pages(file, path):
    """Yield the pages of a file; each says where the next one is, and may point back."""
    seen = set()
    for page in file.pages:
        if page.offset in seen:
            raise DataError(f"{path}: is damaged (its pages form a circle); copy it again")
        seen.add(page.offset)
        yield page


def _shape(page, path):
    colours = {GRAY: 1, RGB: 3, YCBCR: 3}.get(page.photometric)
    is_known = colours and page.samplesperpixel in (colours, colours + 1)  # perhaps with alpha
    if not is_known or page.dtype not in (np.uint8, np.uint16) or page.imagedepth > 1:
        kind = getattr(page.photometric, "name", page.photometric)
        raise DataError(
            f"{path}: page {page.index} is {kind} with {page.samplesperpixel} channels of type {page.dtype}; "
            "convert it to gray or RGB of 8 or 16 bits"
        )
    size = (page.imagelength, page.imagewidth)
    limits.check_pixels(path, *size, what=f"page {page.index} is")
    if page.is_tiled:
        limits.check_pixels(path, page.tilelength, page.tilewidth, what=f"a tile of page {page.index} is")
    return size if page.photometric == GRAY else (*size, 3)


def _orientation(page):
    value = page.tags.valueof(exif.ORIENTATION, 1)
    return value if value in exif.TURNS else 1


def read_pixels(path, index):
    """Decode one page as it is stored: uint8 or uint16, (H, W[, channels]) in RGB order."""
    with tifffile.TiffFile(path) as file:
        page = file.pages[index]
        if page.compression in tifffile.TIFF.IMAGE_COMPRESSIONS:
            _check_parts(page, path)
        pixels = page.asarray()
        return np.moveaxis(pixels, 0, -1) if pixels.ndim == 3 and page.planarconfig == SEPARATE else pixels


def _check_parts(page, path):
    """Raise a DataError if a strip or tile, which is a picture with a header of its own, says it is larger than it is."""
    width = page.tilewidth if page.is_tiled else page.imagewidth
    height = page.tilelength if page.is_tiled else min(page.rowsperstrip, page.imagelength)
    for part, *_ in page.parent.filehandle.read_segments(page.dataoffsets, page.databytecounts):
        try:
            with limits.of_our_own(), Image.open(io.BytesIO(part or b""), formats=PARTS) as picture:
                size = picture.size
        except UnidentifiedImageError:
            continue
        if size[0] > width + BLOCK or size[1] > height + BLOCK:
            raise DataError(
                f"{path}: is damaged (a part of {width} x {height} pixels holds {size[0]} x {size[1]}); copy it again"
            )


def read_metadata(path, index):
    """Return (colour profile, EXIF block with make, model, date and resolution)."""
    with tifffile.TiffFile(path) as file:
        tags = file.pages[index].tags
        block = Image.Exif()
        for code in (MAKE, MODEL, DATE, RESOLUTION_UNIT):
            if tags.valueof(code) is not None:
                block[code] = tags.valueof(code)
        for code in (X_RESOLUTION, Y_RESOLUTION):
            numerator, denominator = tags.valueof(code) or (0, 1)
            if numerator and denominator:
                block[code] = numerator / denominator
        icc = tags.valueof(ICC_PROFILE)
    return icc, exif.strip(block.tobytes()) if block else None


def software(path):
    """Return the name of the program that wrote a file, or an empty text."""
    try:
        with tifffile.TiffFile(path) as file:
            return str(file.pages[0].tags.valueof(SOFTWARE, ""))
    except Exception:  # whatever is wrong with a file, it is none of ours
        return ""


def description(path):
    """Return what the first page of a file says of itself, or an empty text."""
    with tifffile.TiffFile(path) as file:
        return str(file.pages[0].tags.valueof(DESCRIPTION, ""))


def write(path, pixels, icc, block, origin, note=None):
    """Write pixels uncompressed, with colour profile, make, model, date and resolution as far as they make sense."""
    known = Image.Exif()
    known.load(exif.MARKER + block if block else None)
    texts = [(code, "s", 0, str(known[code]), True) for code in (MAKE, MODEL, DATE) if code in known]
    resolution = [known.get(code, 0) for code in (X_RESOLUTION, Y_RESOLUTION)]
    known_resolution = all(getattr(value, "denominator", 1) and value > 0 for value in resolution)
    unit = known.get(RESOLUTION_UNIT)
    tifffile.imwrite(
        path,
        pixels,
        photometric="rgb" if pixels.ndim == 3 else "minisblack",
        iccprofile=icc,
        software=origin or False,
        description=note,
        resolution=resolution if known_resolution else None,
        resolutionunit=(unit if unit in (1, 2, 3) else 1) if known_resolution else None,
        extratags=texts,
        metadata=None,
    )
