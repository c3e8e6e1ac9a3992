"""The residual discriminator of StyleGAN2.

Karras et al. 2020, "Analyzing and improving the image quality of StyleGAN", section 4.1 and figure 7c: blocks with a
skip connection, their sum divided by sqrt(2), no normalisation. The minibatch standard deviation is that of Karras et
al. 2018, "Progressive growing of GANs", section 3, in groups as in the authors' later code.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from toolkit.adversarial.types import DiscriminatorOutput
from toolkit.image.checks import require_pictures
from toolkit.image.style_layers import ROOT_TWO, EqualisedConvolution, EqualisedLinear, activate, stage_widths
from toolkit.nn.conditioning import LabelEmbedding
from toolkit.nn.resample import downsample

_MEMORY = 0.01  # share of the newest batch in what evaluation mode goes by
_TINY = 1e-8


class MinibatchDeviation(nn.Module):
    """One more channel: how different the samples of a group are, so that a collapsed batch gives itself away.

    The standard deviation of every activation over the group, averaged over channels and positions. It makes a
    sample's answer depend on others of its batch, which `batch_coupled` tells the game: real and fake pictures are then
    judged apart, and micro-batches are refused. In evaluation mode the channel holds the average of what training saw,
    so that a picture's score does not depend on its company.

    Args:
        group: largest size of a group; the largest divisor of the batch up to it is taken.
    """

    batch_coupled = True
    average: Tensor

    def __init__(self, group: int = 4) -> None:
        super().__init__()
        self.group = group
        self.register_buffer("average", torch.ones(()))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """`x_BCHW` with one more channel."""
        count, channels, height, width = x_BCHW.shape
        if not self.training:
            return torch.cat([x_BCHW, self.average.to(x_BCHW.dtype).expand(count, 1, height, width)], dim=1)
        group = max(size for size in range(1, self.group + 1) if count % size == 0)
        wide = x_BCHW.to(self.average.dtype).reshape(group, count // group, channels, height, width)
        deviation_B = (wide.var(0, unbiased=False) + _TINY).sqrt().mean((1, 2, 3)).repeat(group)
        with torch.no_grad():
            self.average.lerp_(deviation_B.mean(), _MEMORY)
        extra = deviation_B.to(x_BCHW.dtype)[:, None, None, None].expand(-1, 1, height, width)
        return torch.cat([x_BCHW, extra], dim=1)


class StyleBlock(nn.Module):
    """(a(conv3(down(a(conv3(x))))) + conv1(down(x))) / sqrt(2): half the height and width.

    The paper filters and then convolves with stride 2; here the filtered picture is halved before the convolution,
    which has as many products and its kernel's points on the small picture's grid, as in the generator.

    Args:
        before: channels of the input.
        after: channels of the output.
    """

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.keep = EqualisedConvolution(before, before, 3, gain=ROOT_TWO)
        self.change = EqualisedConvolution(before, after, 3)  # gain sqrt(2) of its activation, divided by sqrt(2)
        self.skip = EqualisedConvolution(before, after, 1, gain=1 / ROOT_TWO, bias=False)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """`x_BCHW` with `after` channels at half the size."""
        inner = activate(self.change(downsample(activate(self.keep(x_BCHW)))))
        skip: Tensor = self.skip(downsample(x_BCHW))
        return inner + skip


class StyleDiscriminator(nn.Module):
    """Residual blocks without normalisation (Karras et al. 2020); at 4x4 a convolution and two linear layers.

    With classes, the last layer's output vector is projected on the label's vector, as in Miyato & Koyama 2018. Weights
    have an equalised learning rate, which goes with Adam at about 2e-3.

    Args:
        resolution: height and width of the pictures: a power of two from 4 to 1024.
        channels: colours of the pictures.
        classes: number of classes; `None` for an unconditional discriminator.
        width: channels at full resolution; twice as many per halving (as in the generator).
        max_width: channels of a stage are never more.
        minibatch_deviation: let the last layers see how different the pictures of a batch are, against collapse. Off by
            default: samples are then independent, so that micro-batches and several processes change nothing.

    Raises:
        ConfigError: a size is not supported.
    """

    def __init__(
        self,
        resolution: int = 32,
        channels: int = 3,
        classes: int | None = None,
        width: int = 32,
        max_width: int = 256,
        minibatch_deviation: bool = False,
    ) -> None:
        super().__init__()
        self.resolution, self.channels, self.classes = resolution, channels, classes
        widths = stage_widths(resolution, width, max_width, "the style discriminator")[::-1]
        last = widths[-1]
        self.stem = EqualisedConvolution(channels, widths[0], 1, gain=ROOT_TWO)
        self.blocks = nn.ModuleList(StyleBlock(before, after) for before, after in pairwise(widths))
        self.deviation = MinibatchDeviation() if minibatch_deviation else None
        self.mix = EqualisedConvolution(last + minibatch_deviation, last, 3, gain=ROOT_TWO)
        self.gather = EqualisedLinear(16 * last, last, gain=ROOT_TWO)
        self.head = EqualisedLinear(last, 1 if classes is None else last)
        self.projection = None if classes is None else LabelEmbedding(classes, last)

    def forward(self, x_BCHW: Tensor, label_B: Tensor | None = None) -> DiscriminatorOutput:
        """One logit per picture `[B]`, and the activations at the end of every stage as features.

        Raises:
            ValueError: the pictures have another shape, or the discriminator is conditional and there is no label.
        """
        require_pictures(x_BCHW, self.channels, self.resolution)
        features = []
        x = activate(self.stem(x_BCHW))
        for block in self.blocks:
            x = block(x)
            features.append(x)
        x = activate(self.mix(x if self.deviation is None else self.deviation(x)))
        features.append(x)
        with torch.autocast(x.device.type, enabled=False):
            answer_BN: Tensor = self.head(activate(self.gather(x.to(self.head.weight.dtype).flatten(1))))
            if self.projection is not None:
                answer_BN = answer_BN * self.projection(label_B) / answer_BN.shape[1] ** 0.5
            return DiscriminatorOutput((answer_BN.sum(1),), tuple(features))
