"""Guided-filter fusion as one would write it in an hour with OpenCV alone: the yardstick for speed and memory.

    python -m benchmarks.yardstick OUT FRAME FRAME ...

Everything in memory, float32, gray guide; window means come from `cv2.blur`.
"""

import sys

import cv2
import numpy as np


def guided(guide, p, r, eps):
    def mean(x):
        return cv2.blur(x, (2 * r + 1, 2 * r + 1))

    mean_guide, mean_p = mean(guide), mean(p)
    slope = (mean(guide * p) - mean_guide * mean_p) / (mean(guide * guide) - mean_guide * mean_guide + eps)
    offset = mean_p - slope * mean_guide
    return mean(slope) * guide + mean(offset)


def fuse(frames):
    grays = [cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) for frame in frames]
    saliencies = [cv2.GaussianBlur(np.abs(cv2.Laplacian(gray, cv2.CV_32F)), (11, 11), 5) for gray in grays]
    sharpest = np.argmax(saliencies, axis=0)
    masks = [(sharpest == k).astype(np.float32) for k in range(len(frames))]
    base = np.clip([guided(gray, mask, 45, 0.3) for gray, mask in zip(grays, masks, strict=True)], 0, 1)
    detail = np.clip([guided(gray, mask, 7, 1e-6) for gray, mask in zip(grays, masks, strict=True)], 0, 1)
    base /= base.sum(axis=0) + 1e-12
    detail /= detail.sum(axis=0) + 1e-12
    fused = np.zeros_like(frames[0])
    for frame, base_weight, detail_weight in zip(frames, base, detail, strict=True):
        layer = cv2.blur(frame, (31, 31))
        fused += base_weight[..., None] * layer + detail_weight[..., None] * (frame - layer)
    return fused


if __name__ == "__main__":
    pictures = [cv2.imread(path).astype(np.float32) / 255 for path in sys.argv[2:]]
    result = np.clip(fuse(pictures) * 255 + 0.5, 0, 255).astype(np.uint8)
    cv2.imwrite(sys.argv[1], result, [cv2.IMWRITE_JPEG_QUALITY, 95])
