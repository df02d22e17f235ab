"""Inputs that are broken, odd or hostile, made anew for each test: pictures, TIFFs, and the companions of each."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
import tifffile
from PIL import Image, ImageDraw

HEIGHT, WIDTH = 66, 80  # registration needs 64 a side
ORIENTATION = 0x0112
HUGE = 60_000  # pixels a side


class Broken(NamedTuple):
    """A file, and what a command has to make of it."""

    content: Callable  # () -> bytes
    works: bool = False  # it is a frame like any other; else it is refused, by name
    like: str = "colour"  # kind of the frames around it
    told: str = ""  # what the refusal says, among other things


def texture():
    """A colour picture with detail at many scales, float32 of shape (66, 80, 3)."""
    rng = np.random.default_rng(5)
    layers = [
        sigma * cv2.GaussianBlur(rng.random((HEIGHT, WIDTH, 3), np.float32), (0, 0), sigma) for sigma in (0.8, 2, 6)
    ]
    mixed = sum(layers)
    return (mixed - mixed.min()) / (mixed.max() - mixed.min())


def frame(kind="colour", part=1):
    """The texture, sharp in one of three parts: uint8 or uint16, in colour or gray."""
    sharp = texture()
    here = (np.arange(WIDTH) * 3 // WIDTH == part)[:, None]
    picture = np.where(here, sharp, cv2.GaussianBlur(sharp, (0, 0), 2))
    if "gray" in kind:
        picture = picture.mean(axis=2)
    if "dark" in kind:
        return np.rint(picture * 4095).astype(np.uint16)
    return np.rint(picture * 65535).astype(np.uint16) if "16" in kind else np.rint(picture * 255).astype(np.uint8)


# --- encoders --------------------------------------------------------------------------------------------------------


def pillow(kind, mode=None, **options):
    """Encode the frame as Pillow does, in one of its formats and perhaps another colour mode."""
    picture = Image.fromarray(frame())
    held = io.BytesIO()
    (picture.convert(mode) if mode else picture).save(held, kind, **options)
    return held.getvalue()


def opencv(ending, pixels, *options):
    """Encode RGB or gray pixels as OpenCV does."""
    return cv2.imencode(ending, pixels[..., ::-1] if pixels.ndim == 3 else pixels, options)[1].tobytes()


def tiff(pixels, **options):
    """Encode pixels as tifffile does."""
    held = io.BytesIO()
    options = {"photometric": "rgb" if pixels.ndim >= 3 and pixels.shape[-1] == 3 else "minisblack"} | options
    tifffile.imwrite(held, pixels, metadata=None, **options)
    return held.getvalue()


def pages(*pictures, **options):
    """Encode pictures as pages of one TIFF."""
    held = io.BytesIO()
    with tifffile.TiffWriter(held) as file:
        for pixels in pictures:
            file.write(pixels, photometric="rgb" if pixels.ndim == 3 else "minisblack", metadata=None, **options)
    return held.getvalue()


def png_chunk(kind, body):
    """A chunk of a PNG, with its length and its sum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of(width, height, data=b"\0" * 64, *chunks, depth=8, colour=2):
    """A PNG that says it has this size, whatever its data are."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    more = b"".join(png_chunk(*chunk) for chunk in chunks)
    return b"\x89PNG\r\n\x1a\n" + header + more + png_chunk(b"IDAT", zlib.compress(data)) + png_chunk(b"IEND", b"")


def with_chunk(kind, body):
    """The frame as PNG, with one chunk more behind its header."""
    png = pillow("PNG")
    return png[:33] + png_chunk(kind, body) + png[33:]


def without_sum(png):
    """A PNG whose pixels no longer have the sum that it tells."""
    at = png.index(b"IDAT") + 40
    return png[:at] + bytes([png[at] ^ 0x55]) + png[at + 1 :]


def jpeg_of(width, height):
    """A JPEG that says it has this size, though its data are those of a small one."""
    jpeg = bytearray(pillow("JPEG"))
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(jpeg)


def embedded_jpeg():
    """A TIFF of the usual size, whose strip is a JPEG that says it is far larger."""
    strip = jpeg_of(6000, 6000)
    return tiff_of(bare_tags(WIDTH, HEIGHT, t259=7, t273=8 + 2 + 9 * 12 + 4, t279=len(strip)), data=strip)


def bmp_of(width, height):
    """A BMP that says it has this size."""
    bmp = bytearray(pillow("BMP"))
    bmp[18:26] = struct.pack("<ii", width, height)
    return bytes(bmp)


def webp_of(width, height):
    """A WebP whose canvas has this size, though the picture in it is small."""
    body = pillow("WEBP")[12:]
    canvas = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    chunks = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + canvas + body
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def tiff_of(tags, *, big=False, data=b"\0" * 64):
    """A TIFF of one page with these tags, (code, type, values), and nothing behind them."""
    codes = {"H": 3, "I": 4, "Q": 16}
    entries = b""
    for code, kind, *values in tags:
        packed = struct.pack(f"<{len(values)}{kind}", *values)
        entries += struct.pack("<HHQ" if big else "<HHI", code, codes[kind], len(values)) + packed.ljust(
            8 if big else 4, b"\0"
        )
    if big:
        return struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16) + struct.pack("<Q", len(tags)) + entries + bytes(8) + data
    return struct.pack("<2sHI", b"II", 42, 8) + struct.pack("<H", len(tags)) + entries + bytes(4) + data


def bare_tags(width, height, kind="I", **more):
    """The tags that a gray page of this size needs, some of them perhaps with another value."""
    tags = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 200, 277: 1, 278: height, 279: 64}
    tags |= {int(code.removeprefix("t")): value for code, value in more.items()}
    return [
        (code, kind if code in (256, 257, 273, 278, 279, 322, 323, 324, 325) else "H", value)
        for code, value in sorted(tags.items())
    ]


def endless_tiff():
    """A TIFF whose last page points at its first one."""
    held = bytearray(pages(frame(), frame()))
    first = struct.unpack_from("<I", held, 4)[0]
    at = first
    while True:
        end = at + 2 + 12 * struct.unpack_from("<H", held, at)[0]
        following = struct.unpack_from("<I", held, end)[0]
        if not following:
            struct.pack_into("<I", held, end, first)
            return bytes(held)
        at = following


def turned_jpeg():
    """The frame as a camera stores it that was held upright: on its side, with a note."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    held = io.BytesIO()
    Image.fromarray(np.rot90(frame()).copy()).save(held, "JPEG", exif=exif, quality=95)
    return held.getvalue()


def animation(kind):
    """Two pictures that follow each other."""
    moved = Image.fromarray(frame(part=2))
    held = io.BytesIO()
    Image.fromarray(frame()).save(held, kind, save_all=True, append_images=[moved], duration=50)
    return held.getvalue()


def partly_transparent(mode):
    """The frame with a hole."""
    picture = Image.fromarray(frame()).convert(mode)
    alpha = Image.new("L", picture.size, 255)
    ImageDraw.Draw(alpha).rectangle((10, 10, 30, 30), fill=0)
    picture.putalpha(alpha)
    held = io.BytesIO()
    picture.save(held, "PNG")
    return held.getvalue()


def one_colour_transparent(mode):
    """The frame in a mode, with one of its colours declared to be transparent."""
    picture = Image.fromarray(frame())
    picture = picture.quantize(16) if mode == "P" else picture
    held = io.BytesIO()
    picture.save(held, "PNG", transparency=(1, 2, 3) if mode == "RGB" else 1)
    return held.getvalue()


def text_bomb():
    """A PNG with a note of a few kilobytes that says it is 8 megabytes long."""
    return with_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b" " * (1 << 23), 9))


def profile_bomb():
    """A PNG with a colour profile of a few kilobytes that becomes 8 megabytes."""
    return with_chunk(b"iCCP", b"profile\0\0" + zlib.compress(bytes(1 << 23), 9))


def interlaced():
    """The frame as an interlaced PNG, which no encoder at hand writes."""
    pixels = frame()
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    rows = (row for top, left, down, right in passes for row in pixels[top::down, left::right] if row.size)
    data = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 1)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(data)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*part) for part in parts)


def zipped():
    """An archive."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        file.writestr("a.txt", "nothing")
    return held.getvalue()


def cut(make, share):
    """Return what makes the first part of a file: a share of its bytes, or all but some (negative)."""

    def content():
        whole = make()
        return whole[: int(len(whole) * share)] if 0 < share < 1 else whole[: int(share)]

    return content


def jpeg(**options):
    return lambda: pillow("JPEG", **options)


def png():
    return pillow("PNG")


def webp():
    return pillow("WEBP", quality=95)


def bmp():
    return pillow("BMP")


def flat_tiff():
    return tiff(frame())


def packed_tiff():
    return tiff(frame(), compression="zlib", rowsperstrip=8)


def typed(dtype, low=0.0, high=1.0, hole=None):
    """The frame as a gray TIFF of a type that holds more than frames do."""

    def content():
        values = low + frame("gray").astype(np.float64) / 255 * (high - low)
        if hole is not None:
            values[5, 7] = hole
        return tiff(values.astype(dtype))

    return content


# --- the corpus ------------------------------------------------------------------------------------------------------

TRUNCATED = {
    "cut in its marker.jpg": Broken(cut(jpeg(), 3)),
    "cut in its header.jpg": Broken(cut(jpeg(), 25)),
    "cut in its tables.jpg": Broken(cut(jpeg(), 300)),
    "cut at half.jpg": Broken(cut(jpeg(), 0.5)),
    "cut near its end.jpg": Broken(cut(jpeg(), 0.95)),
    "progressive cut at half.jpg": Broken(cut(jpeg(progressive=True), 0.5)),
    "cut in its signature.png": Broken(cut(png, 5)),
    "cut in its header.png": Broken(cut(png, 20)),
    "cut behind its header.png": Broken(cut(png, 33)),
    "cut at half.png": Broken(cut(png, 0.5)),
    "without its end.png": Broken(cut(png, -12)),
    "with a wrong sum.png": Broken(lambda: without_sum(png())),
    "cut in its header.tif": Broken(cut(flat_tiff, 6)),
    "cut at half.tif": Broken(cut(flat_tiff, 0.5)),
    "cut near its end.tif": Broken(cut(flat_tiff, -50)),
    "packed and cut at half.tif": Broken(cut(packed_tiff, 0.5)),
    "packed and cut near its end.tif": Broken(cut(packed_tiff, -50)),
    "cut in its marker.webp": Broken(cut(webp, 10)),
    "cut in its header.webp": Broken(cut(webp, 28)),
    "cut at half.webp": Broken(cut(webp, 0.5)),
    "cut near its end.webp": Broken(cut(webp, -20)),
    "cut in its header.bmp": Broken(cut(bmp, 30)),
    "cut at half.bmp": Broken(cut(bmp, 0.5)),
} | {f"empty{ending}": Broken(bytes) for ending in (".jpg", ".png", ".tif", ".webp", ".bmp")}

WRONG_ENDING = {
    "a PNG.jpg": Broken(png, works=True),
    "a JPEG.png": Broken(jpeg(), works=True),
    "a WebP.png": Broken(webp, works=True),
    "a BMP.webp": Broken(bmp, works=True),
    "a TIFF.png": Broken(flat_tiff),
    "a GIF.png": Broken(lambda: pillow("GIF")),
    "a PNG.tif": Broken(png),
    "a JPEG.tiff": Broken(jpeg()),
    "a text.png": Broken(lambda: b"not a picture\n"),
    "a text.jpg": Broken(lambda: b"\xff\xd8 not a picture\n"),
    "a page.tif": Broken(lambda: b"<!DOCTYPE html><title>404</title>" * 20),
    "an archive.tif": Broken(zipped),
    "a drawing.png": Broken(lambda: b'<svg xmlns="http://www.w3.org/2000/svg" width="80" height="66"/>'),
    "a program.png": Broken(lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 80 66\n%%EndComments\nshowpage\n"),
    "a document.jpg": Broken(lambda: b"%PDF-1.4\n1 0 obj<<>>endobj\n"),
    "zeros.bmp": Broken(lambda: bytes(5000)),
    "animated.gif": Broken(lambda: animation("GIF"), told="files of this kind are not read"),
    "bits.pbm": Broken(lambda: b"P4\n80 66\n" + bytes(660), told="files of this kind are not read"),
    "without an ending": Broken(png, told="files of this kind are not read"),
}

LARGE = {
    "huge.png": Broken(lambda: png_of(HUGE, HUGE)),
    "largest.png": Broken(lambda: png_of(2**31 - 1, 2**31 - 1)),
    "wide.png": Broken(lambda: png_of(2**31 - 1, 1)),
    "huge 16 bits.png": Broken(lambda: png_of(HUGE, HUGE, depth=16)),
    "huge.jpg": Broken(lambda: jpeg_of(HUGE, HUGE)),
    "largest.jpg": Broken(lambda: jpeg_of(65_500, 65_500)),
    "huge.bmp": Broken(lambda: bmp_of(HUGE, HUGE)),
    "upside down.bmp": Broken(lambda: bmp_of(HUGE, -HUGE)),
    "huge.webp": Broken(lambda: webp_of(HUGE, HUGE)),
    "largest.webp": Broken(lambda: webp_of(2**24, 2**8)),
    "huge.tif": Broken(lambda: tiff_of(bare_tags(HUGE, HUGE))),
    "largest.tif": Broken(lambda: tiff_of(bare_tags(2**32 - 1, 2**32 - 1))),
    "huge big.tif": Broken(lambda: tiff_of(bare_tags(2**40, 2**40, "Q"), big=True)),
    "packed.tif": Broken(lambda: tiff_of(bare_tags(HUGE, HUGE, t259=8))),
    "embedded.tif": Broken(embedded_jpeg, like="gray", told="holds 6000 x 6000"),
    "tile.tif": Broken(
        lambda: tiff_of(bare_tags(WIDTH, HEIGHT, t259=8, t322=HUGE, t323=HUGE - 16, t324=200, t325=64)),
        like="gray",
        told="a tile of page 0 is 60000 x 59984",
    ),
}

BOMBS = {
    "note.png": Broken(text_bomb),
    "profile.png": Broken(profile_bomb),
}

KINDS = {
    "gray.png": Broken(lambda: opencv(".png", frame("gray")), works=True, like="gray"),
    "16 bits.png": Broken(lambda: opencv(".png", frame("16")), works=True, like="16"),
    "16 bits gray.png": Broken(lambda: opencv(".png", frame("16 gray")), works=True, like="16 gray"),
    "12 bits in 16.tif": Broken(lambda: tiff(frame("dark")), works=True, like="dark"),
    "12 bits in 16.png": Broken(lambda: opencv(".png", frame("dark")), works=True, like="dark"),
    "8 bits among 16.png": Broken(png, works=True, like="16"),
    "gray among colour.png": Broken(lambda: opencv(".png", frame("gray")), told="convert"),
    "interlaced.png": Broken(interlaced, works=True),
    "one bit.png": Broken(lambda: pillow("PNG", "1"), works=True, like="gray"),
    "palette.png": Broken(lambda: pillow("PNG", "P"), works=True),
    "palette with a hole.png": Broken(lambda: one_colour_transparent("P"), told="transparent"),
    "colour with a hole.png": Broken(lambda: one_colour_transparent("RGB"), told="transparent"),
    "opaque.png": Broken(lambda: pillow("PNG", "RGBA"), works=True),
    "opaque gray.png": Broken(lambda: pillow("PNG", "LA"), works=True, like="gray"),
    "with a hole.png": Broken(lambda: partly_transparent("RGB"), told="transparent"),
    "gray with a hole.png": Broken(lambda: partly_transparent("L"), told="transparent", like="gray"),
    "animated.png": Broken(lambda: animation("PNG"), told="animation"),
    "animated.webp": Broken(lambda: animation("WEBP"), told="animation"),
    "turned.jpg": Broken(turned_jpeg, works=True),
    "gray.jpg": Broken(jpeg(mode="L"), works=True, like="gray"),
    "progressive.jpg": Broken(jpeg(progressive=True), works=True),
    "CMYK.jpg": Broken(jpeg(mode="CMYK"), told="colour mode CMYK"),
    "broken EXIF.jpg": Broken(jpeg(exif=b"Exif\0\0II*\0\xff\xff\xff\xff"), works=True),
}

TIFFS = {
    "big.tif": Broken(lambda: tiff(frame(), bigtiff=True), works=True),
    "big-endian.tif": Broken(lambda: tiff(frame("16"), byteorder=">"), works=True, like="16"),
    "tiled.tif": Broken(lambda: tiff(frame(), tile=(16, 32)), works=True),
    "planes.tif": Broken(
        lambda: tiff(np.moveaxis(frame(), -1, 0).copy(), photometric="rgb", planarconfig="separate"), works=True
    ),
    "LZW.tif": Broken(lambda: tiff(frame(), compression="lzw", predictor=True), works=True),
    "deflate.tif": Broken(packed_tiff, works=True),
    "ZSTD.tif": Broken(lambda: tiff(frame(), compression="zstd"), works=True),
    "PackBits.tif": Broken(lambda: tiff(frame(), compression="packbits"), works=True),
    "JPEG inside.tif": Broken(lambda: tiff(frame(), compression="jpeg", photometric="ycbcr"), works=True),
    "one bit.tif": Broken(lambda: tiff(frame("gray") > 127)),
    "white is 0.tif": Broken(lambda: tiff(frame("gray"), photometric="miniswhite"), like="gray", told="MINISWHITE"),
    "palette.tif": Broken(lambda: pillow("TIFF", "P"), told="PALETTE"),
    "CMYK.tif": Broken(lambda: pillow("TIFF", "CMYK"), told="SEPARATED"),
    "Lab.tif": Broken(lambda: pillow("TIFF", "LAB"), told="CIELAB"),
    "float.tif": Broken(typed(np.float32), like="gray", told="float32"),
    "float beyond 1.tif": Broken(typed(np.float32, -3, 7), like="gray", told="float32"),
    "float with NaN.tif": Broken(typed(np.float32, hole=np.nan), like="gray", told="float32"),
    "half.tif": Broken(typed(np.float16), like="gray", told="float16"),
    "double.tif": Broken(typed(np.float64), like="gray", told="float64"),
    "signed.tif": Broken(typed(np.int16, -32768, 32767), like="gray", told="int16"),
    "32 bits.tif": Broken(typed(np.uint32, 0, 2**32 - 1), like="gray", told="uint32"),
    "many channels.tif": Broken(
        lambda: tiff(np.zeros((HEIGHT, WIDTH, 9), np.uint8), photometric="minisblack", planarconfig="contig")
    ),
    "pages.tif": Broken(lambda: pages(frame(), frame(part=2)), told="holds 2 p"),
    "endless.tif": Broken(endless_tiff),
    "no pixels.tif": Broken(lambda: tiff_of(bare_tags(0, 0)), like="gray"),
    "no size.tif": Broken(lambda: tiff_of([(258, "H", 8)])),
    "strips elsewhere.tif": Broken(
        lambda: tiff_of(bare_tags(WIDTH, HEIGHT, t273=2**31, t279=WIDTH * HEIGHT)), like="gray"
    ),
    "strips too short.tif": Broken(lambda: tiff_of(bare_tags(WIDTH, HEIGHT)), like="gray"),
    "no strips.tif": Broken(lambda: tiff_of(bare_tags(WIDTH, HEIGHT)[:5]), like="gray"),
    "directory elsewhere.tif": Broken(lambda: struct.pack("<2sHI", b"II", 42, 2**31)),
    "unknown compression.tif": Broken(lambda: tiff_of(bare_tags(WIDTH, HEIGHT, t259=64_000)), like="gray"),
}

PICTURES = TRUNCATED | WRONG_ENDING | LARGE | BOMBS | KINDS | TIFFS
