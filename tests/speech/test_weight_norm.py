from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from toolkit.speech.weight_norm import apply_weight_norm, fold_weight_norm, folded_state_dict


def network() -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Conv1d(3, 4, 5, padding=2), nn.ConvTranspose1d(4, 2, 4, 2, 1), nn.Linear(20, 3))


def given() -> Tensor:
    return torch.randn(2, 3, 10, generator=torch.Generator().manual_seed(1))


def test_putting_it_on_and_folding_it_change_no_output() -> None:
    plain = network()
    wanted = plain(given())
    normed = apply_weight_norm(plain)
    assert "0.parametrizations.weight.original0" in normed.state_dict()
    torch.testing.assert_close(normed(given()), wanted)
    torch.testing.assert_close(fold_weight_norm(normed)(given()), wanted)
    assert set(normed.state_dict()) == set(network().state_dict())


def test_twice_is_once() -> None:
    normed = apply_weight_norm(apply_weight_norm(network()))
    assert len(normed.state_dict()) == 8
    assert len(fold_weight_norm(fold_weight_norm(normed)).state_dict()) == 6


def test_the_folded_state_is_that_of_the_folded_network_bit_for_bit() -> None:
    normed = apply_weight_norm(network())
    with torch.no_grad():
        for parameter in normed.parameters():
            parameter.mul_(1.7)
    state = folded_state_dict(normed)
    before = normed(given())
    folded = fold_weight_norm(copy.deepcopy(normed)).state_dict()
    assert set(state) == set(network().state_dict()) == set(folded)
    assert all(torch.equal(state[name], tensor) for name, tensor in folded.items())
    plain = network()
    plain.load_state_dict(state)
    torch.testing.assert_close(plain(given()), before)


def test_folding_a_copy_leaves_the_original_able_to_train() -> None:
    normed = apply_weight_norm(network())
    folded = fold_weight_norm(copy.deepcopy(normed).requires_grad_(False))
    normed(given()).sum().backward()
    assert all(parameter.grad is not None for parameter in normed.parameters())
    torch.testing.assert_close(folded(given()), normed(given()))
    assert not any(parameter.requires_grad for parameter in folded.parameters())
