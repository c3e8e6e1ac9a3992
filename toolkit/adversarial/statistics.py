"""What a turn reports beside its losses, and small questions about its parts."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import _SpectralNorm

from toolkit.adversarial.judgement import Judgement, score


def per_sample(values: Tensor, mask: Tensor | None) -> Tensor:
    """`B`: mean over each sample's positions; padding does not count where the values are per position."""
    if values.dim() == 1:
        return values
    if mask is not None and mask.shape == values.shape:
        return (values * mask).sum(1) / mask.sum(1).clamp(min=1)
    return values.flatten(1).mean(1)


def uses_batch_statistics(*modules: nn.Module) -> bool:
    """Whether any part of these networks computes with the statistics of the batch it sees.

    Batch normalisation that is kept in evaluation mode, as in a frozen feature network, computes with stored ones.
    """
    return any(
        (isinstance(module, nn.modules.batchnorm._BatchNorm) and (module.training or module.running_mean is None))
        or getattr(module, "batch_coupled", False)
        for root in modules
        for module in root.modules()
    )


def normalises_spectrally(*modules: nn.Module) -> bool:
    """Whether any weight takes a power iteration whenever it is used in training (Miyato et al. 2018, algorithm 1).

    Two halves of a batch are then judged with slightly different weights. Other parametrizations of a weight, such as
    weight normalisation, are functions of parameters alone.
    """
    return any(isinstance(module, _SpectralNorm) for root in modules for module in root.modules())


def part_label(part: object, place: int, among: Sequence[object]) -> str:
    """Name of a penalty or term in reports; numbered when there are several of a class."""
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in type(part).__name__).lstrip("_")
    twins = [other for other in among if type(other) is type(part)]
    return name if len(twins) == 1 else f"{name}.{place}"


def judgement_statistics(judgement: Judgement, relative: bool) -> dict[str, Tensor]:
    """How sure the discriminator is: what the health monitor and adaptive augmentation go by.

    Zero means nothing to a relativistic loss, so there the overfitting sign is that of real against fake, and accuracy
    is the share of pairs that are told apart.
    """
    real, fake = score(judgement.output["real"]), score(judgement.output["fake"])
    wins = (real > fake).float()
    return {
        "logit/real": real.mean(),
        "logit/fake": fake.mean(),
        "sign/real": (real - fake if relative else real).sign().mean(),
        "win_rate": wins.mean(),
        "accuracy": wins.mean() if relative else 0.5 * ((real > 0).float().mean() + (fake <= 0).float().mean()),
    }


def diversity(fake: Tensor, real: Tensor) -> Tensor:
    """Mean distance between generated samples over that between real ones; near 0 when they are all alike.

    Ids of tokens are no quantities: of them the distance is the number of places that differ.
    """
    few = slice(0, 16)  # enough to see a collapse, and nothing beside the cost of the turn

    def spread(data: Tensor) -> Tensor:
        rows = data[few].flatten(1).float()
        norm = 2.0 if data.is_floating_point() else 0.0
        # exact near 0, as collapse is
        distances = torch.cdist(rows, rows, norm, compute_mode="donot_use_mm_for_euclid_dist")
        return distances.sum() / (len(rows) * (len(rows) - 1))

    if fake.shape[0] < 2 or fake.shape != real.shape:
        return torch.ones((), device=fake.device)
    return spread(fake) / spread(real).clamp(min=1e-12)
