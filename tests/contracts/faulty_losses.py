"""Parts with a fault in their signature, and losses with one in their mathematics."""

from __future__ import annotations

from typing import Annotated, Any

from torch import Tensor, nn

from tests.contracts.faults import fault
from toolkit.adversarial.losses import Hinge, NonSaturating
from toolkit.adversarial.terms import Reconstruction
from toolkit.config import PartOf

# -- signatures ---------------------------------------------------------------------------------------------------


@fault("losses", "has a docstring")
class Undocumented(NonSaturating):
    pass


@fault("losses", "the parameter 'margin' has a type")
class Untyped(Hinge):
    """The margin could be anything."""

    def __init__(self, margin=1.0) -> None:  # type: ignore[no-untyped-def]
        super().__init__(margin)


@fault("losses", "a type that a recipe can write down")
class Unwritable(NonSaturating):
    """No recipe can hold a network."""

    def __init__(self, judge: nn.Module | None = None) -> None:
        self.judge = judge


@fault("losses", "the default 'wide' of 'margin' fits its type")
class WrongDefault(NonSaturating):
    """The default is not what the type says."""

    def __init__(self, margin: float = "wide") -> None:  # type: ignore[assignment]
        self.margin = margin


@fault("losses", "required parameter 'name'")
class Named(NonSaturating):
    """A recipe's `name` already names the part."""

    def __init__(self, name: str) -> None:
        self.name = name


@fault("terms", "can be built from its defaults")
class Demanding(Reconstruction):
    """Needs an extractor that nobody gives."""

    def __init__(self, extractor: Annotated[Any, PartOf("extractors")]) -> None:
        super().__init__()


# -- losses -------------------------------------------------------------------------------------------------------


@fault("losses", "one value per logit")
class Reduced(NonSaturating):
    """Averages by itself."""

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return super().discriminator(real, fake).mean()


@fault("losses", "a generator that loses")
class Backwards(NonSaturating):
    """Rewards the generator for losing."""

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return fake


@fault("losses", "finite values")
class Overflowing(NonSaturating):
    """The formula as it stands in the paper."""

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return (1 + (-fake).exp()).log()


@fault("losses", "as batch_coupled = False promises")
class SecretlyCoupled(NonSaturating):
    """Centres the logits over the batch and does not say so."""

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return super().generator(real, fake - 0.5 * fake.mean(0))


@fault("losses", "as needs_real = True promises")
class NeedlessReal(NonSaturating):
    """Asks for real logits and does not look at them."""

    needs_real = True


@fault("losses", "says in its docstring")
class Vanishing(NonSaturating):
    """A generator far behind learns nothing, and nobody is told."""

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        """-sigmoid(fake)."""
        return -fake.sigmoid()
