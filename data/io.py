"""Open and save picture files: JPEG, PNG, TIFF, WebP (and BMP to read), 8 or 16 bits, with their metadata."""

import contextlib
import functools
import hashlib
import json
import os
import platform
import re
import secrets
import shutil
import threading
import zlib
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from data import exif, limits, png, tiff
from data.errors import DataError
from data.image import check_image, refuse_tensors, to_integers
from data.paths import check_is_plain, real_path

TIFF = {".tif", ".tiff"}
READABLE = {".jpg", ".jpeg", ".png", ".webp", ".bmp"} | TIFF
FORMATS = ("JPEG", "PNG", "WEBP", "BMP")  # that files hold which are no TIFF, whatever their names
JPEG = b"\xff\xd8"  # the first bytes of such a file, whatever its name
SIXTEEN_BIT = {".png"} | TIFF
WRITABLE = {".jpg", ".jpeg", ".png", ".webp"} | TIFF

CHANNELS = {"1": 1, "L": 1, "I;16": 1, "I;16B": 1, "LA": 1, "P": 3, "RGB": 3, "RGBA": 3, "RGBX": 3, "PA": 3}
# Whose temporary file it is: a hash of the machine, and the process.
TEMPORARY = r"\.fusion-(?P<machine>[0-9a-f]{8})-(?P<process>\d+)-[0-9a-f]{16}(\.\w+)?"
POSIX = os.name == "posix"
LOCK = threading.RLock()  # around OpenCV's log level, which is set for the whole process

# How a result is known as such later: a comment in JPEG, a software tag in TIFF, XMP in the others.
MARK = "All in Focus: "
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="{}"/></rdf:RDF></x:xmpmeta>'
)
LARGEST = {".jpg": 65_500, ".jpeg": 65_500, ".webp": 16_383}  # pixels a side that OpenCV writes
NOTE = "Description"  # keyword of the text in a PNG that says what its numbers mean
NOTABLE = {".png"} | TIFF
PNG_HEADER = 33  # bytes of its signature and first chunk
SEGMENT = 65_500  # bytes of metadata that one segment of a JPEG holds
FULL_COLOUR = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
ENCODING = {
    ".jpg": lambda quality: [cv2.IMWRITE_JPEG_QUALITY, quality, *FULL_COLOUR],
    ".webp": lambda quality: [cv2.IMWRITE_WEBP_QUALITY, quality],
    ".png": lambda quality: [],
}


class Page(NamedTuple):
    """One picture in a file, known from its header."""

    path: Path
    index: int
    name: str
    shape: tuple  # upright: (H, W) or (H, W, 3)
    bit_depth: int
    orientation: int


class Metadata(NamedTuple):
    """What a picture carries beside its pixels."""

    icc: bytes | None = None
    exif: bytes | None = None


def read_pages(path):
    """Return the pages of a picture file, from its header alone."""
    path = Path(path)
    if path.is_dir():
        raise DataError(f"{path}: is a folder among files; give one folder, or files only")
    if not path.is_file():
        raise DataError(f"{path}: no such file" if not path.exists() else f"{path}: is a device or a pipe, and no file")
    if path.suffix.lower() not in READABLE:
        known = " ".join(sorted(READABLE))
        raise DataError(f"{path}: files of this kind are not read; export it as TIFF or JPEG (endings read: {known})")
    if path.suffix.lower() in TIFF:
        with _named_errors(path):
            headers = tiff.read_headers(path)
    else:
        headers = [_read_header(path)]
    several = len(headers) > 1
    return [
        Page(
            path,
            index,
            f"{path.name}[{index}]" if several else path.name,
            _upright(shape, orientation),
            depth,
            orientation,
        )
        for index, shape, depth, orientation in headers
    ]


def _read_header(path):
    with _opened(path) as picture:
        if picture.format in ("PNG", "WEBP") and getattr(picture, "n_frames", 1) > 1:
            raise DataError(f"{path}: is an animation; export its pictures, or a TIFF with one page for each")
        if "transparency" in picture.info and picture.mode != "P":
            raise DataError(f"{path}: is partly transparent; flatten it onto a background first")
        if picture.mode not in CHANNELS:
            raise DataError(f"{path}: has colour mode {picture.mode}; convert it to RGB or gray first")
        height, width = picture.size[::-1]
        limits.check_pixels(path, height, width)
        limits.check_density(path, height, width, picture.format, path.stat().st_size)
        shape = (height, width, 3) if CHANNELS[picture.mode] == 3 else (height, width)
        deep = picture.mode.startswith("I;16") or (picture.format == "PNG" and _png_depth(path) == 16)
        return 0, shape, 16 if deep else 8, exif.orientation(exif.strip(picture.info.get("exif")))


def _png_depth(path):
    with open(path, "rb") as file:
        return file.read(25)[24]


def _upright(shape, orientation):
    return (shape[1], shape[0], *shape[2:]) if orientation >= 5 else shape


@contextlib.contextmanager
def _opened(path):
    """Open a picture with Pillow, with errors that name the file."""
    with limits.of_our_own(), _named_errors(path), Image.open(path, formats=FORMATS) as picture:
        yield picture


@contextlib.contextmanager
def _named_errors(path):
    try:
        yield
    except DataError:
        raise
    except UnidentifiedImageError:
        raise DataError(
            f"{path}: is not a picture of a kind that is read, whatever its ending says; remove it or give other files"
        ) from None
    except PermissionError:
        raise DataError(f"{path}: may not be read; check its permissions") from None
    except MemoryError:
        raise
    except Exception as error:  # decoders raise what they like
        if getattr(error, "code", None) == cv2.Error.StsNoMem:
            raise MemoryError from None
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"{path}: is damaged or truncated ({reason}); copy it again") from None


def read_pixels(page):
    """Decode one page: uint8 or uint16, (H, W) or (H, W, 3) RGB, upright, without alpha.

    Raises
    ------
    DataError
        If the file is damaged or truncated, or its alpha channel varies.
    """
    if page.path.suffix.lower() in TIFF:
        with _named_errors(page.path):
            pixels = tiff.read_pixels(page.path, page.index)
    else:
        pixels = _decode(page.path, is_colour=len(page.shape) == 3)
    if pixels.dtype not in (np.uint8, np.uint16):
        raise DataError(f"{page.name}: has values of type {pixels.dtype}; frames have 8 or 16 bits: convert it first")
    pixels = exif.turn_upright(_without_alpha(pixels, page), page.orientation)
    if pixels.shape != page.shape or 8 * pixels.itemsize != page.bit_depth:
        raise DataError(
            f"{page.name}: holds {pixels.shape} values of {8 * pixels.itemsize} bits, its header says {page.shape} of "
            f"{page.bit_depth}; save it anew as a plain gray or RGB picture"
        )
    return pixels


def _decode(path, is_colour):
    with _named_errors(path):
        encoded = np.fromfile(path, np.uint8)
    if encoded[:4].tobytes() == png.MARKER and not png.is_whole(encoded):
        raise DataError(f"{path}: is damaged or truncated; copy it again or leave it out")
    in_rgb = is_colour and encoded[:2].tobytes() == JPEG  # which is faster than to turn it afterwards
    kind = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION if in_rgb else cv2.IMREAD_UNCHANGED
    with _quiet_opencv(), _named_errors(path):
        pixels = cv2.imdecode(encoded, kind) if encoded.size else None
    if pixels is None:
        raise DataError(f"{path}: is damaged or truncated; copy it again or leave it out")
    if in_rgb:
        return pixels
    if pixels.ndim == 3 and pixels.shape[2] == 3:
        return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB, dst=pixels)
    return cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA, dst=pixels) if pixels.ndim == 3 else pixels


@contextlib.contextmanager
def _quiet_opencv():
    with LOCK:
        level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        try:
            yield
        finally:
            cv2.utils.logging.setLogLevel(level)


def _without_alpha(pixels, page):
    if pixels.ndim == 3 and pixels.shape[2] in (2, 4):
        alpha = pixels[..., -1]
        if (alpha != alpha.flat[0]).any():
            raise DataError(f"{page.name}: is partly transparent; flatten it onto a background first")
        pixels = pixels[..., :-1]
    if len(page.shape) == 2 and pixels.ndim == 3:
        pixels = pixels[..., 0]
    return np.ascontiguousarray(pixels)


def read_metadata(page):
    """Return colour profile and EXIF of the file of a page."""
    if page.path.suffix.lower() in TIFF:
        with _named_errors(page.path):
            return Metadata(*tiff.read_metadata(page.path, page.index))
    with _opened(page.path) as picture:
        return Metadata(picture.info.get("icc_profile"), exif.strip(picture.info.get("exif")))


def is_own_result(path):
    """Tell whether this program wrote the file as a result, so that a folder does not offer it as a frame."""
    if not Path(path).is_file():  # a pipe would be waited for
        return False
    try:
        if Path(path).suffix.lower() in TIFF:
            return tiff.software(path).startswith(MARK)
        with _opened(path) as picture:
            comment, *xmp = (_text(picture.info.get(key, "")) for key in ("comment", "xmp", "XML:com.adobe.xmp"))
    except DataError:
        return False
    return comment.startswith(MARK) or any(f'CreatorTool="{MARK}' in text for text in xmp)


def _text(note):
    return note.decode("utf-8", "ignore") if isinstance(note, bytes) else note


def check_output(path, *, force=False, endings=None):
    """Raise a DataError unless a file, by default a picture, may be written at `path`, before long work begins."""
    path, endings = Path(path), WRITABLE if endings is None else endings
    if path.is_dir():
        raise DataError(f"{path}: is a folder; name a file in it")
    if path.suffix.lower() not in endings:
        raise DataError(f"{path}: cannot be written in this format; use one of the endings {' '.join(sorted(endings))}")
    if not path.parent.is_dir():
        raise DataError(f"{path}: its folder does not exist; create {path.parent} first")
    if not os.access(path.parent, os.W_OK):
        raise DataError(f"{path}: its folder may not be written to; choose another place for the output")
    if os.path.lexists(path) and not force:
        raise DataError(f"{path}: exists already; choose another name, or replace it with force")
    check_is_plain(path)


def check_size(path, shape):
    """Raise a DataError if a picture has more pixels a side than the format can hold that the ending of `path` names."""
    height, width = shape[:2]
    largest = LARGEST.get(Path(path).suffix.lower(), max(height, width))
    if max(height, width) > largest:
        raise DataError(
            f"{path}: {width} x {height} pixels cannot be written as {Path(path).suffix}, which holds {largest} a side; "
            "use .tif, which has no such limit"
        )


def save(image, path, *, like=None, quality=95, force=False, made_by=None, note=None):
    """Write an image, whole or not at all.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, 3)
        Float in [0, 1], uint8 or uint16; RGB.
    path : path
        Ends in .jpg, .png, .webp (8 bits), .png, .tif (8 or 16 bits).
    like : Stack, optional
        Gives bit depth, colour profile and EXIF. Without it a float image is written with 8 bits.
        Orientation is reset, for the pixels are upright; the embedded preview, which shows the frame, is dropped.
        TIFF keeps make, model, date and resolution of EXIF; JPEG has no room for EXIF of more than 64 kB.
    quality : int, optional
        Of JPEG and WebP, 1 to 100. JPEG keeps full colour resolution (4:4:4).
    force : bool, optional
        Replace an existing file.
    made_by : str, optional
        Program and method whose result this is. The file says so, and a folder does not offer it as a frame again.
    note : str, optional
        What is to be known of the numbers, in ASCII: ImageDescription of a TIFF, Description of a PNG. `read_note`
        gives it back.

    Raises
    ------
    DataError
        If the image is not in [0, 1], or the file exists, or cannot be written, or its format holds no note.
    """
    refuse_tensors(image)
    path, image = Path(path), np.asarray(image)
    check_output(path, force=force)
    _check_note(note, path)
    check_image("the image to save", image)
    check_size(path, image.shape)
    _check_quality(quality)
    deep = path.suffix.lower() in SIXTEEN_BIT and (like.bit_depth == 16 if like else image.dtype == np.uint16)
    pixels = to_integers(image, np.uint16 if deep else np.uint8)
    metadata = like.metadata if like else Metadata()
    block = exif.for_upright(metadata.exif)
    origin = f"{MARK}{made_by}" if made_by else None
    with replacing(path) as temporary:
        if path.suffix.lower() in TIFF:
            tiff.write(temporary, pixels, metadata.icc, block, origin, note)
        else:
            encoded = _encode(pixels, path, quality, metadata.icc, block, origin)
            temporary.write_bytes(_with_note(encoded, note) if note else encoded)


def _check_note(note, path):
    if note and path.suffix.lower() not in NOTABLE:
        raise DataError(f"{path}: has no room for a note; use one of the endings {' '.join(sorted(NOTABLE))}")
    if note and not (note.isascii() and note.isprintable()):
        raise DataError(f"{path}: a note is a line of ASCII characters, got {note!r}")


def _with_note(png, note):
    """Put a text behind the header of a PNG."""
    body = b"tEXt" + f"{NOTE}\0{note}".encode("ascii")
    chunk = (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    return png[:PNG_HEADER] + chunk + png[PNG_HEADER:]


def read_note(path):
    """Return the note that `save` wrote into a PNG or TIFF file.

    Parameters
    ----------
    path : path

    Returns
    -------
    str
        Empty if there is none.

    Raises
    ------
    DataError
        If the file is missing, or no picture.
    """
    page = read_pages(path)[0]
    if page.path.suffix.lower() in TIFF:
        with _named_errors(page.path):
            return tiff.description(page.path)
    with _opened(page.path) as picture:
        return _text(picture.info.get(NOTE, ""))


def _check_quality(quality):
    if not (1 <= quality <= 100 and int(quality) == quality):
        raise DataError(f"quality must be a whole number in 1..100, got {quality}")


def as_jpeg(image, quality=75):
    """Return what is left of an image after a JPEG file as most programs write it, with halved colour resolution.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, 3)
        Float in [0, 1], uint8 or uint16; RGB.
    quality : int, optional
        1 to 100.

    Returns
    -------
    ndarray of uint8, shape of `image`

    Raises
    ------
    DataError
        If it is no image, or `quality` is out of range.
    """
    image = np.asarray(image)
    check_image("the image to compress", image)
    _check_quality(quality)
    pixels = to_integers(image, np.uint8)
    options = [
        cv2.IMWRITE_JPEG_QUALITY,
        int(quality),
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    ]
    _, encoded = cv2.imencode(".jpg", pixels[..., ::-1] if pixels.ndim == 3 else pixels, options)
    decoded = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)
    return decoded if decoded.ndim == 2 else np.ascontiguousarray(decoded[..., ::-1])


def save_json(content, path, *, force=False):
    """Write numbers and strings as JSON, whole or not at all.

    Parameters
    ----------
    content : dict or list
        Of what JSON holds; NaN and infinity are no part of it. Names of files that are not Unicode are written with
        escapes, and come back as they were.
    path : path
        Ends in .json.
    force : bool, optional
        Replace an existing file.

    Raises
    ------
    DataError
        If the file exists, or cannot be written.
    ValueError
        If a number is not finite.
    """
    path = Path(path)
    check_output(path, force=force, endings={".json"})
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    if not _is_unicode(text):
        text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _is_unicode(text):
    """Tell whether a text can be encoded; names of files may hold bytes that cannot, which are surrogates then."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def copy(source, path, *, force=False):
    """Copy a picture file as it is, whole or not at all; `force` and errors are those of `save`."""
    path = Path(path)
    check_output(path, force=force)
    with replacing(path) as temporary:
        shutil.copyfile(source, temporary)


def _encode(pixels, path, quality, icc, block, origin):
    if path.suffix.lower() == ".webp" and pixels.ndim == 2:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)
    ending = path.suffix.lower().replace("jpeg", "jpg")
    parts = {cv2.IMAGE_METADATA_EXIF: block}
    if ending == ".jpg" and len(block or b"") > SEGMENT:
        parts = {}
    if ending != ".jpg":
        parts[cv2.IMAGE_METADATA_ICCP] = icc
        text = XMP.format(origin).encode() if origin else None
        parts[cv2.IMAGE_METADATA_XMP] = text + b"\0" if text and ending == ".png" else text  # read as a C string there
    parts = {kind: np.frombuffer(part, np.uint8) for kind, part in parts.items() if part}
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR) if pixels.ndim == 3 else pixels
    with _quiet_opencv():
        written, encoded = cv2.imencodeWithMetadata(
            path.suffix, bgr, list(parts), list(parts.values()), ENCODING[ending](quality)
        )
    if not written:
        raise DataError(f"{path}: {pixels.shape[1]} x {pixels.shape[0]} pixels cannot be written as {ending}; use .tif")
    encoded = encoded.tobytes()
    return _with_segments(encoded, icc, origin) if ending == ".jpg" else encoded


def _with_segments(jpeg, icc, origin):
    """Put a comment and the colour profile behind the first segment: OpenCV writes no comment, and no long profile."""
    chunks = [icc[start : start + SEGMENT] for start in range(0, len(icc or b""), SEGMENT)]
    segments = [(0xE2, b"ICC_PROFILE\0" + bytes([k + 1, len(chunks)]) + chunk) for k, chunk in enumerate(chunks)]
    segments += [(0xFE, origin.encode())] if origin else []
    added = b"".join(bytes([0xFF, kind]) + (len(body) + 2).to_bytes(2, "big") + body for kind, body in segments)
    end = 4 + int.from_bytes(jpeg[4:6], "big")
    return jpeg[:end] + added + jpeg[end:]


@contextlib.contextmanager
def replacing(path):
    """Give a temporary file beside `path`, which takes the place of `path` when all has gone well.

    Temporary files of processes of this machine that were killed in mid-write are removed from the folder first.

    Parameters
    ----------
    path : path
        Of the file to write; if it exists, it is replaced, and keeps its mode.

    Yields
    ------
    Path
        Name to write to, with the ending of `path`. Folders do not offer it as a frame.

    Raises
    ------
    DataError
        If the file cannot be written. Then, as with any other error, nothing is left but what was there before.
    """
    path = Path(path)
    check_is_plain(path)
    target = real_path(path)
    _remove_abandoned(target.parent)
    temporary = target.with_name(f".fusion-{_machine()}-{os.getpid()}-{secrets.token_hex(8)}{path.suffix}")
    try:
        yield temporary
        if target.exists():
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except OSError as error:  # of NumPy, they say how much was written, but not why
        reason = error.strerror or f"{error}; is the disk full?"
        raise DataError(f"{path}: cannot be written ({reason})") from None
    finally:
        temporary.unlink(missing_ok=True)


def _remove_abandoned(folder):
    """Remove temporary files of this machine whose process is gone; one that may not be removed stays."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            named = re.fullmatch(TEMPORARY, entry.name)
            if named and named["machine"] == _machine() and not _is_running(int(named["process"])):
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)


@functools.cache
def _machine():
    """Tell apart the machines that may write into one folder, and the containers in which processes are counted."""
    try:
        container = os.readlink("/proc/self/ns/pid")
    except OSError:
        container = ""
    return hashlib.sha256(f"{platform.node()} {container}".encode()).hexdigest()[:8]


def _is_running(process):
    """Tell whether there is such a process; where that cannot be asked without disturbing it, say yes."""
    if not POSIX:
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True
