"""A small picture classifier: trained by a recipe, it becomes the eye that metrics look through."""

from __future__ import annotations

from torch import Tensor, nn

from toolkit.errors import ConfigError, Problem


class ImageClassifier(nn.Module):
    """Four 3x3 convolutions with batch normalisation, averaged over positions, and a linear layer.

    Small on purpose: it is trained from scratch on the data at hand, on a CPU, so that judging a generator needs no
    download. The one player of a classification game.

    Args:
        resolution: height and width it is trained at, at least 8; any larger size passes through as well.
        channels: colours of the pictures.
        classes: number of classes K.
        width: channels of the first layer; features have N = 4 * width entries.

    Attributes:
        feature_size: N.

    Raises:
        ConfigError: the resolution is too small.
    """

    def __init__(self, resolution: int = 32, channels: int = 1, classes: int = 10, width: int = 32) -> None:
        super().__init__()
        if resolution < 8:
            problem = Problem("resolution", f"got {resolution}; the classifier needs at least 8 pixels")
            raise ConfigError([problem], "the classifier")
        self.resolution, self.channels, self.classes = resolution, channels, classes
        self.feature_size = 4 * width
        self.layers = nn.Sequential(
            _layer(channels, width),
            nn.MaxPool2d(2),
            _layer(width, 2 * width),
            nn.MaxPool2d(2),
            _layer(2 * width, 4 * width),
            _layer(4 * width, 4 * width),
        )
        self.head = nn.Linear(self.feature_size, classes)

    def features(self, x_BCHW: Tensor) -> Tensor:
        """`[B, N]`: what it sees in a picture before deciding; all entries >= 0."""
        x: Tensor = self.layers(x_BCHW)
        return x.mean((2, 3))

    def maps(self, x_BCHW: Tensor) -> list[Tensor]:
        """What each of the four convolutions sees: `[B, N, H, W]` at full, half, and twice at quarter size."""
        found = []
        x = x_BCHW
        for layer in self.layers:
            x = layer(x)
            if not isinstance(layer, nn.MaxPool2d):
                found.append(x)
        return found

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """`logits_BK`: unnormalised log-probabilities of the classes."""
        logits_BK: Tensor = self.head(self.features(x_BCHW))
        return logits_BK.to(self.head.weight.dtype)


def _layer(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)
    )
