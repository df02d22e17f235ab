"""The paper's network as it learns: with batch normalisation, which becomes part of the layers afterwards."""

import torch
from torch import nn

from fusion.boundary import layers_torch, resnet56


class Resnet56(nn.Module):
    """A residual network of 56 layers on patches of two frames (He et al. 2016, as for CIFAR-10)."""

    def __init__(self):
        super().__init__()
        self.convolutions, self.norms = nn.ModuleDict(), nn.ModuleDict()
        for name, (count, width, kernel) in resnet56.layers().items():
            if name == "leave":
                self.leave = nn.Conv2d(count, width, kernel)
                nn.init.normal_(self.leave.weight, std=0.01)
            else:
                convolution = nn.Conv2d(count, width, kernel, padding=kernel // 2, bias=False)
                nn.init.kaiming_normal_(convolution.weight, mode="fan_out")
                self.convolutions[_key(name)], self.norms[_key(name)] = convolution, nn.BatchNorm2d(width)

    def forward(self, patches):
        """Return the score of each patch: above 0 if its middle is in focus in the first frame."""
        x = torch.relu(self._layer(patches, "enter"))
        for stage in range(len(resnet56.WIDTHS)):
            for block in range(resnet56.BLOCKS):
                step = 2 if stage > 0 and block == 0 else 1
                y = self._layer(torch.relu(self._layer(x, f"{stage}.{block}.a", step)), f"{stage}.{block}.b")
                x = torch.relu(layers_torch.shortcut(x, y, step) + y)
        return self.leave(x).float().mean(dim=(-3, -2, -1))

    def _layer(self, x, name, step=1):
        convolution = self.convolutions[_key(name)]
        y = nn.functional.conv2d(x, convolution.weight, stride=step, padding=convolution.padding)
        return self.norms[_key(name)](y)

    def folded(self):
        """Return weight and bias of every layer, batch normalisation folded into them."""
        parameters = {"leave.weight": self.leave.weight, "leave.bias": self.leave.bias}
        for name in resnet56.layers():
            if name != "leave":
                weight, norm = self.convolutions[_key(name)].weight, self.norms[_key(name)]
                scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
                parameters[f"{name}.weight"] = weight * scale[:, None, None, None]
                parameters[f"{name}.bias"] = norm.bias - norm.running_mean * scale
        return parameters


def _key(name):
    """Return a name without dots, as modules are named."""
    return name.replace(".", "_")
