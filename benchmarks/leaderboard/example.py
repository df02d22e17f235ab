"""Every pixel from the frame that is sharpest around it."""

import cv2

from fusion.controls import pick
from fusion.measure import saliency
from fusion.weights import decision_map


def fuse(stack):
    saliencies = (saliency(frame) for frame in stack)
    regions = (cv2.GaussianBlur(s, (0, 0), 3) for s in saliencies)
    return pick(stack, decision_map(regions))
