"""Which frame a pixel comes from: decision maps, and weight maps that sum to 1."""

import numpy as np

from data import open_stack, to_float


class RunningDecision:
    """Decision map that grows frame by frame: `labels` numbers the frame of highest saliency seen so far, `best`.

    The first of equal ones wins.
    """

    def __init__(self, shape, dtype):
        self.labels = np.zeros(shape, dtype)
        self.best = np.full(shape, -np.inf, np.float32)

    def add(self, index, saliency, tile=...):
        """Let frame `index` compete, in the whole image or in one tile of it."""
        np.copyto(self.labels[tile], index, where=saliency > self.best[tile])
        np.maximum(self.best[tile], saliency, out=self.best[tile])


def decision_map(saliencies):
    """Number the frame of highest saliency in every pixel; the first of equal ones wins.

    Parameters
    ----------
    saliencies : iterable of N ndarrays of shape (H, W)
        Taken one at a time.

    Returns
    -------
    ndarray of uint16 of shape (H, W)
        Frame numbers 0..N-1.
    """
    decision = None
    for index, saliency in enumerate(saliencies):
        decision = decision or RunningDecision(saliency.shape, np.uint16)
        decision.add(index, saliency)
    return decision.labels


def copied(stack, labels, *, progress=None):
    """Take every pixel as it is from the frame of its number.

    Parameters
    ----------
    stack : stack
        N frames.
    labels : ndarray of int of shape (H, W)
        Frame numbers, 0..N-1.
    progress : callable, optional
        ``progress(iterable, what)`` returns an iterable over the same frames and shows how far it is, as tqdm does.

    Returns
    -------
    ndarray of float32 of shape (H, W) or (H, W, 3)

    Raises
    ------
    ValueError
        If `labels` has another shape than the frames, or numbers that no frame has.
    """
    stack, progress = open_stack(stack), progress or (lambda frames, what: frames)
    if labels.shape != stack.shape[1:3] or not (labels.min() >= 0 and labels.max() < len(stack)):
        raise ValueError(
            f"labels must be frame numbers 0..{len(stack) - 1} of shape {stack.shape[1:3]}, got shape {labels.shape} "
            f"with numbers {labels.min()}..{labels.max()}"
        )
    fused = np.empty(stack.shape[1:], np.float32)
    for index, pixels in stack.read_ahead(progress(range(len(stack)), "copying")):
        chosen = labels == index
        fused[chosen] = to_float(pixels[chosen])
    return fused


def weight_maps(labels, count):
    """Turn a decision map into `count` maps that are 1 where their frame was chosen, else 0; float32 (N, H, W)."""
    return np.stack([labels == index for index in range(count)]).astype(np.float32)


def normalise_weights(weights):
    """Scale weights of shape (N, H, W) to sum to 1 over the frames; where all are 0, share equally."""
    total = weights.sum(axis=0)
    uniform = np.full_like(weights, 1 / len(weights))
    return np.divide(weights, total, out=uniform, where=total > 0)


def blend(images, weights):
    """Sum images, each times its weight map; images of shape (H, W) or (H, W, 3), weights of shape (N, H, W)."""
    return sum(per_channel(weight, image) * image for image, weight in zip(images, weights, strict=True))


def per_channel(weight, image):
    """Weights (H, W), as they multiply an image of (H, W) or (H, W, 3)."""
    return weight[..., None] if image.ndim == 3 else weight
