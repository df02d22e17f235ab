"""Facts about exposure fusion of tensors: it is that of arrays, on any device, and its gradients are finite."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import fusion
from data import open_stack
from fusion import exposure, measure, pyramid
from tests.fusion.reference_exposure import coffee

torch = pytest.importorskip("torch")

from fusion import exposure_torch, measure_torch, pyramid_torch  # noqa: E402

NAMES = ("contrast", "saturation", "exposedness")
FLOATS = [torch.float64, torch.float32, torch.float16, torch.bfloat16]
OPTIONS = [
    {},
    {"contrast": 0},
    {"contrast": 0.5},
    {"saturation": 0},
    {"saturation": 2.5},
    {"exposedness": 0},
    {"exposedness": 0.3},
    {"sigma": 0.3},
    {"levels": 0},
    {"levels": 1},
    {"levels": 5},
    {"kernel_size": 3},
    {"contrast": 2, "saturation": 0.5, "exposedness": 1.5, "sigma": 0.25, "levels": 3, "kernel_size": 3},
    dict.fromkeys(NAMES, 0),
]


pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def bracket():
    """Three exposures, uint8 of shape (3, 113, 151, 3)."""
    return coffee(113, 151)


@pytest.fixture
def cuda():
    """The name of a device, or a skip."""
    if not torch.cuda.is_available():
        pytest.skip("needs a GPU that PyTorch can use by CUDA")
    return "cuda"


def tensor_of(frames):
    """Frames (N, H, W[, 3]) as a tensor (N, C, H, W) of float32 in [0, 1]."""
    images = np.stack(list(open_stack(frames)))
    return torch.from_numpy(images[:, None] if images.ndim == 3 else np.moveaxis(images, -1, 1).copy())


def array_of(image):
    """A tensor (C, H, W) as an array (H, W) or (H, W, 3)."""
    array = image.detach().cpu().numpy()
    return array[0] if len(array) == 1 else np.moveaxis(array, 0, -1)


def random_frames(shape, seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


def random_tensor(*shape, dtype=torch.float64, seed=0):
    """Values in [0.1, 0.9], away from where they are clipped."""
    return 0.1 + 0.8 * torch.rand(shape, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def fuse(frames, **options):
    return fusion.exposure_fusion(frames, **options)


def awkward(dtype):
    """Three frames with areas that are black, gray, white, of pure and of plain colour, flat and not, and equal."""
    frames = random_tensor(3, 3, 40, 48, dtype=dtype)
    for index, value in enumerate((0, 0.5, 1)):
        frames[index, :, :12, :12] = value
    frames[:, :, :12, 12:24] = 0
    frames[:, :, :12, 24:36] = 1
    frames[:, :, 12:24, :12] = torch.tensor([1, 0, 0], dtype=dtype)[:, None, None]
    frames[:, :, 12:24, 12:24] = torch.tensor([0.2, 0.6, 0.3], dtype=dtype)[:, None, None]
    frames[:, :, 24:36, :12] = frames[:, :1, 24:36, :12]  # gray, not flat
    frames[:, :, 24:36, 12:24] = 0.4 + 1e-6 * frames[:, :, 24:36, 12:24]  # almost flat and gray
    frames[1:, :, 24:36, 24:36] = frames[0, :, 24:36, 24:36]
    return frames


# --- the same as on arrays -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("colour", [True, False], ids=["colour", "gray"])
def test_tensors_are_fused_as_arrays_are(bracket, colour, options):
    for frames in (bracket, random_frames((3, 37, 53, 3))):
        frames = frames if colour else frames[..., 1]
        fused = fuse(tensor_of(frames), **options)
        assert fused.shape == (3 if colour else 1, *frames.shape[1:3])
        assert_allclose(array_of(fused), fuse(frames, **options), atol=1e-5)


@pytest.mark.parametrize("name", ["candle", "farmhouse", "house"])
def test_real_brackets_are_fused_as_arrays_are(real_data, name):
    stack = open_stack(real_data / "mef" / name)
    for options in ({}, {"contrast": 0.5, "kernel_size": 3, "levels": 5}):
        assert_allclose(array_of(fuse(tensor_of(stack), **options)), fuse(stack, **options), atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (2, 2), (3, 5), (33, 5), (7, 1)], ids=str)
@pytest.mark.parametrize("channels", [(), (3,)], ids=["gray", "colour"])
@pytest.mark.parametrize("kernel_size", [5, 3])
def test_any_size_works(shape, channels, kernel_size):
    frames = random_frames((3, *shape, *channels))
    fused = fuse(tensor_of(frames), kernel_size=kernel_size)
    assert_allclose(array_of(fused), fuse(frames, kernel_size=kernel_size), atol=1e-5)


def in_double(frames):
    """Frames in double precision; those of 8 bits exactly."""
    levels = frames.double() * 255
    eight_bit = (levels - levels.round()).abs().max() < 1e-3
    return levels.round() / 255 if eight_bit else frames.double()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_stages_are_those_of_arrays(bracket, dtype):
    for frames in (bracket, random_frames((3, 20, 31, 3)), bracket[..., 0]):
        numbers = in_double(tensor_of(frames))
        tensor = numbers.to(dtype)
        options = {"contrast": 2, "exposedness": 0.7, "sigma": 0.3}
        weights = exposure_torch.weight_maps(tensor, **options)
        assert weights.dtype == dtype
        assert_allclose(weights.sum(dim=0), 1, atol=1e-6)
        assert_allclose(weights, exposure.weight_maps(frames, **options), atol=1e-3)
        assert_allclose(weights, exposure_torch.weight_maps(numbers, **options), atol=1e-3)
        for index, frame in enumerate(frames):
            one = tensor[index : index + 1]
            pairs = [
                (measure_torch.contrast(one), measure.contrast(frame)),
                (measure_torch.well_exposedness(one, 0.3), measure.well_exposedness(frame, 0.3)),
                (exposure_torch.quality(one, **options), exposure.quality(frame, **options)),
            ]
            if frame.ndim == 3:
                pairs.append((measure_torch.saturation(one), measure.saturation(frame)))
            for found, expected in pairs:
                assert found.dtype == dtype and found.shape == (1, *expected.shape)
                assert_allclose(found[0], expected, atol=1e-6)


def test_several_frames_are_measured_as_one_by_one():
    frames = random_tensor(3, 3, 9, 11)
    for call in (measure_torch.contrast, measure_torch.saturation, measure_torch.well_exposedness):
        assert_allclose(call(frames), torch.cat([call(frame) for frame in frames.split(1)]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_flat_areas_have_no_quality_at_all(dtype):
    for value in (0, 0.1, 1 / 3, 0.5, 0.7, 100 / 255, 1):
        flat = torch.full((1, 3, 5, 6), value, dtype=dtype)
        assert measure_torch.saturation(flat).abs().max() == 0
        flat[:, 1] = 1 - value / 2
        assert measure_torch.contrast(flat).abs().max() == 0


def test_frames_of_eight_bits_are_measured_by_whole_levels():
    """As integers are: a ramp has no contrast, though its float values have."""
    ramp = torch.arange(30, dtype=torch.float32).expand(1, 3, 4, 30) * 5 / 255
    assert measure_torch.contrast(ramp)[..., 1:-1].abs().max() == 0
    finer = ramp + 1e-4 * torch.arange(30) ** 2
    assert_allclose(measure_torch.contrast(finer)[..., 1:-1], 2e-4, rtol=2e-2)
    values, full_scale = measure_torch.unscaled(ramp)
    assert_array_equal(values, torch.arange(30).expand(1, 3, 4, 30) * 5)
    assert full_scale == 255
    for other in (finer, ramp + 0.2 / 255, ramp + 0.8 / 255):
        values, full_scale = measure_torch.unscaled(other)
        assert_array_equal(values, other)
        assert full_scale == 1


def test_each_frame_is_measured_by_whole_levels_on_its_own():
    """One frame of 8 bits beside one that is not: neither has any contrast."""
    ramp = np.arange(30, dtype=np.float32)[None, :, None] * 5 / 255 + np.array([0, 20, 50], np.float32) / 255
    frames = np.stack([np.broadcast_to(ramp, (4, 30, 3)), np.full((4, 30, 3), 0.3001, np.float32)])
    weights = exposure_torch.weight_maps(tensor_of(frames))
    assert_allclose(weights[..., 1:-1], 0.5, atol=1e-6)
    assert_allclose(weights, exposure.weight_maps(frames), atol=1e-5)


@pytest.mark.parametrize("kernel_size", [5, 3])
@pytest.mark.parametrize("shape", [(37, 53), (20, 31), (1, 1), (5, 1), (2, 2), (3, 8)], ids=str)
def test_pyramids_are_those_of_arrays(shape, kernel_size):
    image = random_frames((*shape, 3))
    tensor = torch.from_numpy(np.moveaxis(image, -1, 0).copy())
    levels = pyramid.most_levels(shape)
    for name in ("gaussian_pyramid", "laplacian_pyramid"):
        found = getattr(pyramid_torch, name)(tensor, levels, kernel_size=kernel_size)
        expected = getattr(pyramid, name)(image, levels, kernel_size=kernel_size)
        for level, same in zip(found, expected, strict=True):
            assert_allclose(array_of(level), same, atol=1e-6)
    again = pyramid_torch.collapse(found, kernel_size=kernel_size)
    assert_allclose(again, tensor, atol=1e-6)
    other = pyramid_torch.collapse(found, kernel_size=8 - kernel_size)
    assert_allclose(array_of(other), pyramid.collapse(expected, kernel_size=8 - kernel_size), atol=1e-6)


def test_pyramids_have_five_taps_by_default_and_may_have_no_level():
    image = random_tensor(2, 9, 14)
    for call in (pyramid_torch.gaussian_pyramid, pyramid_torch.laplacian_pyramid):
        for level, same in zip(call(image, 2), call(image, 2, kernel_size=5), strict=True):
            assert_array_equal(level, same)
        assert len(call(image, 0)) == 1
        assert_array_equal(call(image, 0)[0], image)
    pyramid_of_image = pyramid_torch.laplacian_pyramid(image, 2)
    assert_allclose(pyramid_torch.collapse(pyramid_of_image), image)
    before = [level.clone() for level in pyramid_of_image]
    pyramid_torch.collapse(pyramid_of_image)
    for level, same in zip(pyramid_of_image, before, strict=True):
        assert_array_equal(level, same)


# --- types -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("channels", [1, 3])
def test_the_type_is_kept_and_half_is_computed_in_single(dtype, channels):
    frames = random_tensor(3, channels, 37, 29).to(dtype)
    fused = fuse(frames)
    assert fused.dtype == dtype
    assert fused.isfinite().all()
    assert_array_equal(fused.double(), fuse(frames.float() if dtype != torch.float64 else frames).to(dtype).double())
    assert_allclose(fused.double(), fuse(frames.double()), atol=2 * torch.finfo(dtype).eps + 1e-6)


def test_double_is_computed_in_double():
    frames = random_tensor(3, 3, 37, 29)
    assert_allclose(fuse(frames[:1])[0], frames[0, 0], atol=1e-14)
    assert (fuse(frames) - fuse(frames.float())).abs().max() > 1e-9


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_awkward_areas_are_fused_in_any_type(dtype):
    fused = fuse(awkward(torch.float64).to(dtype))
    assert fused.dtype == dtype
    assert fused.isfinite().all() and fused.min() >= 0 and fused.max() <= 1


def test_autocast_changes_nothing(bracket):
    frames = tensor_of(bracket)
    exponent = torch.tensor(0.5, requires_grad=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        fused = fuse(frames, contrast=exponent)
        half = fuse(frames.bfloat16())
    assert fused.dtype == torch.float32 and half.dtype == torch.bfloat16
    assert fused.isfinite().all()
    assert_array_equal(fused.detach(), fuse(frames, contrast=exponent).detach())
    assert_array_equal(half.float(), fuse(frames.bfloat16()).float())
    fused.sum().backward()
    assert exponent.grad.isfinite() and exponent.grad != 0


@pytest.mark.parametrize("make", [lambda x: x, torch.nn.Parameter], ids=["tensor", "parameter"])
def test_frames_and_exponents_are_left_as_they_are(bracket, make):
    for frames in (tensor_of(bracket), random_tensor(2, 3, 9, 11), random_tensor(2, 1, 9, 11)):
        given, exponent = make(frames.clone()), torch.tensor(2.0)
        fuse(given, contrast=exponent, saturation=exponent)
        assert_array_equal(given.detach(), frames)
        assert exponent == 2


def test_the_order_of_axes_in_memory_does_not_matter(bracket):
    last = torch.from_numpy(bracket / np.float32(255))
    assert_allclose(fuse(last.movedim(-1, 1)), fuse(tensor_of(bracket)), atol=1e-6)
    expanded = tensor_of(bracket)[:1].expand(3, -1, -1, -1)
    assert_allclose(fuse(expanded), expanded[0], atol=1e-6)


# --- known answers ---------------------------------------------------------------------------------------------------


def test_one_frame_is_its_own_fusion():
    for channels in (1, 3):
        frames = random_tensor(1, channels, 21, 34, dtype=torch.float32)
        assert_allclose(fuse(frames), frames[0], atol=1e-6)


def test_one_channel_leaves_saturation_out():
    frames = random_tensor(3, 1, 21, 34)
    assert_array_equal(fuse(frames), fuse(frames, saturation=0))
    assert_array_equal(fuse(frames, saturation=torch.tensor(3.0)), fuse(frames))


def test_where_no_frame_has_quality_they_share_equally():
    values = torch.tensor([0.1, 0.3, 0.95]).reshape(3, 1, 1, 1)
    for channels in (1, 3):
        flat = values.expand(3, channels, 20, 17)
        assert_allclose(exposure_torch.weight_maps(flat), 1 / 3, atol=1e-7)
        assert_allclose(fuse(flat), 0.45, atol=1e-6)


def test_order_does_not_matter():
    frames = random_tensor(4, 3, 21, 34)
    assert_allclose(fuse(frames.flip(0)), fuse(frames), atol=1e-12)


def test_the_result_is_clipped_to_an_image():
    frames = torch.from_numpy((random_frames((2, 3, 48, 64)) > 0.5).astype(np.float32))
    frames[..., :32] = frames[..., :32] * 0.5 + 0.25
    fused = fuse(frames)
    assert (fused.min(), fused.max()) == (0, 1)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("exponent", [0, 0.5, 1, 2])
@pytest.mark.parametrize("shape", [(), (1,)])
def test_exponents_may_be_tensors_of_one_number(name, exponent, shape):
    frames = awkward(torch.float32)
    tensor = torch.full(shape, float(exponent))
    assert_allclose(fuse(frames, **{name: tensor}), fuse(frames, **{name: exponent}), atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.int64, torch.bfloat16, torch.float64], ids=str)
@pytest.mark.parametrize("shape", [(), (1,)])
def test_exponents_may_be_of_another_type(dtype, shape):
    frames = awkward(torch.float32)
    fused = fuse(frames, contrast=torch.full(shape, 2, dtype=dtype))
    assert fused.dtype == torch.float32
    assert_allclose(fused, fuse(frames, contrast=2), atol=1e-5)


# --- gradients -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("channels", [3, 1])
@pytest.mark.parametrize("exponent", [0, 0.5, 1, 2])
def test_gradients_are_finite_in_awkward_areas_too(dtype, channels, exponent):
    frames = awkward(dtype)[:, :channels].clone().requires_grad_()
    exponents = {name: torch.tensor(float(exponent), dtype=dtype, requires_grad=True) for name in NAMES}
    (fuse(frames, **exponents) ** 2).sum().backward()
    assert frames.grad.isfinite().all()
    for name in NAMES:
        if channels == 3 or name != "saturation":
            assert exponents[name].grad.isfinite()


@pytest.mark.parametrize("value", [0.5, 100 / 255])
@pytest.mark.parametrize("exponent", [0.5, 1, 2])
def test_gradients_of_flat_gray_are_those_of_the_mean(value, exponent):
    """Nothing is said for one frame or the other, so weights do not move."""
    frames = torch.full((2, 3, 9, 8), float(value), dtype=torch.float64, requires_grad=True)
    fuse(frames, levels=0, **dict.fromkeys(NAMES, exponent)).sum().backward()
    assert_allclose(frames.grad, 0.5)


def test_the_gradient_of_a_measure_is_zero_where_it_is_zero():
    flat = torch.full((1, 3, 5, 6), 0.3, dtype=torch.float64, requires_grad=True)
    for call in (measure_torch.contrast, measure_torch.saturation):
        (gradient,) = torch.autograd.grad(call(flat).sum(), flat)
        assert gradient.abs().max() == 0


def test_frames_of_eight_bits_have_the_gradients_of_others(bracket):
    """Rounding to whole levels is no step for gradients."""
    eight_bit = tensor_of(bracket[:, :30, :40])
    near = 1e-5 + (1 - 2e-5) * eight_bit
    gradients = []
    for given in (eight_bit, near):
        leaf = given.clone().requires_grad_()
        exposure_torch.quality(leaf[:1]).sum().backward()
        gradients.append(leaf.grad[0])
    assert gradients[0].abs().max() > 0.1
    assert ((gradients[0] - gradients[1]).abs() < 1e-3).double().mean() > 0.9  # but where contrast is 0


@pytest.mark.parametrize("frames_differ", [True, False], ids=["frames", "exponents"])
def test_gradients_do_flow(bracket, frames_differ):
    frames = tensor_of(bracket).requires_grad_(frames_differ)
    exponents = {name: torch.tensor(1.0, requires_grad=True) for name in NAMES}
    fuse(frames, **exponents).square().mean().backward()
    if frames_differ:
        assert (frames.grad.abs() > 0).double().mean() > 0.5
    for exponent in exponents.values():
        assert exponent.grad.abs() > 1e-5


GRADCHECKS = [
    ((3, 3, 5, 6), {}),
    ((2, 3, 8, 9), {"levels": 0}),
    ((2, 3, 8, 9), {"levels": 2, "kernel_size": 3}),
    ((2, 3, 5, 4), {"sigma": 0.4}),
    ((1, 3, 5, 4), {}),
    ((3, 1, 6, 5), {}),
    ((2, 1, 8, 5), {"levels": 2}),
    ((1, 1, 4, 4), {"kernel_size": 3}),
]


@pytest.mark.parametrize(("shape", "options"), GRADCHECKS, ids=str)
@pytest.mark.parametrize("powers", [(1.0, 1.0, 1.0), (0.5, 2.0, 1.5)], ids=str)
def test_gradients_are_those_of_finite_differences(shape, options, powers):
    frames = random_tensor(*shape).requires_grad_()
    exponents = [torch.tensor(power, dtype=torch.float64, requires_grad=True) for power in powers]

    def call(frames, *exponents):
        return fuse(frames, **dict(zip(NAMES, exponents, strict=True)), **options)

    assert torch.autograd.gradcheck(call, (frames, *exponents), fast_mode=True)


def test_gradients_are_right_where_one_frame_is_flat():
    """Its weight is none, that of the other is not."""
    frames = random_tensor(2, 3, 6, 7)
    frames[1] = 0.35
    given = frames[:1].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda first: fuse(torch.cat([first, frames[1:]])), (given,), fast_mode=True)


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64, torch.bool], ids=str)
def test_integers_are_refused_and_how_to_scale_is_said(dtype):
    with pytest.raises(ValueError, match=rf"{dtype} must be scaled .* stack / 255 for 8 bits, stack / 65535 for 16"):
        fuse(torch.ones((2, 3, 5, 6), dtype=dtype))


@pytest.mark.parametrize(
    "shape", [(2, 2, 5, 6), (2, 4, 5, 6), (3, 5, 6), (2, 5, 6, 3), (1, 2, 3, 5, 6), (0, 3, 5, 6), (2, 3, 0, 6), ()]
)
def test_other_shapes_are_refused(shape):
    with pytest.raises(
        ValueError, match=r"\(N, C, H, W\) with 1 or 3 channels, got .*\[:, :3\].*movedim\(-1, 1\)"
    ) as e:
        fuse(torch.zeros(shape))
    assert str(tuple(shape)) in str(e.value)


@pytest.mark.parametrize(
    ("value", "found"),
    [(1.01, "from 0.5 to 1.01"), (-0.01, "from -0.01 to 0.5"), (math.nan, "from nan to nan"), (math.inf, "0.5 to inf")],
)
def test_values_out_of_range_are_refused(value, found):
    frames = torch.full((2, 3, 5, 6), 0.5)
    frames[1, 2, 3, 4] = value
    with pytest.raises(ValueError, match=rf"frames lie in \[0, 1\], got values .*{found}; scale or clamp"):
        fuse(frames)


def test_the_meta_device_is_refused():
    with pytest.raises(ValueError, match="meta device holds no values"):
        fuse(torch.zeros((2, 3, 5, 6), device="meta"))
    with pytest.raises(ValueError, match="exposedness is on meta, the frames are on cpu; move it there, or to the CPU"):
        fuse(torch.zeros((2, 3, 5, 6)), exposedness=torch.zeros((), device="meta"))


@pytest.mark.parametrize("name", [*NAMES, "sigma"])
def test_exponents_of_several_numbers_are_refused(name):
    with pytest.raises(ValueError, match=rf"{name} must be one number, got a tensor of shape \(2,\)"):
        fuse(torch.zeros((2, 3, 5, 6)), **{name: torch.ones(2)})


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"contrast": -1}, "contrast must be an exponent from 0 .left out. to 50, got -1"),
        ({"contrast": torch.tensor(-1.0)}, "contrast must be an exponent from 0 .left out. to 50, got -1"),
        ({"saturation": torch.tensor(math.nan)}, "saturation must be .* got nan"),
        ({"exposedness": math.inf}, "exposedness must be .* got inf"),
        ({"sigma": 0}, "sigma must lie in 0.001..1000, got 0"),
        ({"levels": 3}, "levels must be a whole number from 0 to 2 for an image of 6 x 5 pixels, got 3"),
        ({"levels": -1}, "got -1"),
        ({"kernel_size": 4}, "kernel_size must be 5, as in the papers, or 3, got 4"),
        ({"deghost": 0}, "deghost is for arrays and files; call fusion.deghost.deghosted before making a tensor"),
        ({"deghost": "auto"}, "deghost is for arrays and files"),
    ],
    ids=str,
)
def test_bad_options_are_named(option, message):
    with pytest.raises(ValueError, match=message):
        fuse(torch.zeros((2, 3, 5, 6)), **option)


# --- on a GPU --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("colour", [True, False], ids=["colour", "gray"])
def test_a_gpu_gives_what_the_cpu_gives(bracket, cuda, colour, options):
    frames = tensor_of(bracket if colour else bracket[..., 1])
    fused = fuse(frames.to(cuda), **options)
    assert fused.is_cuda
    assert_allclose(array_of(fused), array_of(fuse(frames, **options)), atol=1e-5)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_autocast_on_a_gpu_changes_nothing(cuda, dtype):
    frames = awkward(torch.float64).to(cuda, dtype)
    with torch.autocast("cuda", dtype=torch.float16):
        fused = fuse(frames)
    assert fused.is_cuda and fused.dtype == dtype
    assert fused.isfinite().all()
    assert_allclose(fused.double().cpu(), fuse(frames.cpu()).double(), atol=2 * torch.finfo(dtype).eps + 1e-5)


def test_gradients_flow_on_a_gpu_and_to_exponents_on_either_device(cuda):
    for device in ("cpu", cuda):
        frames = awkward(torch.float32).to(cuda).requires_grad_()
        exponent = torch.tensor(0.5, device=device, requires_grad=True)
        fuse(frames, contrast=exponent).square().sum().backward()
        assert frames.grad.isfinite().all() and frames.grad.is_cuda
        assert exponent.grad.isfinite() and exponent.grad != 0


def test_an_exponent_on_a_gpu_is_refused_by_frames_on_the_cpu(cuda):
    with pytest.raises(ValueError, match="contrast is on cuda:0, the frames are on cpu; move it there, or to the CPU"):
        fuse(torch.zeros((2, 3, 5, 6)), contrast=torch.ones((), device=cuda))


def test_gradcheck_on_frames_of_eight_bits():
    levels = torch.from_numpy(np.random.default_rng(3).integers(20, 235, (2, 3, 4, 4)))
    frames = (levels.double() / 255).requires_grad_()
    assert torch.autograd.gradcheck(fusion.exposure_fusion, frames, fast_mode=True)
