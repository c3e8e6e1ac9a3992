"""What one modality tells the game: the only place where the loop meets pictures, waves or tokens."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor, nn

from toolkit.adversarial.estimators import Draw
from toolkit.adversarial.types import Batch, GeneratorOutput


class Task(Protocol):
    """Everything the game needs of a modality. All tensors have the batch first.

    Three further methods are looked for and used where a task has them:

    `extra(name, generator, batch, noise) -> Tensor | None` makes what a term asks for beside the generated data, such
    as the `logits` of a reference, by a pass of its own (see `Offer.extra`).

    `real_from(generator, batch, noise) -> Tensor` gives, instead of `real`, real data that the generator itself makes
    of the batch, such as its states when it reads a reference. The game asks for it without a graph.

    `complete(generator, batch, output, kept, noise) -> GeneratorOutput` keeps the first `kept` positions of generated
    sequences and makes the rest anew, without a graph: Monte-Carlo roll-outs.
    """

    def generate(self, generator: nn.Module, batch: Batch, noise: Draw) -> GeneratorOutput:
        """Run the generator.

        Args:
            generator: the module, in training mode.
            batch: conditions and sizes are taken from here.
            noise: keyed randomness; also chooses tokens in discrete tasks.
        """
        ...

    def real(self, batch: Batch) -> Tensor | None:
        """The batch's real data, in the form that the discriminator sees; `None` for a game without a discriminator."""
        ...

    def condition(self, batch: Batch) -> Tensor | None:
        """What the discriminator is told beside the data, batch first; `None` if nothing."""
        ...
