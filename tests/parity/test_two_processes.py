"""Two processes with half of the batch each are one process with all of it, second-order penalties included."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

RECIPE = """
name: parity
task: {name: image, conditional: true, flip: true}
data: {name: digits, resolution: 8}
generator: {name: dcgan, width: 8, latent: 8, norm: none}
discriminator: {name: dcgan, width: 8, norm: none}
loss: LOSS
penalties: [{name: r1, weight: 2}, {name: r2, weight: 1, every: 3}, {name: lecam, weight: 0.1}]
terms: [{name: feature_matching, weight: 0.5}]
augmentation: {name: adaptive, pipeline: {name: diffaugment}, speed: 500, start: 0.3}
optimizer: {generator: {name: sgd, lr: 0.05}, discriminator: {name: sgd, lr: 0.05}}
ema: {half_life: 200}
trainer: {steps: 6, batch_size: 16, log_every: 1, samples_every: null, discriminator_steps: 2}
engine: {precision: float64, device: cpu, threads: 1}
report: {trackers: [], samples: 4}
"""


@pytest.mark.parametrize("loss", ["relativistic", "relativistic_average"])
def test_two_times_half_is_one_times_whole(tmp_path: Path, loss: str):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.replace("LOSS", loss))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    train = ["-m", "toolkit", "train", str(recipe), "--quiet", "--out"]
    subprocess.run([sys.executable, *train, str(tmp_path / "one")], check=True, env=environment)
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    subprocess.run([sys.executable, *launch, *train, str(tmp_path / "two")], check=True, env=environment)
    for player in ("generator", "discriminator.main", "ema"):
        one = load_file(tmp_path / "one" / "checkpoints" / "step-00000006" / f"{player}.safetensors")
        two = load_file(tmp_path / "two" / "checkpoints" / "step-00000006" / f"{player}.safetensors")
        assert one.keys() == two.keys()
        for name in one:
            assert one[name].dtype == torch.float64
            torch.testing.assert_close(
                two[name], one[name], atol=1e-12, rtol=0, msg=lambda text, n=name: f"{n}: {text}"
            )
