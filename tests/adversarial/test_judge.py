from __future__ import annotations

import torch
from torch import Tensor, nn

from toolkit.adversarial.calibration import Calibration
from toolkit.adversarial.judge import Judge, pack, realness, unpack
from toolkit.adversarial.rejection import fit_rejection
from toolkit.adversarial.types import DiscriminatorOutput


class TwoHeads(nn.Module):
    """A number times the sample's mean, and the same at each of two positions."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, x_BN: Tensor, label_B: Tensor | None = None) -> DiscriminatorOutput:
        logit = self.factor * x_BN.mean(1) + (0 if label_B is None else 100 * label_B)
        return DiscriminatorOutput((logit, torch.stack([logit - 1, logit + 1], 1)))


def test_the_score_sums_discriminators_and_their_parts() -> None:
    heads = {"one": TwoHeads(1.0), "other": TwoHeads(10.0)}
    found = realness(heads, torch.tensor([[1.0, 3.0], [0.0, 0.0]]), None)
    assert found.tolist() == [2 * 2.0 + 2 * 20.0, 0.0]
    assert not found.requires_grad


def test_data_are_brought_to_the_precision_of_the_discriminator() -> None:
    assert realness({"main": TwoHeads(1.0).double()}, torch.ones(2, 3), None).tolist() == [2.0, 2.0]


def test_weights_of_all_discriminators_go_into_one_mapping_and_back() -> None:
    heads = {"a": TwoHeads(1.0), "ab": TwoHeads(2.0)}
    weights = pack(heads)
    assert unpack(weights, "a").keys() == {"factor"}
    assert unpack(weights, "ab")["factor"].item() == 2
    assert unpack(pack({"main": nn.Linear(2, 1)}), "main").keys() == {"weight", "bias"}


def test_the_probability_is_calibrated_by_class() -> None:
    calibration = Calibration(1.0, 0.0, (1.0, 2.0), (0.0, -400.0))
    judge = Judge({"main": TwoHeads(1.0)}, calibration, fit_rejection(torch.zeros(3)))
    data, label = torch.tensor([[1.0], [1.0]]), torch.tensor([0, 1])
    assert judge.log_ratio(data, label).tolist() == [2.0, 4.0]
    assert torch.equal(judge.probability(data, label), torch.sigmoid(torch.tensor([2.0, 4.0], dtype=torch.float64)))


def test_another_share_makes_another_rule_from_the_same_burn_in() -> None:
    burn_in = torch.linspace(-3, 3, 200, dtype=torch.float64)
    judge = Judge({}, Calibration(1.0, 0.0), fit_rejection(burn_in, acceptance=0.5), burn_in)
    assert judge.rule() == judge.rejection
    assert abs(judge.rule(0.8).acceptance - 0.8) < 1e-6
