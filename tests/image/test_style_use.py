"""Style-based models in use: truncation through the pipeline and the command line, and export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.tiny import toolkit
from toolkit.config import build
from toolkit.engine.models import save_model
from toolkit.engine.randomness import Noise
from toolkit.errors import ToolkitError
from toolkit.image.grid import to_pixels
from toolkit.image.pipeline import ImagePipeline
from toolkit.image.style import StyleGenerator
from toolkit.image.task import sample_pictures

CPU = torch.device("cpu")
STYLE = {"name": "style", "resolution": 8, "channels": 1, "latent": 8, "style": 8, "width": 4, "max_width": 8}
DCGAN = {"name": "dcgan", "resolution": 8, "channels": 1, "latent": 8, "width": 4, "norm": "none"}


def pipeline(spec: dict[str, Any], classes: tuple[str, ...] = ()) -> ImagePipeline:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        generator = build("generators", {**spec, "classes": len(classes) or None})
    return ImagePipeline(generator, classes, {"generator": spec})


def test_truncation_reaches_the_pictures_and_is_the_same_in_any_batch() -> None:
    made = pipeline(STYLE)
    plain, half = made.generate(6).pixels, made.generate(6, truncation=0.5).pixels
    assert np.array_equal(made.generate(6, truncation=1.0).pixels, plain)
    assert not np.array_equal(half, plain)
    assert np.array_equal(made.generate(6, truncation=0.5, batch_size=4).pixels, half)
    mean = made.generate(6, truncation=0.0).pixels
    assert (mean == mean[0]).all()


def test_each_class_is_truncated_to_its_own_mean() -> None:
    made = pipeline(STYLE, ("cat", "dog"))
    pictures = made.generate(4, truncation=0.0).pixels
    assert np.array_equal(pictures[:2], pictures[2:])
    assert not np.array_equal(pictures[0], pictures[1])


def test_the_mean_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    original = StyleGenerator.mean_style
    monkeypatch.setattr(StyleGenerator, "mean_style", lambda self: calls.append(1) or original(self))
    made = pipeline(STYLE)
    made.generate(2)
    assert calls == []
    made.generate(6, truncation=0.5, batch_size=2)
    made.generate(6, truncation=0.7)
    assert calls == [1]


def test_pictures_are_a_function_of_the_latent_vectors_alone() -> None:
    made = pipeline(STYLE, ("cat", "dog"))
    z = Noise(4, 0, torch.arange(3), "generate").normal("z", 8)
    again = to_pixels(made.module(z, torch.tensor([0, 1, 0])))
    assert np.array_equal(made.generate(3, seed=4).pixels, again)


@pytest.mark.parametrize("truncation", [-0.1, 1.5, float("nan")])
def test_a_truncation_out_of_range_is_refused(truncation: float) -> None:
    with pytest.raises(ToolkitError, match="from 0 to 1"):
        pipeline(STYLE).generate(1, truncation=truncation)


def test_without_styles_latent_vectors_are_shortened() -> None:
    made = pipeline(DCGAN)
    z = Noise(4, 0, torch.arange(3), "generate").normal("z", made.generator.latent)
    assert np.array_equal(made.generate(3, seed=4, truncation=0.5).pixels, to_pixels(made.module(z / 2)))
    assert np.array_equal(made.generate(3, seed=4, truncation=1).pixels, made.generate(3, seed=4).pixels)


def test_pictures_in_bfloat16_are_nearly_the_same() -> None:
    exact = pipeline(STYLE).generate(3, seed=4).pixels.astype(int)
    fast = pipeline(STYLE).compute_in("bfloat16").generate(3, seed=4).pixels.astype(int)
    assert not np.array_equal(fast, exact)
    assert np.abs(fast - exact).mean() < 3


def test_other_precisions_are_refused() -> None:
    with pytest.raises(ToolkitError, match="float32, bfloat16 or auto"):
        pipeline(DCGAN).compute_in("float64")


def test_the_command_line_takes_truncation(tmp_path: Path) -> None:
    for spec in (STYLE, DCGAN):
        network = build("generators", spec)
        save_model(
            tmp_path / spec["name"], network.state_dict(), {"pipeline": "image", "generator": spec}, "# A card\n"
        )
    mean = [tmp_path / "style", "--count", 2, "--truncation", 0, "--json", "--out", tmp_path / "mean"]
    told = toolkit("generate", "image", *mean).json
    assert told["truncation"] == 0
    first, second = (Path(entry["file"]).read_bytes() for entry in told["pictures"])
    assert first == second
    plain = toolkit("generate", "image", tmp_path / "style", "--count", 2, "--json", "--out", tmp_path / "plain").json
    assert "truncation" not in plain
    assert Path(plain["pictures"][0]["file"]).read_bytes() != first
    out = ["--count", 2, "--truncation", 0.5, "--precision", "bfloat16", "--json", "--out", tmp_path / "short"]
    assert toolkit("generate", "image", tmp_path / "dcgan", *out).json["truncation"] == 0.5


def test_the_plain_call_exports_with_any_batch_size() -> None:
    made = pipeline(STYLE, ("cat", "dog"))
    inputs = made.example_inputs()
    batch = torch.export.Dim("batch", min=1, max=64)
    program = torch.export.export(made.module, tuple(inputs.values()), dynamic_shapes=({0: batch}, {0: batch})).module()
    z, label = torch.randn(5, 8), torch.arange(5) % 2
    torch.testing.assert_close(program(z, label), made.module(z, label))
    assert torch.equal(made.module(z, label), made.module(z, label))


def test_training_noise_is_never_in_what_the_average_shows() -> None:
    generator = pipeline(STYLE).generator
    noise = Noise(0, 0, torch.arange(2), "preview")
    shown = sample_pictures(generator, noise, None)
    assert torch.equal(shown, generator(noise.normal("z", 8)))
    for convolution in generator.convolutions:
        torch.nn.init.ones_(convolution.strength)
    assert not torch.allclose(
        sample_pictures(generator.train(), noise, None), sample_pictures(generator.eval(), noise, None)
    )
