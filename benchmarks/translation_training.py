"""Training a translator on the CPU: the toolkit against JoeyNMT 2.3 as it samples, and transformers in a plain loop.

    pip install --no-deps joeynmt==2.3.0
    python benchmarks/translation_training.py --out benchmarks/results/translation_training.json

The same sentences, subwords and sizes for all: width 256, feed-forward 1024, 4 + 4 layers, 4 heads, dropout 0.1, label
smoothing 0.1, batches of 4,096 places, AdamW, gradients clipped at 1, float32. Counted are target subwords without
padding, per second of whole steps with the making of their batches. Sentences are those of Multi30k where $TOOLKIT_DATA
holds it, otherwise the embedded dates. Every system has a process of its own, rounds are interleaved, medians compared.

* `toolkit`: the trainer with its loader, as a recipe starts them, moving average included.
* `joeynmt`: its model, loss, batches and token sampler; sentences in random order, as it samples. Of its own trainer it
  lacks only what is not a step: validation, logging, checkpoints.
* `joeynmt, lengths`: the same, handed the toolkit's batches.
* `transformers`: `MarianMTModel` in a loop of a few lines, handed the toolkit's batches.
* `transformers, shuffled`: the same with sentences in random order, as a plain loop over a shuffled data set has them.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import os
import pickle
import sys
import tempfile
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from workers import Worker, interleaved, serve

from toolkit.config import load_recipe
from toolkit.data.buckets import BucketLoader
from toolkit.engine.device import choose_device, choose_precision, describe_machine
from toolkit.engine.processes import start_processes
from toolkit.runs.assemble import build_game, build_loader, build_trainer, open_recipe
from toolkit.runs.training import tuned
from toolkit.translation.corpora.pair import Pair
from toolkit.translation.dates.pairs import DatePairs
from toolkit.translation.segmentation.settings import SegmenterSettings
from toolkit.translation.segmentation.tokenizer import Segmenter
from toolkit.translation.segmented import IGNORED, SegmentedPairs
from toolkit.translation.seq2seq import marian
from toolkit.translation.text_files import lines

TOKENS = 4096
STEPS = 1
SIZES = {"width": 256, "hidden": 1024, "encoder_layers": 4, "decoder_layers": 4, "heads": 4, "dropout": 0.1}
SMOOTHING, RATE, CLIP = 0.1, 1e-4, 1.0
OURS = "toolkit"
TARGETS = {"joeynmt": 1.8, "transformers": 1.0}
"""How many times as fast as these the toolkit should be."""

Step = Callable[[], int]
"""Trains a step; returns the target subwords in it."""


def systems() -> list[str]:
    joeynmt = ["joeynmt", "joeynmt, lengths"] if importlib.util.find_spec("joeynmt") else []
    return [OURS, *joeynmt, "transformers", "transformers, shuffled"]


# -- data ---------------------------------------------------------------------------------------------------------


def sentences() -> tuple[list[tuple[str, str]], str]:
    folder = Path(os.environ.get("TOOLKIT_DATA", "")) / "multi30k"
    if os.environ.get("TOOLKIT_DATA") and (folder / "train.en.gz").is_file():
        both = zip(lines(folder / "train.en.gz"), lines(folder / "train.de.gz"), strict=True)
        return list(both), "Multi30k en-de, training set"
    return list(DatePairs(0, 20_000, "en", "de", "train")), "embedded dates"


def prepare(file: Path) -> str:
    """Write the segmented pairs; returns what they are."""
    texts, words = sentences()
    settings = SegmenterSettings(placeholders=0)
    segmenter = Segmenter.train((one for one, _ in texts), (other for _, other in texts), 8000, settings)
    pairs = [Pair(one, other, "") for one, other in texts]
    source = SegmentedPairs(pairs, ["train"] * len(pairs), segmenter, ("en", "de"))
    file.write_bytes(pickle.dumps(source))  # our own file of a moment ago
    return f"{words}, {len(segmenter)} subwords"


def shuffled(source: SegmentedPairs) -> Iterator[list[int]]:
    """Batches of places as JoeyNMT's token sampler makes them: random order, cut where they are full."""
    generator = np.random.default_rng(0)
    while True:
        batch: list[int] = []
        longest = 0
        for place in generator.permutation(len(source)).tolist():
            batch.append(place)
            longest = max(longest, int(source.lengths[place].max()) + 1)
            if longest * len(batch) >= TOKENS:
                yield batch
                batch, longest = [], 0


def bucketed(source: SegmentedPairs) -> Iterator[list[int]]:
    loader = BucketLoader(source, TOKENS, seed=0, prefetch=0)
    number = 0
    while True:
        yield loader.batch(number)["index"].tolist()
        number += 1


def places_for(system: str, source: SegmentedPairs) -> Iterator[list[int]]:
    return shuffled(source) if system in ("joeynmt", "transformers, shuffled") else bucketed(source)


def padding(system: str, source: SegmentedPairs, batches: int = 200) -> float:
    """Share of the target places that hold padding."""
    stream = places_for(system, source)
    kept = filled = 0
    for _ in range(batches):
        lengths = source.lengths[next(stream), 1]
        kept, filled = kept + int(lengths.sum()), filled + int(lengths.max()) * len(lengths)
    return 1 - kept / filled


# -- the systems --------------------------------------------------------------------------------------------------


def toolkit_step(source: SegmentedPairs) -> Step:
    recipe = load_recipe(
        {
            "name": "speed",
            "task": "translation",
            "data": {"name": "dates"},
            "split": {"train": 1.0, "validation": 0.0, "test": 0.0},
            "generator": {"name": "marian", **SIZES},
            "discriminators": {},
            "terms": [{"name": "cross_entropy", "target": "target", "average": "token", "smoothing": SMOOTHING}],
            "optimizer": {"generator": {"name": "adam", "lr": RATE, "beta1": 0.9, "beta2": 0.98, "weight_decay": 0.01}},
            "ema": {"half_life": 5000},
            "trainer": {"batch_tokens": TOKENS, "clip_gradient": CLIP},
            "engine": {"device": "cpu", "precision": "float32", "threads": torch.get_num_threads()},
        }
    )
    device = choose_device("cpu")
    precision = choose_precision("float32", device)
    tuned(recipe).__enter__()  # for the length of this process
    processes = start_processes(device).__enter__()
    opened = open_recipe(recipe, torch.float32, source)
    trainer = build_trainer(opened, build_game(opened, device, precision), device, precision, processes)
    batches = build_loader(opened, processes).iterate()
    counted: list[int] = []

    def counting() -> Iterator[dict[str, torch.Tensor]]:
        for batch in batches:
            counted.append(int((batch["target"] != IGNORED).sum()))
            yield batch

    stream = counting()

    def step() -> int:
        trainer.step(stream)
        return counted[-1]

    return step


def transformers_step(source: SegmentedPairs, stream: Iterator[list[int]]) -> Step:
    pad_id = source.segmenter.pad_id
    torch.manual_seed(0)
    network = marian(len(source.segmenter), pad_id, source.segmenter.eos_id, **SIZES).train()  # a MarianMTModel
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, betas=(0.9, 0.98))

    def step() -> int:
        items = [source[place] for place in next(stream)]
        ids = _padded([item["source"] for item in items], pad_id)
        labels = _padded([item["target"] for item in items], IGNORED)
        begun = labels.new_full(labels.shape, pad_id)
        begun[:, 1:] = labels[:, :-1].masked_fill(labels[:, :-1] == IGNORED, pad_id)
        logits = network(input_ids=ids, attention_mask=(ids != pad_id).long(), decoder_input_ids=begun).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), label_smoothing=SMOOTHING)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        optimizer.step()
        return int((labels != IGNORED).sum())

    return step


def joeynmt_step(source: SegmentedPairs, stream: Iterator[list[int]]) -> Step:
    _stand_in_for_what_no_step_uses()
    from joeynmt.batch import Batch
    from joeynmt.model import build_model
    from joeynmt.vocabulary import Vocabulary

    pieces = source.segmenter.pieces
    words = [pieces([number])[0] for number in range(2, len(source.segmenter) - 1)]
    special = types.SimpleNamespace(
        pad_token="<pad>", unk_token="<unk>", bos_token="<s>", eos_token="</s>", sep_token=None,
        unk_id=0, pad_id=1, bos_id=2, eos_id=3, sep_id=None, lang_tags=[],
    )  # fmt: skip
    vocabulary = Vocabulary(words, special)
    side = {
        "type": "transformer",
        "num_layers": SIZES["encoder_layers"],
        "num_heads": SIZES["heads"],
        "hidden_size": SIZES["width"],
        "ff_size": SIZES["hidden"],
        "dropout": SIZES["dropout"],
        "embeddings": {"embedding_dim": SIZES["width"], "scale": True},
        "layer_norm": "post",
    }
    config = {
        "initializer": "xavier_uniform",
        "embed_initializer": "xavier_uniform",
        "tied_embeddings": True,
        "tied_softmax": True,
        "encoder": dict(side),
        "decoder": dict(side),
    }
    torch.manual_seed(0)
    network = build_model(config, src_vocab=vocabulary, trg_vocab=vocabulary).train()
    network.loss_function = ("crossentropy", SMOOTHING)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, betas=(0.9, 0.98))
    shift = {"pad": vocabulary.pad_index, "bos": vocabulary.bos_index, "eos": vocabulary.eos_index}

    def ids_of(row: np.ndarray) -> list[int]:
        return [int(number) + 2 for number in row[:-1]]  # ours begin after </s> <unk>, theirs after four symbols

    def step() -> int:
        items = [source[place] for place in next(stream)]
        sources = [[*ids_of(item["source"]), shift["eos"]] for item in items]
        targets = [[shift["bos"], *ids_of(item["target"]), shift["eos"]] for item in items]
        batch = Batch(
            src=_padded(sources, shift["pad"]),
            src_length=torch.tensor([len(row) for row in sources]),
            src_prompt_mask=None,
            trg=_padded(targets, shift["pad"]),
            trg_prompt_mask=None,
            indices=torch.arange(len(items)),
            device=torch.device("cpu"),
            pad_index=shift["pad"],
            eos_index=shift["eos"],
        )
        batch.sort_by_src_length()
        loss, _, _, _ = network(return_type="loss", **vars(batch))
        batch.normalize(loss, normalization="tokens").backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        optimizer.step()
        optimizer.zero_grad()
        return int(batch.ntokens or 0)

    return step


def _stand_in_for_what_no_step_uses() -> None:
    """JoeyNMT imports packages for tokenising, plotting and logging; the steps here do none of these."""
    for name, parts in (
        ("importlib_metadata", {"version": importlib.metadata.version}),
        ("subword_nmt", {"apply_bpe": None}),
        ("tensorboard", {}),
        ("torch.utils.tensorboard", {"SummaryWriter": None}),
    ):
        if name not in sys.modules:
            module = types.ModuleType(name)
            vars(module).update(parts)
            sys.modules[name] = module


def _padded(rows: list[Any], fill: int) -> torch.Tensor:
    tensors = [torch.as_tensor(np.asarray(row), dtype=torch.int64) for row in rows]
    return torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True, padding_value=fill)


# -- measuring ----------------------------------------------------------------------------------------------------


def work(file: str, system: str, threads: str) -> None:
    torch.set_num_threads(int(threads))
    source: SegmentedPairs = pickle.loads(Path(file).read_bytes())
    if system == OURS:
        step = toolkit_step(source)
    elif system.startswith("joeynmt"):
        step = joeynmt_step(source, places_for(system, source))
    else:
        step = transformers_step(source, places_for(system, source))
    step()
    counts: list[int] = []
    serve(lambda: counts.append(sum(step() for _ in range(STEPS))))
    Path(f"{file}.{system}").write_text(str(sum(counts[1:]) / max(1, len(counts) - 1)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pairs"
        words = prepare(file)
        source: SegmentedPairs = pickle.loads(file.read_bytes())
        environment = {"OMP_NUM_THREADS": str(options.threads)}
        started = {name: Worker([str(file), name, str(options.threads)], environment) for name in systems()}
        measured = interleaved(started, options.rounds)
        rates = {name: float(Path(f"{file}.{name}").read_text()) / seconds for name, (seconds, _) in measured.items()}
    rows = {
        name: {
            "target_tokens_per_second": round(rate),
            "toolkit_is_faster_by": round(rates[OURS] / rate, 2),
            "wanted": TARGETS.get(name),
            "padding": round(padding(name, source), 3),
            "peak_mib": round(measured[name][1]),
        }
        for name, rate in rates.items()
    }
    for name, row in rows.items():
        wanted = f"  (wanted {row['wanted']})" if row["wanted"] else ""
        print(
            f"{name:24} {row['target_tokens_per_second']:6,} target tokens/s, padding {row['padding']:.1%}, "
            f"toolkit {row['toolkit_is_faster_by']:.2f}x{wanted}"
        )
    if options.out:
        machine = describe_machine(choose_device("cpu"))
        described = {"machine": machine, "threads": options.threads, "sentences": words, "sizes": SIZES}
        options.out.write_text(json.dumps({**described, "batch_tokens": TOKENS, "systems": rows}, indent=1) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        work(*sys.argv[2:])
    else:
        main()
