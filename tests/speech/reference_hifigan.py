"""HiFi-GAN's generator in plain PyTorch, as the paper and the published configurations describe it.

Deliberately without anything of the toolkit: conv1d on `[B, C, T]`, nothing in place, old-style weight normalisation.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations

PAIRED = [[1, 3, 5]] * 3
V3_DILATIONS = [[1, 2], [2, 6], [3, 12]]


class Block(nn.Module):
    def __init__(self, channels: int, kernel: int, dilations: list[int], paired: bool) -> None:
        super().__init__()

        def layers(several: list[int]) -> nn.ModuleList:
            padding = [dilation * (kernel - 1) // 2 for dilation in several]
            return nn.ModuleList(
                nn.Conv1d(channels, channels, kernel, dilation=dilation, padding=pad)
                for dilation, pad in zip(several, padding, strict=True)
            )

        if paired:
            self.convs1, self.convs2 = layers(dilations), layers([1] * len(dilations))
        else:
            self.convs = layers(dilations)
        self.paired = paired

    def forward(self, x: Tensor) -> Tensor:
        if not self.paired:
            for layer in self.convs:
                x = layer(functional.leaky_relu(x, 0.1)) + x
            return x
        for first, second in zip(self.convs1, self.convs2, strict=True):
            x = second(functional.leaky_relu(first(functional.leaky_relu(x, 0.1)), 0.1)) + x
        return x


class ReferenceHifiGan(nn.Module):
    """The published layout; `ups` is the name of the upsampling layers, `normed` the style of weight normalisation."""

    def __init__(
        self,
        channels: int = 16,
        mels: int = 5,
        rates: tuple[int, ...] = (8, 8, 2, 2),
        kernels: tuple[int, ...] = (3, 7, 11),
        paired: bool = True,
        normed: str = "old",
    ) -> None:
        super().__init__()
        self.conv_pre = nn.Conv1d(mels, channels, 7, padding=3)
        self.ups, self.resblocks = nn.ModuleList(), nn.ModuleList()
        for rate in rates:
            self.ups.append(nn.ConvTranspose1d(channels, channels // 2, 2 * rate, rate, padding=rate // 2))
            channels //= 2
            for kernel, dilations in zip(kernels, PAIRED if paired else V3_DILATIONS, strict=False):
                self.resblocks.append(Block(channels, kernel, dilations, paired))
        self.conv_post = nn.Conv1d(channels, 1, 7, padding=3)
        self.side_by_side = len(kernels)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            for parameter in self.parameters():  # large enough that a wrong layer is heard
                nn.init.normal_(parameter, std=(1.5 / parameter[0].numel()) ** 0.5 if parameter.dim() > 1 else 0.1)
        for module in list(self.modules()):
            if isinstance(module, (nn.Conv1d, nn.ConvTranspose1d)):
                if normed == "old":
                    nn.utils.weight_norm(module)
                elif normed == "new":
                    parametrizations.weight_norm(module)
        for name, parameter in self.named_parameters():
            if name.endswith(("weight_g", "original0")):  # lengths that are not the directions' own
                parameter.data.mul_(1.05)

    def forward(self, mel: Tensor) -> Tensor:
        x = self.conv_pre(mel)
        for place, up in enumerate(self.ups):
            x = up(functional.leaky_relu(x, 0.1))
            blocks = self.resblocks[place * self.side_by_side : (place + 1) * self.side_by_side]
            x = torch.stack([block(x) for block in blocks]).mean(0)
        return torch.tanh(self.conv_post(functional.leaky_relu(x, 0.01)))


def normalised_state(network: ReferenceHifiGan) -> dict[str, Tensor]:
    """Its state as the transformers library names it, with a mean and a scale per band."""
    bands = network.conv_pre.in_channels
    state = {
        name.replace("ups.", "upsampler.", 1) if name.startswith("ups.") else name: item
        for name, item in network.state_dict().items()
    }
    return {**state, "mean": torch.linspace(-3, -1, bands), "scale": torch.linspace(0.5, 1.5, bands)}
