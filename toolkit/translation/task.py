"""Translation as a game: the generator reads a sentence and writes its translation.

Without discriminators it is a game of one player, and its loss is the cross entropy of the next subword given those
before it in the reference. What the discriminators of an adversarial game would judge is drawn from the generator.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from toolkit.adversarial.estimators import Draw
from toolkit.adversarial.types import Batch, GeneratorOutput
from toolkit.data.loader import Item, Transform
from toolkit.data.source import Source
from toolkit.engine.models import ModelFolder
from toolkit.errors import CheckpointError
from toolkit.metrics.base import Metric
from toolkit.metrics.extractor import Extractor
from toolkit.translation.decoding.batches import translate_ids
from toolkit.translation.noise import KINDS, NoiseKind, add_noise, check_noise
from toolkit.translation.scores import score
from toolkit.translation.segmented import IGNORED, SegmentedPairs, pairs_behind, places_of
from toolkit.translation.seq2seq import GENERATION_CONFIG, generation_config, shared_folder_config

PREVIEWED = 12
"""Sentences in a preview, at most."""


class TranslationTask:
    """Translation with one of transformers' sequence-to-sequence networks.

    Args:
        sampling: how random the segmentation of training texts is, from 0: each epoch segments a sentence in another
            way (BPE-dropout, Provilkov et al. 2020; subword regularisation, Kudo 2018). Small data gain from 0.1.
        beam: hypotheses that are kept when translations are measured; 1 is greedy.
        extra_length: translations may have so many subwords more than one and a half times those of their source.
        noise: largest rate of noise in training sources, 0 to 1. Each text gets one kind, at a rate between 0 and this,
            another one in every epoch, so that the model learns to read what people mistype (Belinkov and Bisk 2018).
        noise_kinds: kinds to choose from, all by default; see `toolkit.translation.noise.add_noise`.
        transfer: the model to begin with may be one of other languages, whose knowledge is carried over (Zoph et al.
            2016); its vocabulary must be that of the data all the same.

    Raises:
        ConfigError: the noise is out of range, or there is no such kind.
    """

    provides = ("vocabulary", "pad_id", "eos_id")
    pipeline = "translation"
    default_metrics = ()

    def __init__(
        self,
        sampling: float = 0.0,
        beam: int = 1,
        extra_length: int = 20,
        noise: float = 0.0,
        noise_kinds: list[NoiseKind] | None = None,
        transfer: bool = False,
    ) -> None:
        if not 0 <= sampling < 1:
            raise ValueError(f"sampling={sampling} must lie between 0 and 1")
        if beam < 1 or extra_length < 1:
            raise ValueError(f"beam={beam} and extra_length={extra_length} must be at least 1")
        self.noise_kinds = tuple(KINDS if noise_kinds is None else noise_kinds)
        check_noise(self.noise_kinds, noise, "task.noise")
        self.sampling = sampling
        self.noise = noise
        self.transfer = transfer
        self.beam = beam
        self.extra_length = extra_length
        self._pairs: SegmentedPairs | None = None

    @property
    def pairs(self) -> SegmentedPairs:
        """The data; it must have been opened."""
        if self._pairs is None:
            raise RuntimeError("open() gives the task its data, and has not been called")
        return self._pairs

    def open(self, source: Source, dtype: torch.dtype = torch.float32) -> dict[str, Any]:
        """Look at the data: its vocabulary.

        Raises:
            DataError: these are no sentence pairs.
        """
        self._pairs = pairs_behind(source)
        segmenter = self._pairs.segmenter
        return {"vocabulary": len(segmenter), "pad_id": segmenter.pad_id, "eos_id": segmenter.eos_id}

    def transform(self) -> Transform | None:
        """Another segmentation of a sentence each time, and noise in its source, where they are asked for."""
        if not self.sampling and not self.noise:
            return None
        return _Varied(self.pairs, self.sampling or None, self.noise, self.noise_kinds)

    # -- the game -------------------------------------------------------------------------------------------------

    def generate(self, generator: nn.Module, batch: Batch, noise: Draw) -> GeneratorOutput:
        """`logits_BTV` of every subword of the reference, given the source and the subwords before it.

        They are `data`, and `extra["logits"]` for the term `cross_entropy` with `target: target`.
        """
        target = batch["target"]
        logits = next_subword_logits(generator, batch["source"], target, self.pairs.segmenter.pad_id)
        return GeneratorOutput(logits, mask=(target != IGNORED).to(logits.dtype), extra={"logits": logits})

    def real(self, batch: Batch) -> Tensor | None:
        """Nothing: the game of one player has no discriminator."""
        return None

    def condition(self, batch: Batch) -> Tensor | None:
        """Nothing, for the same reason."""
        return None

    # -- looking at it --------------------------------------------------------------------------------------------

    @torch.no_grad()
    def preview(
        self, generator: nn.Module, held_out: Source, file: Path, *, count: int, seed: int, device: torch.device
    ) -> None:
        """A text file with a few held-out sentences: source, reference, translation."""
        places = places_of(held_out)[: min(count, PREVIEWED)]
        lines = []
        for place, written in zip(places, self._translated(generator, places, device), strict=True):
            pair = self.pairs.pair(place)
            lines += [f"source      {pair.source}", f"reference   {pair.target}", f"translation {written}", ""]
        file.with_suffix(".txt").write_text("\n".join(lines), encoding="utf-8")

    @torch.no_grad()
    def measure(
        self,
        generator: nn.Module,
        held_out: Source,
        train: Source | None,
        *,
        extractor: Extractor,
        metrics: Sequence[Metric],
        samples: int,
        seed: int,
        device: torch.device,
    ) -> dict[str, float]:
        """`bleu`, `chrf` and `exact_match` of translations of held-out sentences, the first ones, by their order.

        Also `cross_entropy`, nats per subword of the references. Of several languages: the means over them, and
        `bleu_de` and so on by target language, or `bleu_fr_de` where there are several source languages. Where training
        sources get noise, `noisy_bleu` too: of the same sentences with noise of these kinds in turn, at half the rate.
        """
        places = places_of(held_out)[:samples]
        written = self._translated(generator, places, device)
        references = [self.pairs.pair(place).target for place in places]
        found = _scored(written, references, [self._languages(place) for place in places])
        if self.noise:
            noisy = [
                add_noise(self.pairs.pair(place).source, kind, self.noise / 2, number)
                for number, (place, kind) in enumerate(zip(places, cycle(self.noise_kinds), strict=False))
            ]
            written = self._translated(generator, places, device, noisy)
            found["noisy_bleu"] = _scored(written, references, [self._languages(place) for place in places])["bleu"]
        return {**found, "cross_entropy": self._cross_entropy(generator, places, device)}

    def _translated(
        self,
        generator: nn.Module,
        places: Sequence[int],
        device: torch.device,
        sources: Sequence[str] | None = None,
    ) -> list[str]:
        pairs = self.pairs
        texts = [pairs.pair(place).source for place in places] if sources is None else sources
        encoded = [
            pairs.encode_source(text, pairs.target_language(place)) for text, place in zip(texts, places, strict=True)
        ]
        rows = translate_ids(
            generator,
            [one.ids for one in encoded],
            self.pairs.segmenter.pad_id,
            self.pairs.segmenter.eos_id,
            device,
            beam=self.beam,
            extra_length=self.extra_length,
        )
        return [self.pairs.segmenter.decode(row, one.originals) for row, one in zip(rows, encoded, strict=True)]

    def _languages(self, place: int) -> tuple[str, str]:
        return self.pairs.source_language(place), self.pairs.target_language(place)

    def _cross_entropy(self, generator: nn.Module, places: Sequence[int], device: torch.device) -> float:
        pad_id, total, count = self.pairs.segmenter.pad_id, 0.0, 0
        ordered = sorted(places, key=lambda place: int(self.pairs.lengths[place, 1]))
        for first in range(0, len(ordered), 32):
            items = [self.pairs[place] for place in ordered[first : first + 32]]
            source, target = (_rows(items, name, self.pairs.padding[name]).to(device) for name in ("source", "target"))
            logits = next_subword_logits(generator, source, target, pad_id).float()
            total += float(
                nn.functional.cross_entropy(
                    logits.flatten(0, 1), target.flatten(), ignore_index=IGNORED, reduction="sum"
                )
            )
            count += int((target != IGNORED).sum())
        return total / count

    # -- what a model begins with and keeps -----------------------------------------------------------------------

    def check_start(self, model: ModelFolder) -> None:
        """See that a model to begin with belongs to this data.

        Raises:
            CheckpointError: it translates between other languages or has another vocabulary.
        """
        ours, theirs = list(self.pairs.languages), model.config.get("languages")
        if theirs is not None and theirs != ours and not self.transfer:
            raise CheckpointError(
                f"{model.path} translates {' to '.join(map(str, theirs))}, and this data is {' to '.join(ours)}",
                "begin with a model of these languages, or set start=null; with task.transfer=true a model of other "
                "languages is a beginning too",
            )
        if model.config.get("segmentation") != self.pairs.segmenter.fingerprint():
            raise CheckpointError(
                f"{model.path} has another vocabulary than this data is segmented with: its weights would mean other "
                "subwords",
                f"segment the data with the model's own: data.segmentation={model.path}; generated data needs the "
                "settings that the model's data had",
            )

    def model_config(self, network: nn.Module) -> dict[str, Any]:
        """What a model must remember: languages, vocabulary, and what plain `transformers` reads."""
        several = self.pairs.segmenter.settings.languages
        return {
            **shared_folder_config(network),
            "languages": list(self.pairs.languages),
            **({"target_languages": list(several)} if several else {}),
            "segmentation": self.pairs.segmenter.fingerprint(),
        }

    def files(self) -> dict[str, bytes]:
        """The segmenter and how plain `transformers` shall search, as files of the model folder."""
        with tempfile.TemporaryDirectory() as folder:
            self.pairs.segmenter.save(Path(folder))
            files = {file.name: file.read_bytes() for file in sorted(Path(folder).iterdir())}
        segmenter = self.pairs.segmenter
        return {**files, GENERATION_CONFIG: generation_config(segmenter.pad_id, segmenter.eos_id)}


def _scored(
    written: Sequence[str], references: Sequence[str], languages: Sequence[tuple[str, str]]
) -> dict[str, float]:
    """Scores by language, and their means."""
    several: dict[str, float] = {}
    found: list[dict[str, float]] = []
    sources = {source for source, _ in languages}
    for source, target in sorted(set(languages)):
        rows = [place for place, one in enumerate(languages) if one == (source, target)]
        values = score([written[row] for row in rows], [references[row] for row in rows], target).values
        label = target if len(sources) == 1 else f"{source}_{target}"
        several |= {f"{name}_{label}": value for name, value in values.items()}
        found.append(values)
    means = {name: sum(values[name] for values in found) / len(found) for name in found[0]}
    return means if len(found) == 1 else {**means, **several}


class _Varied:
    """Training texts as they are not stored: segmented in another way, their sources mistyped."""

    def __init__(self, pairs: SegmentedPairs, alpha: float | None, noise: float, kinds: Sequence[NoiseKind]) -> None:
        self.pairs = pairs
        self.alpha = alpha
        self.noise = noise
        self.kinds = kinds

    def __call__(self, item: Item, generator: np.random.Generator) -> Item:
        place, seed = int(item["place"][0]), int(generator.integers(2**31))
        source = self.pairs.pair(place).source
        if self.noise:
            kind = self.kinds[int(generator.integers(len(self.kinds)))]
            source = add_noise(source, kind, float(generator.uniform(0, self.noise)), seed)
        return self.pairs.encoded(place, seed, self.alpha, source)


def next_subword_logits(network: nn.Module, source_BS: Tensor, target_BT: Tensor, pad_id: int) -> Tensor:
    """`logits_BTV`: scores of each subword of the target, from the source and the target's subwords before it.

    Args:
        network: a sequence-to-sequence network of transformers.
        source_BS: ids, `pad_id` after the text.
        target_BT: ids, `IGNORED` after the text.
        pad_id: also what the decoder begins with.
    """
    return logits_after(network, source_BS, shifted(target_BT, pad_id), pad_id)


def logits_after(network: nn.Module, source_BS: Tensor, read_BT: Tensor, pad_id: int) -> Tensor:
    """`logits_BTV`: scores of what follows each of the ids that the decoder reads (see `next_subword_logits`)."""
    answer = network(
        input_ids=source_BS,
        attention_mask=(source_BS != pad_id).long(),
        decoder_input_ids=read_BT,
        use_cache=False,
    )
    logits: Tensor = answer.logits
    return logits


def shifted(target_BT: Tensor, pad_id: int) -> Tensor:
    """What the decoder reads to write a target: `pad_id`, and the target without its last place."""
    before = target_BT.new_full((len(target_BT), 1), pad_id)
    return torch.cat([before, target_BT[:, :-1].masked_fill(target_BT[:, :-1] == IGNORED, pad_id)], 1)


def _rows(items: Sequence[Item], name: str, fill: int) -> Tensor:
    rows = [torch.as_tensor(np.asarray(item[name]), dtype=torch.int64) for item in items]
    return nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=fill)
