"""Which subword of the source each subword of a translation belongs to."""

from __future__ import annotations

from torch import Tensor


def align(attention_TS: Tensor, length: int | None = None) -> list[int]:
    """The place that was looked at most when each subword was written.

    Attention is no word alignment by training; that of the last layer, its heads averaged, often comes near one.

    Args:
        attention_TS: `Hypothesis.attention`.
        length: look only at so many first places of the source, e.g. to leave out its end mark.

    >>> import torch
    >>> align(torch.tensor([[0.1, 0.7, 0.2], [0.2, 0.2, 0.6]]))
    [1, 2]
    """
    places: list[int] = attention_TS[:, :length].argmax(1).tolist()
    return places
