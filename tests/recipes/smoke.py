"""Golden losses: each recipe's first twenty steps in float32, made small.

`python -m tests.recipes.smoke [RECIPE ...]` writes them anew. They live beside each recipe in `expected.json`, with the
overrides that made them, and are means over the twenty steps: they survive another processor's rounding, not a change
of maths.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.recipes import stand_ins

ROOT = Path(__file__).resolve().parents[2] / "recipes"
SMOKE = [
    "trainer.steps=20",
    "trainer.log_every=20",
    "trainer.batch_size=16",
    "trainer.samples_every=null",
    "trainer.evaluate_every=null",
    "engine.precision=float32",
    "engine.device=cpu",
    "report.trackers=[]",
    "report.samples=4",
]
SMALL_VOCOS = ["generator.channels=16", "generator.hidden=32", "generator.blocks=2"]
SMALL_STACK = ["generator.channels=16"]
SMALL_DRIVER = ["data.resolution=32", "generator.size=32", "generator.width=8", "discriminators.main.width=8"]
_HALF = ["trainer.batch_size=2", "trainer.generator_warmup=20"]  # ten steps on spectra alone, ten of the game
LIGHT = [*_HALF, "discriminators.period.width=2", "discriminators.resolution.channels=2"]
FULL = [*_HALF, "discriminators.period.width=2", "discriminators.scale.width=16"]
SMALL_ACOUSTIC = [
    "generator.width=16",
    "generator.encoder_blocks=1",
    "generator.decoder_blocks=1",
    "generator.dropout=0",
    "generator.block_dropout=0",
    "trainer.batch_tokens=800",
]
SMALL_EARS = ["generator.width=16", "generator.blocks=1", "generator.dropout=0", "trainer.batch_tokens=800"]
TONES = ["data.synthesiser=tones", "data.rows=4", "data.sample_rate=16000", "data.fmax=null", "data.cache=false"]
LETTERS = ["data.phonemizer=characters", "data.cache=false", "split.train=0.8", "split.validation=0.2", "split.test=0"]
SMALL_MARIAN = [
    "generator.width=32",
    "generator.hidden=48",
    "generator.encoder_layers=1",
    "generator.decoder_layers=1",
    "generator.heads=2",
    "trainer.batch_tokens=256",
]
SMALL_GAME = [
    "start=null",
    "data.count=300",
    "data.held_out=20",
    "trainer.batch_tokens=128",
    "trainer.fall_back=null",
    "trainer.accuracy_band=null",
    "trainer.discriminator_warmup=0",
]
SMALL_CAPTION_GAME = [
    *SMALL_MARIAN,
    "start=null",
    "data.vocabulary=360",
    "trainer.batch_tokens=128",
    "trainer.fall_back=null",
    "trainer.accuracy_band=null",
    "trainer.discriminator_warmup=0",
]
SMALL_WORDS = ["data.least=3", "data.dimension=8", "trainer.fall_back=null"]
TABLE: dict[str, dict[str, list[str]]] = {
    "image/digits": {
        "default": [],
        "unconditional": ["variant=unconditional"],
        "dcgan": ["variant=dcgan"],
        "residual": ["variant=residual"],
    },
    "image/fashion_mnist": {
        "default": ["generator.width=16", "discriminators.main.width=16"],
        "unconditional": ["variant=unconditional", "generator.width=16", "discriminators.main.width=16"],
        "residual": ["variant=residual", "generator.widths=[32,32,16]", "discriminators.main.widths=[32,32,16]"],
        "dcgan": ["variant=dcgan", "generator.width=16", "discriminators.main.width=16"],
    },
    "image/stacked_mnist": {
        "default": ["generator.width=16", "discriminators.main.width=16"],
        "dcgan": ["variant=dcgan", "generator.width=16", "discriminators.main.width=16"],
    },
    "image/emoji": {
        "default": ["generator.width=8", "discriminators.main.width=8"],
        "small": ["variant=small", "generator.width=8", "discriminators.main.width=8"],
        "residual": ["variant=residual", "generator.widths=[16,16,16,16]", "discriminators.main.widths=[16,16,16,16]"],
        "dcgan": ["variant=dcgan", "generator.width=8", "discriminators.main.width=8"],
    },
    "image/folder": {
        "default": ["data.resolution=16", "generator.width=8", "discriminators.main.width=8"],
        "classes": ["variant=classes", "data.resolution=16", "generator.width=8", "discriminators.main.width=8"],
        "opacity": ["variant=opacity", "data.resolution=16", "generator.width=8", "discriminators.main.width=8"],
        "gpu": [
            "variant=gpu",
            "data.resolution=16",
            "generator.widths=[32,32,16]",
            "discriminators.main.widths=[32,32,16]",
        ],
    },
    "image/classifier": {"default": []},
    "speech/vocoder_small": {"default": [*SMALL_VOCOS, *LIGHT]},
    "speech/hifigan_v1": {"default": [*SMALL_STACK, *FULL], "light": ["variant=light", *SMALL_STACK, *LIGHT]},
    "speech/hifigan_v2": {"default": [*SMALL_STACK, *FULL], "light": ["variant=light", *SMALL_STACK, *LIGHT]},
    "speech/hifigan_v3": {"default": [*SMALL_STACK, *FULL], "light": ["variant=light", *SMALL_STACK, *LIGHT]},
    "speech/vocos": {"default": [*SMALL_VOCOS, *LIGHT], "light": ["variant=light", *SMALL_VOCOS, *LIGHT]},
    "speech/espeak": {"default": [*SMALL_VOCOS, *LIGHT, "data.synthesiser=additive", "data.sentences=24"]},
    "speech/espeak_voice": {"default": [*SMALL_ACOUSTIC, *TONES]},
    "speech/phoneme_recognizer": {"default": [*SMALL_EARS, *TONES]},
    "speech/kathleen": {
        "default": [*SMALL_ACOUSTIC, *LETTERS],
        "adversarial": [
            "variant=adversarial",
            "trainer.generator_warmup=15",
            "discriminators.patches.channels=4",
            *SMALL_ACOUSTIC,
            *LETTERS,
        ],
    },
    "speech/end_to_end": {
        "default": [
            "start=null",
            "generator.sound.channels=16",
            "generator.sound.hidden=32",
            "generator.sound.blocks=1",
            "discriminators.period.width=2",
            "discriminators.resolution.channels=2",
            "task.segment=2048",
            *SMALL_ACOUSTIC,
            *LETTERS,
        ]
    },
    "speech/own_voice": {"default": [*SMALL_ACOUSTIC, *LETTERS]},
    "face/landmarks": {"default": ["generator.size=32", "generator.width=4"]},
    "face/embedder": {"default": ["data.resolution=32", "generator.size=32", "generator.width=8"]},
    "face/driver": {"default": [*SMALL_DRIVER, "trainer.batch_size=4", "trainer.generator_warmup=40"]},
    "translation/dates": {
        "default": [*SMALL_MARIAN, "data.count=300", "data.held_out=10", "data.vocabulary=200"],
        "zh": [*SMALL_MARIAN, "data.count=300", "data.held_out=10", "data.vocabulary=200", "data.target_language=zh"],
    },
    "translation/multi30k_en_de": {"default": [*SMALL_MARIAN, "data.vocabulary=360"]},
    "translation/robust": {
        "default": [*SMALL_MARIAN, "start=null", "data.vocabulary=360", "trainer.fall_back=null"],
        "perturbed": [
            "variant=perturbed",
            *SMALL_MARIAN,
            "start=null",
            "data.vocabulary=360",
            "trainer.fall_back=null",
        ],
    },
    "translation/transfer": {
        "default": [*SMALL_MARIAN, "start=null", "data.segmentation=null", "data.vocabulary=360"],
        "scratch": ["variant=scratch", *SMALL_MARIAN, "data.vocabulary=360", "data.count=40"],
    },
    "translation/multi30k_adversarial": {
        "default": [*SMALL_CAPTION_GAME, "discriminators.main.filters=12", "discriminators.main.embedding=16"],
        "doubly": ["variant=doubly", *SMALL_CAPTION_GAME],
    },
    "translation/latent_languages": {
        "default": [
            *SMALL_MARIAN,
            "data.vocabulary=360",
            "discriminators.main.states=32",
            "discriminators.main.hidden=16",
            "trainer.generator_warmup=100",
        ],
        "together": ["variant=together", *SMALL_MARIAN, "data.vocabulary=360"],
    },
    "translation/unsupervised_embeddings": {
        "default": [*SMALL_WORDS, "discriminators.main.hidden=16", "discriminators.main.dropout=0"],
        "seeds": ["variant=seeds", *SMALL_WORDS, "discriminators.main.hidden=16", "discriminators.main.dropout=0"],
    },
    "translation/tatoeba_en_zh": {"default": [*SMALL_MARIAN, "data.vocabulary=420"]},
    "translation/gettext": {"default": SMALL_MARIAN},
    "translation/dates_adversarial": {
        "default": SMALL_GAME,
        "straight_through": ["variant=straight_through", *SMALL_GAME],
        "risk": ["variant=risk", *SMALL_GAME],
    },
}
"""Every packaged recipe, and the runs of it that are checked."""

NEEDS_DATA = {"image/fashion_mnist": "fashion-mnist"}
"""Recipes whose data does not come with the toolkit, and its folder in $TOOLKIT_DATA."""

STAND_INS: dict[str, Callable[[Path], Path]] = {
    "image/stacked_mnist": stand_ins.mnist,
    "image/emoji": stand_ins.emoji,
    "image/folder": stand_ins.pictures,
    **dict.fromkeys(
        [f"speech/{name}" for name in ("vocoder_small", "hifigan_v1", "hifigan_v2", "hifigan_v3", "vocos")],
        stand_ins.recordings,
    ),
    **dict.fromkeys(["speech/kathleen", "speech/end_to_end", "speech/own_voice"], stand_ins.spoken_texts),
    **dict.fromkeys(["face/landmarks", "face/embedder", "face/driver"], stand_ins.faces),
}
"""Recipes that are checked on small made data in the layout of their own, so that the check needs no data."""

SENTENCES: dict[str, Callable[[Path], list[str]]] = {
    "translation/multi30k_en_de": stand_ins.caption_files,
    "translation/robust": stand_ins.caption_files,
    "translation/transfer": stand_ins.french_captions,
    "translation/multi30k_adversarial": stand_ins.caption_files,
    "translation/latent_languages": stand_ins.captions_in_three_languages,
    "translation/unsupervised_embeddings": stand_ins.caption_files,
    "translation/tatoeba_en_zh": stand_ins.sentence_table,
}
"""The same for recipes whose data is several files: overrides that name the made ones."""


def smoke(recipe: str, overrides: list[str]) -> dict[str, float]:
    """Losses of a smoke run, by name."""
    from toolkit.runs import train

    with tempfile.TemporaryDirectory() as folder:
        made = [f"data.path={STAND_INS[recipe](Path(folder) / 'data')}"] if recipe in STAND_INS else []
        made += SENTENCES[recipe](Path(folder) / "data") if recipe in SENTENCES else []
        result = train(ROOT / recipe, Path(folder) / "run", [*SMOKE, *overrides, *made], quiet=True)
    kept = ("generator/", "discriminator/", "gradient/")
    return {name: value for name, value in result.values.items() if name.startswith(kept) and math.isfinite(value)}


def write(recipes: list[str] | None = None) -> None:
    """Write the `expected.json` of some recipes, or of every one."""
    for recipe in recipes or list(TABLE):
        runs = TABLE[recipe]
        expected: dict[str, Any] = {
            "what": "mean losses of the first 20 steps in float32, made small by these overrides",
            "overrides": SMOKE,
            "relative_tolerance": 0.02,
            "runs": {name: {"overrides": extra, "losses": smoke(recipe, extra)} for name, extra in runs.items()},
        }
        (ROOT / recipe / "expected.json").write_text(json.dumps(expected, indent=2) + "\n")
        print(f"{recipe}: {len(runs)} runs")


if __name__ == "__main__":
    write(sys.argv[1:])
