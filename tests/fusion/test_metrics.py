"""Error against the truth."""

import numpy as np
import pytest

from fusion.metrics import psnr


def test_psnr_of_a_known_error():
    image = np.full((4, 4), 0.5)
    assert psnr(image, image + 0.1) == pytest.approx(20)
    assert psnr(image, image - 0.01) == pytest.approx(40)
    assert psnr(image, image) == float("inf")
    with pytest.raises(ValueError, match="one shape"):
        psnr(image, image[1:])
