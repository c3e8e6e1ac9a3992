"""The trainer against the loop written out in plain PyTorch."""

from __future__ import annotations

import importlib.util
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "gan_by_hand.py"


def test_the_example_ends_with_the_same_weights_bit_for_bit():
    spec = importlib.util.spec_from_file_location("gan_by_hand", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.largest_differences() == {"generator": 0.0, "discriminator": 0.0, "average": 0.0}
