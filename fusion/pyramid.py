"""Gaussian and Laplacian pyramids (Burt, Adelson 1983), and the simplest fusion by them: keep the sharpest details."""

import math

import cv2
import numpy as np

from data import open_stack, to_float

KERNELS = {3: np.array([1, 2, 1], np.float32) / 4, 5: np.array([1, 4, 6, 4, 1], np.float32) / 16}
LEVELS = 4  # of `sharpest_details`: 3 lose 0.6 dB where discs of blur are 20 pixels in radius, more never gain 0.2 dB


def most_levels(shape):
    """Number of times that an image can be halved until its smaller side is one pixel, or nearly so.

    Parameters
    ----------
    shape : tuple of int
        Height and width, and perhaps channels.

    Returns
    -------
    int
        ``floor(log2(min(height, width)))``, but at least 1.
    """
    return max(1, int(math.log2(min(shape[:2]))))


def level_shapes(shape, levels):
    """List the shapes of the levels of a pyramid, from fine to coarse."""
    shapes = [tuple(shape)]
    for _ in range(levels):
        height, width, *channels = shapes[-1]
        shapes.append(((height + 1) // 2, (width + 1) // 2, *channels))
    return shapes


def gaussian_pyramid(image, levels=None, *, kernel_size=5):
    """Halve an image again and again, smoothing it first along both axes.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, C)
        Image, or weight map; of float of any range, or of integers, which are scaled to [0, 1].
    levels : int, optional
        How often it is halved, 0 to `most_levels`, which is the default.
    kernel_size : {5, 3}, optional
        Taps of the kernel: (1, 4, 6, 4, 1) / 16 or (1, 2, 1) / 4.

    Returns
    -------
    list of ndarray of float32
        ``levels + 1`` images from fine to coarse, the first of them `image`; n pixels are followed by
        ``(n + 1) // 2``. Borders are mirrored, the pixel at the border repeated.

    Raises
    ------
    ValueError
        If `image` is of another shape, or `levels` or `kernel_size` is out of range.

    References
    ----------
    .. [1] P. J. Burt, E. H. Adelson, "The Laplacian pyramid as a compact image code," IEEE Trans. Commun. 31(4), 1983.
       :doi:`10.1109/TCOM.1983.1095851`
    """
    image = _as_plane(image)
    levels = check_levels(levels, image.shape)
    check_kernel_size(kernel_size)
    pyramid = [image]
    for _ in range(levels):
        pyramid.append(reduced(pyramid[-1], kernel_size))
    return pyramid


def laplacian_pyramid(image, levels=None, *, kernel_size=5):
    """Split an image into details of one size each, and the coarse image that is left.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, C)
        As for `gaussian_pyramid`.
    levels : int, optional
        Levels of detail, 0 to `most_levels`, which is the default.
    kernel_size : {5, 3}, optional
        As for `gaussian_pyramid`.

    Returns
    -------
    list of ndarray of float32
        `levels` images of details, around 0, from fine to coarse: each the difference of a level of the Gaussian
        pyramid and the next one, enlarged to its size. Then the last level of the Gaussian pyramid.

    Raises
    ------
    ValueError
        As for `gaussian_pyramid`.

    References
    ----------
    .. [1] P. J. Burt, E. H. Adelson, "The Laplacian pyramid as a compact image code," IEEE Trans. Commun. 31(4), 1983.
       :doi:`10.1109/TCOM.1983.1095851`
    """
    gaussian = gaussian_pyramid(image, levels, kernel_size=kernel_size)
    details = [
        level - enlarged(below, level.shape, kernel_size)
        for level, below in zip(gaussian[:-1], gaussian[1:], strict=True)
    ]
    return [*details, gaussian[-1]]


def collapse(pyramid, *, kernel_size=5):
    """Sum a Laplacian pyramid up to the image that it was made from.

    Parameters
    ----------
    pyramid : sequence of ndarray
        What `laplacian_pyramid` returns, or the same with other coefficients.
    kernel_size : {5, 3}, optional
        That of the pyramid.

    Returns
    -------
    ndarray of float32
        Shape of the first level. It is the image again, but for the rounding of float32, whatever its size.
    """
    check_kernel_size(kernel_size)
    *details, image = pyramid
    for detail in reversed(details):
        image = enlarged(image, detail.shape, kernel_size) + detail
    return image


def reduced(image, kernel_size=5):
    """Smooth an image and keep every second pixel of every second row, from the first on."""
    height, width = image.shape[:2]
    if kernel_size == 5:
        half = cv2.pyrDown(image, borderType=cv2.BORDER_REFLECT)
    else:
        kernel = KERNELS[kernel_size]
        half = cv2.sepFilter2D(image, -1, kernel, kernel, borderType=cv2.BORDER_REFLECT)[::2, ::2]
    return half.reshape((height + 1) // 2, (width + 1) // 2, *image.shape[2:])


def enlarged(image, shape, kernel_size=5, *, inside=False):
    """Interpolate an image at every pixel of the image of such a shape that it was reduced from.

    Beyond its border the coarse image is continued by its last pixel. Of a part from `inside` of an image, whose border
    is none, nothing is continued, which is faster; two pixels around the result are of no use then.
    """
    if inside and kernel_size == 5:
        return cv2.pyrUp(image)[: shape[0], : shape[1]].reshape(shape)
    padded = cv2.copyMakeBorder(image, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    double = cv2.pyrUp(padded) if kernel_size == 5 else _interpolated(padded, 2 * KERNELS[kernel_size])
    return double[2 : 2 + shape[0], 2 : 2 + shape[1]].reshape(shape)


def _interpolated(image, kernel):
    """Put zeros between all pixels, and let a kernel fill them."""
    sparse = np.zeros((2 * image.shape[0], 2 * image.shape[1], *image.shape[2:]), np.float32)
    sparse[::2, ::2] = image
    return cv2.sepFilter2D(sparse, -1, kernel, kernel)


def sharpest_details(stack, *, levels=None, progress=None):
    """Fuse frames of different focus: in every place and at every size, take the strongest detail of all frames.

    Reads every frame once, and holds one at a time.

    Parameters
    ----------
    stack : stack
        N aligned frames: array, list, `data.Stack`, folder or list of files.
    levels : int, optional
        Levels of detail, 0 to `most_levels`; by default 4, or `most_levels` if that is less.
    progress : callable, optional
        ``progress(iterable, what)`` returns an iterable over the same frames and shows how far it is, as tqdm does.

    Returns
    -------
    ndarray of float32 of shape (H, W) or (H, W, 3)
        Fused image, clipped to [0, 1]. A pixel depends on inputs less than ``4 * 2**levels`` pixels away.

    Raises
    ------
    DataError
        If a frame cannot be read, or frames differ in size.
    ValueError
        If `levels` is out of range.

    Notes
    -----
    This is the plainest of the methods of this kind: each coefficient of the fused Laplacian pyramid is the one of
    largest magnitude, without a look at its neighbours, and the coarsest level is the mean over the frames. In colour
    the frame is chosen by the sum of magnitudes over the channels, and its three coefficients stay together. Exact
    ties go to the first frame. But for these and the rounding of the mean, the order of frames does not matter.

    References
    ----------
    .. [1] P. J. Burt, E. H. Adelson, "The Laplacian pyramid as a compact image code," IEEE Trans. Commun. 31(4), 1983.
       :doi:`10.1109/TCOM.1983.1095851`
    .. [2] P. J. Burt, E. H. Adelson, "Merging images through pattern decomposition," Proc. SPIE 575, 1985.
       :doi:`10.1117/12.966501`
    """
    stack = open_stack(stack)
    shape = stack.shape[1:]
    levels = check_levels(min(LEVELS, most_levels(shape)) if levels is None else levels, shape)
    progress = progress or (lambda frames, what: frames)
    fused = None
    for index in progress(range(len(stack)), "fusing"):
        fused = _joined(fused, laplacian_pyramid(stack[index], levels))
    fused[-1] /= len(stack)
    return np.clip(collapse(fused), 0, 1)


def _joined(fused, frame):
    """Let the details of a frame replace weaker ones, and add up the coarsest level; the first frame is taken whole."""
    if fused is None:
        return frame
    for kept, detail in zip(fused[:-1], frame[:-1], strict=True):
        stronger = _strength(detail) > _strength(kept)
        np.copyto(kept, detail, where=stronger[..., None] if detail.ndim == 3 else stronger)
    fused[-1] += frame[-1]
    return fused


def _strength(detail):
    """Magnitude of each coefficient, (H, W); summed over the channels."""
    return np.abs(detail).sum(axis=2) if detail.ndim == 3 else np.abs(detail)


def _as_plane(image):
    image = to_float(np.asarray(image))
    if image.ndim not in (2, 3) or not image.size:
        raise ValueError(f"image must be of shape (H, W) or (H, W, C), with pixels, got {image.shape}")
    return image.astype(np.float32, copy=False)


def check_levels(levels, shape):
    """Return the number of levels, by default `most_levels`; raise a ValueError if an image of that shape has less."""
    most = most_levels(shape)
    levels = most if levels is None else levels
    if not (0 <= levels <= most and int(levels) == levels):
        raise ValueError(
            f"levels must be a whole number from 0 to {most} for an image of {shape[1]} x {shape[0]} pixels, "
            f"got {levels}; leave it out for the default"
        )
    return int(levels)


def check_kernel_size(kernel_size):
    """Raise a ValueError unless there is a kernel of that size."""
    if kernel_size not in KERNELS:
        raise ValueError(f"kernel_size must be 5, as in the papers, or 3, got {kernel_size!r}")
