"""Guided-filter fusion, stage by stage: an object that keeps what it computed on the way, for pages."""

import functools

import numpy as np

from data import open_stack, to_float, to_gray
from data.image import narrow
from fusion.filters import guided_filter
from fusion.guided import decompose
from fusion.measure import saliency
from fusion.refine import refined
from fusion.weights import blend, decision_map, normalise_weights, weight_maps


class gff:
    """Guided-filter fusion that keeps its intermediate results.

    For looking at, and for trying other filters; it holds all maps of all frames in memory. To fuse many or large
    frames use `fusion.guided_fusion`, which gives the same picture.

    Parameters
    ----------
    images : stack
        N aligned frames: array, list, `data.Stack`, folder or list of files.
    color : {None, "hsv"}, optional
        None for gray frames and for RGB; "hsv" if the channels are hue, saturation and value, each in [0, 1].

    Attributes
    ----------
    ims : Stack
        The frames; ``ims[k]`` is a float32 image.
    saliencies : ndarray of float32 of shape (N, H, W)
        `fusion.measure.saliency` of each frame. Computed at the first use, as are the weights.
    weights : ndarray of float32 of shape (N, H, W)
        1 where a frame has the highest saliency, else 0. They sum to 1: exact ties go to the first frame.
    refined_weights, normalised_refined_weights : dict of str to ndarray of shape (N, H, W)
        Filtered weights, before and after they are scaled to sum to 1: of "base" and "detail" after `fusion`, of
        "full" after `fusion_without_separation`.
    fused : dict of str to ndarray
        What the weights make of the layers, by the same names. Not clipped; "detail" has values around 0.

    Raises
    ------
    DataError
        If a frame cannot be read, or frames differ in size.
    ValueError
        If `color` is unknown, or "hsv" and the frames are gray.

    See Also
    --------
    fusion.guided_fusion : the same fusion in one call, in little memory.

    Notes
    -----
    With "hsv", saliency and guide are taken from the gray values of the RGB picture that the frames stand for; hue,
    saturation and value are then fused like any channels, and the result is HSV. It goes wrong where hues mix: hue is
    an angle, and the mean of the two reds 0.98 and 0.02 is 0.5, which is cyan. Fusing RGB has no such seam.

    References
    ----------
    .. [1] S. Li, X. Kang, J. Hu, "Image fusion with guided filtering," IEEE TIP 22(7), 2013.
       :doi:`10.1109/TIP.2013.2244222`
    """

    def __init__(self, images, color=None):
        if color not in (None, "hsv"):
            raise ValueError(f'color must be None, for gray or RGB frames, or "hsv", got {color!r}; convert to RGB')
        self.ims = open_stack(images)
        if color == "hsv" and len(self.ims.shape) == 3:
            raise ValueError('color="hsv" needs frames of three channels, got gray ones; leave color out')
        self._color = color
        self.refined_weights = _Results()
        self.normalised_refined_weights = _Results()
        self.fused = _Results()

    def __repr__(self):
        return f"<gff of {self.ims!r}>"

    @functools.cached_property
    def saliencies(self):
        return np.stack([saliency(gray) for gray in self._grays])

    @functools.cached_property
    def weights(self):
        return weight_maps(decision_map(self.saliencies), len(self.ims))

    @functools.cached_property
    def _grays(self):
        """Gray values of each frame, kept for every fusion: uint8 for an 8-bit picture, else float32."""
        frames = map(self.ims.pixels, range(len(self.ims)))
        if self._color == "hsv":
            frames = (narrow(rgb_of_hsv(to_float(pixels))) for pixels in frames)
        return [to_gray(pixels) for pixels in frames]

    @staticmethod
    def decompose(im):
        """Split an image into its base layer, a mean over 31 x 31 pixels, and its detail layer, the rest.

        Parameters
        ----------
        im : ndarray of shape (H, W) or (H, W, 3)

        Returns
        -------
        base, detail : ndarray of float32
            See `fusion.guided.decompose`.
        """
        return decompose(im)

    def fusion(self, r1=45, r2=7, eps1=0.3, eps2=1e-6, filt=guided_filter):
        """Fuse base and detail layers with weights of their own, and add the two.

        Parameters
        ----------
        r1, eps1 : int, float, optional
            Radius and regularisation of the filter for the weights of the base layers.
        r2, eps2 : int, float, optional
            The same for the detail layers.
        filt : callable, optional
            Called as ``filt(p, guide, r, eps)`` with a weight map and the gray frame, both float32 of shape (H, W);
            returns the refined map. A map that is the same everywhere needs no refining and is left as it is.

        Returns
        -------
        ndarray of float32 of shape (H, W) or (H, W, 3)
            Fused image, clipped to [0, 1]: `fusion.guided_fusion` of the same frames, but for the coarse grid that
            it uses above 2 megapixels.
        """
        self._fuse("base", (decompose(frame)[0] for frame in self.ims), r1, eps1, filt)
        self._fuse("detail", (decompose(frame)[1] for frame in self.ims), r2, eps2, filt)
        return np.clip(self.fused["base"] + self.fused["detail"], 0, 1)

    def fusion_without_separation(self, r=45, eps=0.3, filt=guided_filter):
        """Fuse whole frames with one set of weights; fills the entries "full".

        Parameters
        ----------
        r, eps : int, float, optional
            Radius and regularisation of the filter; by default those of the base layers.
        filt : callable, optional
            As in `fusion`.

        Returns
        -------
        ndarray of float32 of shape (H, W) or (H, W, 3)
            Fused image, clipped to [0, 1].
        """
        self._fuse("full", self.ims, r, eps, filt)
        return np.clip(self.fused["full"], 0, 1)

    def _fuse(self, name, layers, r, eps, filt):
        """Refine the weights, normalise them and blend the layers; keep all three under a name."""
        guides = (to_float(gray).copy() for gray in self._grays)  # filt may write to its own
        weights = np.stack([refined(*pair, r, eps, filt) for pair in zip(self.weights, guides, strict=True)])
        self.refined_weights[name] = weights
        self.normalised_refined_weights[name] = normalise_weights(weights)
        self.fused[name] = blend(layers, self.normalised_refined_weights[name])


class _Results(dict):
    """Results by name, which says how to get one that is not there."""

    def __missing__(self, name):
        raise LookupError(
            f'there is no {name!r} here (yet): fusion() computes "base" and "detail", '
            'fusion_without_separation() computes "full"; call it first'
        )


def rgb_of_hsv(image):
    """Convert hue, saturation and value, each in [0, 1], to RGB; float32 of shape (H, W, 3).

    Computed in float64: what was an 8-bit picture is one again, and its gray values are rounded as such.
    """
    hue, saturation, value = (image[..., channel, None].astype(np.float64) for channel in range(3))
    sector = (6 * hue + [5, 3, 1]) % 6  # of the hue circle, as red, green and blue see it
    return (value * (1 - saturation * np.minimum(sector, 4 - sector).clip(0, 1))).astype(np.float32)
