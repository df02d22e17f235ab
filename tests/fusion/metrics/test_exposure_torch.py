"""MEF-SSIM of tensors: the value of the metric on arrays, and its gradient."""

import builtins
import importlib

import numpy as np
import pytest

from data import load
from fusion.metrics import EXPOSURE, UndefinedScore

torch = pytest.importorskip("torch")
metric = importlib.import_module("fusion.metrics.exposure_torch")


pytestmark = pytest.mark.usefixtures("one_torch_thread")


def as_tensor(levels):
    return torch.from_numpy(levels / 255.0)


@pytest.fixture(scope="module")
def sequence(texture):
    """Three exposures of a gray scene, black and white areas among them, uint8."""
    return np.stack([np.clip(255 * texture[:61, :70, 1] * gain - 20, 0, 255) for gain in (0.3, 1, 2.5)]).astype(
        np.uint8
    )


def gradient_of(score, levels):
    fused = as_tensor(levels).to(score.scale_weights.dtype).requires_grad_()
    score(fused).backward()
    return fused.grad


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("shape", [(41, 41), (60, 75)])
def test_equals_the_metric_on_arrays(count, shape):
    rng = np.random.default_rng(count)
    frames = rng.integers(0, 256, (count, *shape)).astype(np.uint8)
    frames[:, :20, :25] = 7  # flat in every frame
    frames[0, 25:] = 0  # black in one
    frames[-1, :, 30:] = 255  # white in another
    fused = frames.mean(axis=0).astype(np.uint8)
    assert metric.mef_ssim(frames, as_tensor(fused)).item() == pytest.approx(
        EXPOSURE["MEF-SSIM"](frames, fused), abs=1e-9
    )


def test_equals_the_metric_on_a_picture():
    frames = [frame[150:250, 200:333] for frame in load("built-in/coffee")]
    fused = np.mean(frames, axis=0)
    expected = EXPOSURE["MEF-SSIM"](frames, fused)
    levels = metric.gray_levels(fused)
    score = metric.MefSsim(frames)
    assert score(as_tensor(levels)).item() == pytest.approx(expected, abs=1e-9)
    assert score.float()(as_tensor(levels).float()).item() == pytest.approx(expected, abs=1e-5)


def test_the_gradient_is_that_of_the_value(sequence):
    score = metric.MefSsim(sequence[:, :41, :43])
    fused = as_tensor(sequence[:, :41, :43].mean(axis=0)).requires_grad_()
    assert torch.autograd.gradcheck(score, fused, eps=1e-5, atol=1e-9, rtol=1e-5, fast_mode=True)


def test_a_window_mean_has_the_right_gradients():
    images = torch.rand(
        (2, 13, 12), generator=torch.Generator().manual_seed(1), dtype=torch.float64, requires_grad=True
    )
    assert torch.autograd.gradcheck(metric.window_mean, images)
    assert torch.autograd.gradgradcheck(metric.window_mean, images)


def test_a_step_along_the_gradient_raises_the_score(sequence):
    score = metric.MefSsim(sequence)
    levels = sequence[1]
    gradient = gradient_of(score, levels)
    step = 1e-3 * gradient / gradient.abs().max()
    before, after = score(as_tensor(levels)).item(), score(as_tensor(levels) + step).item()
    assert after - before == pytest.approx((gradient * step).sum().item(), rel=0.1)
    assert after > before


@pytest.mark.parametrize("levels", [(0, 0), (255, 255), (0, 255), (90, 130)])
def test_gradients_on_flat_frames_are_finite(levels, sequence):
    flat = np.stack([np.full((41, 47), level, np.uint8) for level in levels])
    score = metric.MefSsim(flat).float()
    assert gradient_of(score, flat[0]).abs().max() < 1e-6  # flat is best
    textured = gradient_of(score, sequence[1, :41, :47])
    assert torch.isfinite(textured).all() and textured.abs().max() > 0


def test_flat_is_best_where_structures_cancel(sequence):
    levels = sequence[1]
    score = metric.MefSsim(np.stack([levels, 255 - levels])).float()
    assert score(torch.full(levels.shape, 0.5)).item() == pytest.approx(1)
    assert torch.isfinite(gradient_of(score, levels)).all()


def test_a_constant_offset_costs_nothing(sequence):
    score = metric.MefSsim(sequence)
    fused = as_tensor(sequence[1])
    assert score(fused + 0.3).item() == pytest.approx(score(fused).item(), rel=1e-9)


def test_type_and_shape_of_the_score(sequence):
    fused = as_tensor(sequence[1]).float()
    value = metric.mef_ssim(sequence, fused)
    assert value.shape == () and value.dtype == torch.float32


def test_a_negative_has_no_score(sequence):
    with pytest.raises(UndefinedScore, match="contradicts its frames"):
        metric.mef_ssim(sequence, as_tensor(255 - sequence[1]))


def test_what_cannot_be_scored_is_named(sequence):
    with pytest.raises(ValueError, match="two or more of them, got 1"):
        metric.MefSsim(sequence[:1])
    with pytest.raises(UndefinedScore, match="41 x 41 pixels or more, got 70 x 40"):
        metric.MefSsim(sequence[:, :40])
    with pytest.raises(ValueError, match=r"shape \(61, 70\), as the frames, got .* \(70, 61\)"):
        metric.mef_ssim(sequence, as_tensor(sequence[1].T))


@pytest.mark.parametrize("module", ["fusion.metrics.exposure_torch", "fusion.optimised_exposure_torch"])
def test_without_torch_the_way_out_is_said(module, monkeypatch):
    import_ = builtins.__import__

    def without_torch(name, *args, **kwargs):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
        return import_(name, *args, **kwargs)

    spec = importlib.util.find_spec(module)
    monkeypatch.setattr(builtins, "__import__", without_torch)
    with pytest.raises(ImportError, match=r'needs PyTorch: pip install "all-in-focus\[torch\]"'):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


@pytest.mark.parametrize(
    ("fused", "told"),
    [
        (torch.zeros(61, 70, dtype=torch.uint8), "torch.uint8"),
        (np.zeros((61, 70)), "a ndarray"),
        (torch.zeros(61, 71), r"\(61, 71\)"),
    ],
)
def test_what_is_no_gray_tensor_is_named(sequence, fused, told):
    with pytest.raises(
        ValueError, match=f"tensor of gray values in .0, 1. of shape .61, 70., as the frames, got .*{told}"
    ):
        metric.mef_ssim(sequence, fused)


def test_nan_has_no_score(sequence):
    with pytest.raises(UndefinedScore, match="NaN"):
        metric.mef_ssim(sequence, torch.full((61, 70), float("nan")))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_coarse_types_are_scored_in_double_precision(sequence, dtype):
    fused = torch.from_numpy(sequence.mean(axis=0) / 255).to(dtype)
    expected = metric.mef_ssim(sequence, fused.double())
    found = metric.mef_ssim(sequence, fused)
    assert found.dtype == dtype
    assert abs(found.item() - expected.item()) < 5e-3
