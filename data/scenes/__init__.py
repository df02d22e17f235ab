"""Pictures with a known answer: made from photographs that come with scikit-image, so that they need no download."""

from data.scenes.built_in import built_in, built_in_names, scene, truth
from data.scenes.exposure import ExposureBracket, exposure_bracket
from data.scenes.focal import FocalStack, focal_stack
from data.scenes.lens import circle_of_confusion
from data.scenes.light import RESPONSES, to_eight_bits, to_linear
from data.scenes.pair import FocusPair, focus_pair

__all__ = [
    "RESPONSES",
    "ExposureBracket",
    "FocalStack",
    "FocusPair",
    "built_in",
    "built_in_names",
    "circle_of_confusion",
    "exposure_bracket",
    "focal_stack",
    "focus_pair",
    "scene",
    "to_eight_bits",
    "to_linear",
    "truth",
]
