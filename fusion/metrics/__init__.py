"""How good a result is."""

from fusion.metrics.truth import psnr

__all__ = ["psnr"]
