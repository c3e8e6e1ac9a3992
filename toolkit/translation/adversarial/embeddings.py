"""The vectors of subwords inside a translator: finding them, changing them for a pass, and what that costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from toolkit.errors import ToolkitError
from toolkit.translation.segmented import IGNORED


def precise(logits: Tensor) -> Tensor:
    """At least float32, for probabilities."""
    return logits if logits.dtype == torch.float64 else logits.float()


def embedding_table(network: nn.Module) -> Any:
    """The layer that gives subwords their vectors.

    Raises:
        ToolkitError: the network does not say which one it is.
    """
    module: Any = network.get_input_embeddings() if hasattr(network, "get_input_embeddings") else None  # type: ignore[operator]
    if module is None:
        raise ToolkitError(
            "this term changes embeddings, and needs a network in which they can be found (get_input_embeddings)",
            "use generator.name=marian or seq2seq",
        )
    return module


@contextmanager
def changed_embeddings(network: nn.Module, changes: list[Tensor]) -> Iterator[None]:
    """While it lasts, the embeddings of the source and then those of the target come out changed."""
    model: Any = network
    left = list(changes)

    def change(module: nn.Module, inputs: Any, vectors: Tensor) -> Tensor:
        return vectors + left.pop(0).to(vectors.dtype) if left else vectors

    modules = {embedding_table(network)}
    for part in (model.get_encoder(), model.get_decoder()):
        modules.add(part.get_input_embeddings())
    handles = [module.register_forward_hook(change) for module in modules]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def reference_cost(log_prob_BTV: Tensor, target_BT: Tensor) -> Tensor:
    """`B`: the cross entropy of the reference, averaged over its subwords."""
    counted = target_BT != IGNORED
    labels = target_BT.masked_fill(~counted, 0)
    values = -log_prob_BTV.gather(-1, labels.unsqueeze(-1)).squeeze(-1)
    return (values * counted).sum(1) / counted.sum(1).clamp(min=1)
