"""Every shipped model still gives what its card says, on a small sample and so within a tolerance."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

import toolkit
from toolkit.engine.cards import read_card
from toolkit.engine.shelf import SHIPPED, shipped_models

# Samples, and by how much a metric may differ from the card's: smaller samples are noisier, distances larger by nature.
CHECKS: dict[str, tuple[int | None, dict[str, float]]] = {
    "digits-classifier": (None, {"accuracy": 0.005}),
    "fashion-mnist-classifier": (None, {"accuracy": 0.003}),
    "fashion-mnist-conditional": (600, {"accuracy": 0.03, "precision": 0.06}),
    "fashion-mnist": (600, {"frechet_distance": 0.4, "precision": 0.06}),
    "emoji": (500, {"frechet_distance": 1.5, "precision": 0.05}),
    "tatoeba-en-zh": (60, {"bleu": 4.0, "chrf": 3.0}),
    "face-landmarks": (100, {"nme": 0.003}),
    "face-embedder": (None, {"rank1": 0.02}),
    "face-driver": (24, {"nme": 0.01, "one_face": 0.1}),
    "kathleen": (12, {"duration_error": 0.04, "mel_error": 0.06}),
    "vocoder-small": (2, {"mel_distance": 0.04, "pesq": 0.6, "stoi": 0.03}),
}
NOT_HELD_OUT = {"emoji-classifier"}
"""Trained on all of its data, which has no test split; its card says so."""
EMBEDDED = {"digits-classifier"}


def test_every_shipped_model_is_checked() -> None:
    assert set(shipped_models()) == set(CHECKS) | NOT_HELD_OUT


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_a_shipped_model_gives_what_its_card_says(name: str, tmp_path: Path) -> None:
    if name not in EMBEDDED and not os.environ.get("TOOLKIT_DATA"):
        pytest.skip("the model's data are not embedded: set TOOLKIT_DATA to the folder that holds them")
    samples, tolerances = CHECKS[name]
    if "pesq" in tolerances:
        pytest.importorskip("pesq", reason="the package pesq is not installed")
    published = read_card(SHIPPED / name).facts["results"]
    options = {} if samples is None else {"samples": samples, "repeats": 0}
    if name == "kathleen":  # a few recordings of its own: measuring pitch in all thousand takes half a minute
        options["real"] = held_out_recordings(tmp_path, samples)
    found = toolkit.evaluate(name, **options)["metrics"]
    for metric, tolerance in tolerances.items():
        assert found[metric] == pytest.approx(published[metric], abs=tolerance), metric


def held_out_recordings(folder: Path, count: int) -> Path:
    """The first recordings with their texts that `kathleen-22k` holds out."""
    data = Path(os.environ["TOOLKIT_DATA"]) / "kathleen-22k"
    names = set((data / "val-ids.txt").read_text().split()[:count])
    lines = [line for line in (data / "metadata.csv").read_text().splitlines() if line.split("|")[0] in names]
    (folder / "metadata.csv").write_text("\n".join(lines))
    for archive in data.glob("*.tar"):
        with tarfile.open(archive) as opened:
            for member in opened.getmembers():
                if Path(member.name).stem in names:
                    (folder / Path(member.name).name).write_bytes(opened.extractfile(member).read())
    return folder
