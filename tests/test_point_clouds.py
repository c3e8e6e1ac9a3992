"""The example of a modality of one's own: used from outside like a built-in one."""

from __future__ import annotations

import json
import subprocess
import sys

import torch

from tests.reader import CHECKOUT

FILE = CHECKOUT / "examples" / "point_clouds" / "point_clouds.py"
RECIPE = FILE.with_name("recipe.yaml")


def test_clouds_are_trained_measured_and_loaded(tmp_path):
    short = ["trainer.steps=150", "data.count=800", "trainer.evaluate_every=null", "trainer.samples_every=150"]
    run = tmp_path / "run"
    toolkit("train", str(RECIPE), "--out", str(run), *short, "--quiet")
    assert len(list((run / "samples").glob("*.png"))) == 1
    found = json.loads(toolkit("evaluate", str(run), "--json").stdout)["metrics"]
    untrained = 0.3
    assert found["scatter"] < untrained
    assert 0 < found["real_scatter"] < 0.02, "real points lie on their ring"
    code = (
        f"import toolkit; model = toolkit.load({str(run / 'model')!r}); "
        "a, b = model.generate(3, seed=1), model.generate(5, seed=1); print(tuple(a.shape), bool((a == b[:3]).all()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[0] == "(3, 32, 2) True", done.stderr


def test_its_parts_keep_the_contracts():
    code = (
        f"import runpy; names = runpy.run_path({str(FILE)!r}); from toolkit.testing import check_part; "
        "check_part('datasets', names['Rings'], count=30); "
        "check_part('tasks', names['PointCloudTask'], source=names['Rings'](count=40), "
        "generator={'name': 'cloud', 'width': 8}); "
        "check_part('pipelines', names['PointCloudPipeline'], generator={'name': 'cloud', 'width': 8, 'points': 5}, "
        "use=lambda model: model.generate(2).tolist())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_order_of_points_does_not_matter():
    import runpy

    names = runpy.run_path(str(FILE))
    network = names["DeepSet"](width=16)
    clouds = torch.randn(4, 9, 2)
    assert torch.allclose(network(clouds).logits[0], network(clouds[:, torch.randperm(9)]).logits[0], atol=1e-6)


def toolkit(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "toolkit", "--import", str(FILE), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_a_discriminator_that_answers_with_a_tensor_is_explained(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import toolkit\nfrom torch import nn\n\n\n"
        '@toolkit.register("discriminators", "plain")\n'
        "class Plain(nn.Module):\n"
        '    """Answers with a tensor."""\n\n'
        "    def __init__(self) -> None:\n        super().__init__()\n        self.layer = nn.Linear(2, 1)\n\n"
        "    def forward(self, x, condition=None):\n        return self.layer(x).mean((1, 2))\n"
    )
    script = ["--import", str(tmp_path / "mine.py")]
    change = ["discriminator={name: plain}", "data.count=80", "trainer.steps=2"]
    done = subprocess.run(
        [sys.executable, "-m", "toolkit", "--import", str(FILE), *script, "train", str(RECIPE), *change],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert "answered with a Tensor, not with a DiscriminatorOutput" in done.stderr
    assert "Traceback" not in done.stderr
