"""How sharp a picture is around each pixel: the classical focus measures, one function each."""

from functools import partial

import cv2
import numpy as np

SCALES = 3  # of the multi-scale measures: full size, half, a quarter
LARGEST = 255  # pixels of a kernel
KERNEL_SIZE = 3  # pixels, of all measures by default


def laplacian_of_gaussian(gray, kernel_size=KERNEL_SIZE):
    """Square of the Laplacian of the smoothed picture (Marr, Hildreth 1980).

    Parameters
    ----------
    gray : ndarray of float32 of shape (H, W)
        In [0, 1].
    kernel_size : int, optional
        Side of the Gaussian, odd. Its standard deviation is that of OpenCV for the side: 0.7 pixels for 3, 1 for 5, and
        ``0.15 * kernel_size + 0.35`` from 9 on.

    Returns
    -------
    ndarray of float32 of shape (H, W)
        In squared gray values, 0 and more; so do all measures.

    References
    ----------
    .. [1] D. Marr, E. Hildreth, "Theory of edge detection," Proc. R. Soc. Lond. B 207, 1980.
       :doi:`10.1098/rspb.1980.0020`
    """
    smooth = cv2.GaussianBlur(gray, (kernel_size, kernel_size), 0)
    return _squared(cv2.Laplacian(smooth, cv2.CV_32F, ksize=1))


def sum_modified_laplacian(gray, kernel_size=KERNEL_SIZE):
    """Square of the sum of the absolute second differences along rows and columns (Nayar, Nakagawa 1994).

    Parameters
    ----------
    gray : ndarray of float32 of shape (H, W)
        In [0, 1].
    kernel_size : int, optional
        Odd; differences are taken over half of it, so 3 compares a pixel with its direct neighbours.

    Returns
    -------
    ndarray of float32 of shape (H, W)

    Notes
    -----
    The paper sums it over a window, without squaring, where it exceeds a threshold; here all measures are squares, and
    `fusion.depth.volume` averages them.

    References
    ----------
    .. [1] S. K. Nayar, Y. Nakagawa, "Shape from focus," IEEE TPAMI 16(8), 1994. :doi:`10.1109/34.308479`
    """
    kernel = np.zeros((1, kernel_size), np.float32)
    kernel[0, [0, kernel_size // 2, -1]] = -1, 2, -1
    across, down = (np.abs(cv2.filter2D(gray, cv2.CV_32F, k)) for k in (kernel, kernel.T))
    return _squared(np.add(across, down, out=across))


def tenengrad(gray, kernel_size=KERNEL_SIZE):
    """Square of the magnitude of the gradient (Tenenbaum 1970; Krotkov 1988).

    Parameters
    ----------
    gray : ndarray of float32 of shape (H, W)
        In [0, 1].
    kernel_size : int, optional
        Side of the kernel, odd: Sobel's with 3, the derivative of a Gaussian with more.

    Returns
    -------
    ndarray of float32 of shape (H, W)

    References
    ----------
    .. [1] E. Krotkov, "Focusing," IJCV 1(3), 1988. :doi:`10.1007/BF00127822`
    """
    smoothing = cv2.getGaussianKernel(kernel_size, 0, cv2.CV_32F)
    offset = np.arange(kernel_size, dtype=np.float32) - kernel_size // 2
    slope = offset * smoothing[:, 0] / np.sum(offset**2 * smoothing[:, 0])
    across = cv2.sepFilter2D(gray, cv2.CV_32F, slope, smoothing)
    down = cv2.sepFilter2D(gray, cv2.CV_32F, smoothing, slope)
    return np.add(_squared(across), _squared(down), out=across)


def variance(gray, kernel_size=KERNEL_SIZE):
    """Variance of the gray value in a window (Groen, Young, Ligthart 1985).

    Parameters
    ----------
    gray : ndarray of float32 of shape (H, W)
        In [0, 1].
    kernel_size : int, optional
        Side of the window, odd.

    Returns
    -------
    ndarray of float32 of shape (H, W)

    References
    ----------
    .. [1] F. C. A. Groen, I. T. Young, G. Ligthart, "A comparison of different focus functions for use in autofocus
       algorithms," Cytometry 6(2), 1985. :doi:`10.1002/cyto.990060202`
    """
    size = (kernel_size, kernel_size)
    squares, mean = cv2.sqrBoxFilter(gray, cv2.CV_64F, size), cv2.boxFilter(gray, cv2.CV_64F, size)
    squares -= _squared(mean)
    return np.maximum(squares, 0, out=squares).astype(np.float32)


def ring_difference(gray, kernel_size=KERNEL_SIZE):
    """Square of the difference between a disc and the ring around it (Surh et al. 2017).

    Parameters
    ----------
    gray : ndarray of float32 of shape (H, W)
        In [0, 1].
    kernel_size : int, optional
        Diameter of the disc, odd. A gap as wide as its radius, a pixel at least, parts it from the ring, which is a
        pixel wide.

    Returns
    -------
    ndarray of float32 of shape (H, W)

    References
    ----------
    .. [1] J. Surh et al., "Noise robust depth from focus using a ring difference filter," CVPR 2017.
       :doi:`10.1109/CVPR.2017.262`
    """
    return _squared(cv2.filter2D(gray, cv2.CV_32F, ring_kernel(kernel_size)))


def ring_kernel(kernel_size):
    """Weights of the ring difference: those of the disc sum to 1, those of the ring to -1."""
    inner = kernel_size // 2
    outer = inner + max(1, inner) + 1
    position = np.arange(-outer, outer + 1)
    radius = np.hypot(position[:, None], position)
    disc, ring = radius <= inner + 0.25, np.abs(radius - outer) <= 0.5
    return (disc / disc.sum() - ring / ring.sum()).astype(np.float32)


def multi_scale(measure, gray, kernel_size=KERNEL_SIZE, *, scales=SCALES):
    """Sum of a measure over the picture, and over it at half and at a quarter of the size.

    Parameters
    ----------
    measure : callable
        One of the other functions.
    gray : ndarray of float32 of shape (H, W)
        In [0, 1].
    kernel_size : int, optional
        As for `measure`, at each size. Sizes of less than two kernels are left out.
    scales : int, optional
        How many sizes.

    Returns
    -------
    ndarray of float32 of shape (H, W)
        Coarse detail outlives more noise, and more blur: depth is less sharp, in space and along the stack.
    """
    total = measure(gray, kernel_size)
    if scales > 1 and min(gray.shape) >= 2 * kernel_size:
        coarse = multi_scale(measure, cv2.pyrDown(gray), kernel_size, scales=scales - 1)
        total += cv2.pyrUp(coarse, dstsize=total.shape[::-1])  # whose pixels lie where those of pyrDown do
    return total


def _squared(response):
    return np.multiply(response, response, out=response)


SINGLE_SCALE = {
    "log": laplacian_of_gaussian,
    "sml": sum_modified_laplacian,
    "tenengrad": tenengrad,
    "variance": variance,
    "ring": ring_difference,
}
FOCUS_MEASURES = SINGLE_SCALE | {
    f"multi-scale-{name}": partial(multi_scale, measure) for name, measure in SINGLE_SCALE.items()
}
