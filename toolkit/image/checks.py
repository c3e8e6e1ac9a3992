"""What the picture networks ask of their sizes, said in words."""

from __future__ import annotations

from torch import Tensor

from toolkit.errors import ConfigError, Problem


def require_resolution(resolution: int, low: int, high: int, part: str) -> None:
    """Check that a resolution is a power of two within bounds.

    Args:
        resolution: height and width in pixels.
        low: smallest that the network can be built for.
        high: largest.
        part: what is being built, for the message.

    Raises:
        ConfigError: it is not.
    """
    if not low <= resolution <= high or resolution & (resolution - 1):
        choices = ", ".join(str(2**power) for power in range(low.bit_length() - 1, high.bit_length()))
        raise ConfigError([Problem("resolution", f"got {resolution}; {part} is built for one of {choices}")], part)


def require_positive(part: str, **sizes: int) -> None:
    """Refuse a width or latent size below 1.

    Raises:
        ConfigError: naming the parameter.
    """
    problems = [Problem(name, f"is {size}; it must be at least 1") for name, size in sizes.items() if size < 1]
    if problems:
        raise ConfigError(problems, part)


def require_pictures(x_BCHW: Tensor, channels: int, resolution: int) -> None:
    """Check that a batch has the shape a network was built for; a wrong one could pass through and mean nothing.

    Raises:
        ValueError: it has another shape.
    """
    if x_BCHW.dim() != 4 or tuple(x_BCHW.shape[1:]) != (channels, resolution, resolution):
        raise ValueError(
            f"this network was built for pictures of shape [B, {channels}, {resolution}, {resolution}], "
            f"got {list(x_BCHW.shape)}"
        )
