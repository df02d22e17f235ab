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


@pytest.mark.parametrize("spoilt", ["image", "reference", "both"])
def test_psnr_of_a_picture_with_nan_is_nan(spoilt):
    image, reference = np.full((4, 4), 0.5), np.full((4, 4), 0.5)
    for name, picture in (("image", image), ("reference", reference)):
        if spoilt in (name, "both"):
            picture[1, 2] = np.nan
    assert np.isnan(psnr(image, reference))
