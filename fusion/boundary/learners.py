"""The networks while they learn: what they learn from, their loss, and what is kept of them at the end."""

import torch
from torch import nn
from torch.nn import functional

from fusion.boundary import batches, compact, inputs, layers_torch
from fusion.boundary.resnet56 import PATCH
from fusion.boundary.resnet56_torch import Resnet56
from fusion.pyramid_torch import collapse, laplacian_pyramid

BLEND_LOSS = 0.4  # how much a decade of error of the blend counts beside decisions
BLEND_LOSS_AT_BOUNDARY = 1.0  # the same of a network that looks again near the boundary
SMALL = 1e-6  # square error below which a picture is as good as its truth


class Compact(nn.Module):
    """The compact network: learns decisions, and blends that come near the truth."""

    def __init__(self):
        super().__init__()
        self.weights = nn.ParameterDict()
        for name, (count, width, kernel) in compact.layers(inputs.PLANES).items():
            spread = _share_at_first(name) * (2 / (count * kernel**2)) ** 0.5
            weight = spread * torch.randn(width, count, kernel, kernel)
            self.weights[f"{name}:weight"] = weight.contiguous(memory_format=torch.channels_last)
            self.weights[f"{name}:bias"] = torch.zeros(width)

    def forward(self, planes):
        """Return the score, (N, H, W), and for each band two weights, (N, 2, h, w), of the frames' pyramids."""
        count = len(planes)
        signs = torch.tensor(inputs.SIGNS, dtype=planes.dtype, device=planes.device)[:, None, None]
        exchanged = planes[:, inputs.ORDER] * signs
        both = torch.cat([planes, exchanged]).contiguous(memory_format=torch.channels_last)
        score, bands, gains = compact.look(both, self.folded(), layers_torch)
        own, rival = score.float()[:, 0].split(count)
        return own - rival, [_weights(band, gain, count) for band, gain in zip(bands, [*gains, None], strict=True)]

    def folded(self):
        """Return weight and bias of every layer, by the names that inference uses."""
        return {name.replace(":", "."): weight for name, weight in self.weights.items()}


def _weights(band, gain, count):
    """Return the weights of both frames in a band: they share by its evidence, each times its gain."""
    own, rival = band.float()[:, 0].split(count)
    share = torch.sigmoid(own - rival)
    weights = torch.stack([share, 1 - share], dim=1)
    return weights if gain is None else weights * 2 * torch.sigmoid(torch.stack(gain.float()[:, 0].split(count), dim=1))


def _share_at_first(name):
    """Return how small the weights of a layer begin: the ends of residuals and of the network begin quietly."""
    return 0.1 if name.startswith(("blend", "leave")) else 0.3 if name.endswith("b") else 1.0


class Decide:
    """Learn decisions and blends from whole pairs."""

    rate, optimiser, make = 2e-3, torch.optim.AdamW, Compact
    stride, smallest = compact.STRIDE, compact.STRIDE  # sizes of pairs are multiples of the one, from the other on

    def __init__(self, *, batch=10, size=160, at_boundary=False):
        self.batch, self.size, self.at_boundary = batch, size, at_boundary
        self.blend_loss = BLEND_LOSS_AT_BOUNDARY if at_boundary else BLEND_LOSS

    def draw(self, sources, seed, model=None):
        """Draw a batch."""
        return batches.pairs(sources, seed, self.batch, size=self.size, model=model, at_boundary=self.at_boundary)

    def loss(self, network, batch):
        """Weigh wrong decisions, and the distance of the blended picture from the truth, in decades."""
        score, weights = network(batch["planes"])
        wrong = functional.binary_cross_entropy_with_logits(score, batch["label"], reduction="none")
        wrong = (wrong * batch["weight"]).sum() / batch["weight"].sum().clamp(min=1)  # 0 if no boundary is in sight
        error = square_error(blended(batch["frames"], weights), batch["sharp"])
        return wrong + self.blend_loss * torch.log10(error + SMALL).mean() / 2

    def figures(self, network, batch):
        """Return share of wrong pixels, the same within 5 px of a boundary, and PSNR copied and blended."""
        score, weights = network(batch["planes"])
        chosen, frames = score > 0, batch["frames"]
        wrong = (chosen != (batch["label"] > 0.5)).float()
        near = torch.stack([torch.from_numpy(batches.band(label, 5)) for label in batch["label"].cpu().numpy()])
        near = near.to(wrong.device)
        copied = torch.where(chosen, frames[:, 0], frames[:, 1])
        errors = (square_error(picture, batch["sharp"]) for picture in (copied, blended(frames, weights)))
        decibels = [-10 * torch.log10(error + SMALL).mean() for error in errors]
        found = [wrong.mean(), (wrong * near).sum() / near.sum().clamp(min=1), *decibels]
        return dict(zip(("wrong", "wrong_near", "copied_db", "blended_db"), map(float, found), strict=True))


class Classify:
    """Learn, from patches, which frame is in focus in their middle."""

    rate, optimiser, make = 0.05, torch.optim.SGD, Resnet56
    stride, smallest = 1, PATCH  # sizes of pairs are multiples of the one, from the other on

    def __init__(self, *, batch=64, size=batches.PATCHED, at_boundary=False):
        self.batch, self.size, self.at_boundary = batch, size, at_boundary

    def draw(self, sources, seed, model=None):
        """Draw a batch."""
        return batches.patches(sources, seed, self.batch, size=self.size, model=model, at_boundary=self.at_boundary)

    def loss(self, network, batch):
        """Weigh wrong decisions by their logarithm, as softmax over two classes does."""
        score = network(batch["frames"].contiguous(memory_format=torch.channels_last))
        return functional.binary_cross_entropy_with_logits(score, batch["label"])

    def figures(self, network, batch):
        """Return the share of wrong patches, and the loss."""
        score = network(batch["frames"].contiguous(memory_format=torch.channels_last))
        wrong = ((score > 0) != (batch["label"] > 0.5)).float().mean()
        return {
            "wrong": float(wrong),
            "loss": float(functional.binary_cross_entropy_with_logits(score, batch["label"])),
        }


def blended(frames, weights):
    """Mix the pyramids of two frames, (N, 2, H, W), band by band by weights, each (N, 2, h, w)."""
    pyramid = laplacian_pyramid(frames, len(weights) - 1)
    return collapse([(level * weight).sum(dim=1) for level, weight in zip(pyramid, weights, strict=True)])


def square_error(pictures, truth):
    """Return the mean square error of each picture."""
    return ((pictures - truth) ** 2).mean(dim=(-2, -1))
