"""Trained translators, ready to use: load a folder, translate texts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import torch
from torch import Tensor, nn

from toolkit.config import build
from toolkit.data.source import Source
from toolkit.engine.models import ModelFolder, load_weights
from toolkit.errors import CheckpointError, MissingExtraError, ToolkitError, nearest
from toolkit.translation import ctranslate2_part
from toolkit.translation.ctranslate2_part import Quantization
from toolkit.translation.decoding.hypotheses import Hypothesis
from toolkit.translation.engines import Engine, Request, TorchEngine
from toolkit.translation.evaluating import evaluate_translations, open_pairs
from toolkit.translation.options import Options
from toolkit.translation.passages import Cutter, Passage, Progress, has_spaces, joined, translation_of
from toolkit.translation.results import Translation
from toolkit.translation.segmentation.tokenizer import Segmenter
from toolkit.translation.seq2seq import is_seq2seq
from toolkit.translation.term_constraints import continuing, term_constraints
from toolkit.translation.terms import Termbase

PATHS = ("auto", "torch", "torch-bfloat16", "torch-int8", "ctranslate2")
"""Ways to compute; see `TranslationPipeline.compute_in`."""

_STREAMED = 16  # sentences that a stream translates at once, after the first


class TranslationPipeline:
    """A translator with its vocabulary; made by `toolkit.load`.

    Args:
        network: a sequence-to-sequence network of transformers, in evaluation mode.
        segmenter: its vocabulary, and how texts are prepared.
        languages: codes of the source and the target language.
        config: the model's `config.json`.
        folder: the model folder, which may hold exports.

    Attributes:
        languages: codes of the source and the target language.
        path: how translations are computed, see `compute_in`. `auto` after loading.
        notes: sentences for the user about what went another way than expected.
    """

    modality = "translation"

    def __init__(
        self,
        network: nn.Module,
        segmenter: Segmenter,
        languages: tuple[str, str],
        config: dict[str, Any] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.network = network.eval().requires_grad_(False)
        self.segmenter = segmenter
        self.languages = languages
        self.config = config or {}
        self.folder = folder
        self.notes: list[str] = []
        self.path = "auto"
        self._chosen: Engine | None = None

    @classmethod
    def from_folder(cls, model: ModelFolder, device: torch.device) -> TranslationPipeline:
        """Build the network that `config.json` describes and give it the folder's weights and vocabulary.

        Raises:
            CheckpointError: a weight or file is missing, or the vocabulary is that of another model.
            ConfigError: the network cannot be built.
        """
        words = f"{model.path}/config.json"
        expected = model.config["segmentation"]
        for name in ("source.spm", "target.spm", "vocab.json", "segmenter.json"):
            model.file(name)
        segmenter = Segmenter.load(model.path, expected if isinstance(expected, str) else None)
        spec = model.config.get("network") or model.config["generator"]
        network = build("generators", spec, f"{words}:network")
        if not is_seq2seq(network):
            raise CheckpointError(f"{words}: the network is no sequence-to-sequence network of transformers")
        load_weights(network, model.weights, model.path)
        rows = int(network.get_input_embeddings().num_embeddings)
        if rows < len(segmenter):
            raise CheckpointError(
                f"{model.path}: the vocabulary has {len(segmenter)} subwords, the network {rows}: they do not fit",
                "copy the whole model folder again; files of two models do not mix",
            )
        source, target = model.config["languages"]
        return cls(network.to(device), segmenter, (str(source), str(target)), model.config, model.path)

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.network.parameters()).device

    def fingerprint(self) -> str:
        """A hash of weights and vocabulary: equal for models that translate alike."""
        digest = hashlib.sha256(self.segmenter.fingerprint().encode())
        for name, value in sorted(self.network.state_dict().items()):
            digest.update(name.encode())
            digest.update(value.detach().cpu().contiguous().float().numpy().tobytes())
        return digest.hexdigest()

    # -- how to compute -------------------------------------------------------------------------------------------

    def compute_in(self, path: str, export: Path | None = None) -> TranslationPipeline:
        """Choose the way to compute. Returns the pipeline.

        Args:
            path: `torch` (float32, what training computes); `torch-bfloat16`; `torch-int8` (CPU, about twice as fast);
                `ctranslate2` (an export in the model folder, the fastest on a CPU); or `auto`: CTranslate2 where it is
                installed and the model has an export, else `torch`.
            export: folder of an export that is not in the model folder.

        Raises:
            ToolkitError: there is no such path, or no export.
            MissingExtraError: CTranslate2 is not installed.
        """
        if path not in PATHS:
            raise ToolkitError(f"there is no path '{path}'; {nearest(path, PATHS)}")
        if path == "torch-int8" and self.device.type != "cpu":
            raise ToolkitError(
                f"torch-int8 computes on the CPU, and the model is on {self.device}", "take another path"
            )
        self.path = path
        self._chosen = None
        if path == "ctranslate2":
            self._chosen = self._exported(export)
            if self._chosen is None:
                raise ToolkitError(
                    f"{self.folder} has no export for CTranslate2",
                    f"make one: toolkit export {self.folder} --to ctranslate2",
                )
        return self

    @property
    def engine(self) -> Engine:
        """What computes now."""
        if self._chosen is None:
            self._chosen = self._engine()
        return self._chosen

    def _engine(self) -> Engine:
        if self.path == "torch-bfloat16":
            return TorchEngine(self.network, "bfloat16")
        if self.path == "torch-int8":
            return TorchEngine(self.network, "int8")
        if self.path == "auto":
            try:
                if ctranslate2_part.is_installed() and (found := self._exported(None)) is not None:
                    return found
            except (CheckpointError, MissingExtraError) as error:
                self.notes.append(f"computed with PyTorch instead of CTranslate2: {error.message}")
        return self._torch

    @cached_property
    def _torch(self) -> Engine:
        return TorchEngine(self.network)

    def _exported(self, export: Path | None) -> Engine | None:
        if self.device.type not in ("cpu", "cuda"):
            return None
        found = export or (None if self.folder is None else ctranslate2_part.found_export(self.folder))
        if found is None:
            return None
        longest = int(getattr(self.network.config, "max_position_embeddings", 512))
        return ctranslate2_part.CTranslate2Engine(found, self.segmenter, longest, self.device.type)

    # -- translations ---------------------------------------------------------------------------------------------

    @overload
    def translate(
        self,
        text: str,
        *,
        terms: Termbase | str | Path | None = None,
        progress: Progress | None = None,
        **options: Any,
    ) -> Translation: ...

    @overload
    def translate(
        self,
        text: Sequence[str],
        *,
        terms: Termbase | str | Path | None = None,
        progress: Progress | None = None,
        **options: Any,
    ) -> list[Translation]: ...

    def translate(
        self,
        text: str | Sequence[str],
        *,
        terms: Termbase | str | Path | None = None,
        progress: Progress | None = None,
        **options: Any,
    ) -> Translation | list[Translation]:
        """Translate a text, or many.

        A text may be of any length: it is cut into sentences, and what stands between these is kept.

        Args:
            text: one or a list.
            terms: a termbase, or its file: translations of its terms that occur have to be used.
            progress: told how many sentences are done, and of how many.
            **options: the fields of `toolkit.translation.options.Options`: `beam=5`, `n_best=1`, ...

        Raises:
            ConfigError: an option is unknown or impossible.
            DataError: the termbase cannot be read.
        """
        chosen = Options.of(options)
        base = _termbase(terms)
        if isinstance(text, str):
            return self._translated([text], chosen, base, progress)[0]
        return self._translated(list(text), chosen, base, progress)

    def stream(self, text: str, *, terms: Termbase | str | Path | None = None, **options: Any) -> Iterator[Translation]:
        """Translate a long text sentence by sentence; the texts joined are what `translate` gives.

        Args:
            text: of any length.
            terms: as for `translate`.
            **options: likewise.

        Yields:
            The translation of each sentence, with the blanks that follow it; the first one as early as it can be had.
        """
        chosen, base = Options.of(options), _termbase(terms)
        passages = self._cutter.cut(text)
        first, count = 0, 1
        while first < len(passages):
            yield from self._finished(passages[first : first + count], chosen, base, first, None)
            first, count = first + count, _STREAMED

    def _translated(
        self, texts: Sequence[str], options: Options, base: Termbase | None, progress: Progress | None
    ) -> list[Translation]:
        passages = [self._cutter.cut(text, options.split) for text in texts]
        done = iter(self._finished([one for group in passages for one in group], options, base, 0, progress))
        return [joined(text, [next(done) for _ in group]) for text, group in zip(texts, passages, strict=True)]

    def _finished(
        self,
        passages: Sequence[Passage],
        options: Options,
        base: Termbase | None,
        first: int,
        progress: Progress | None,
    ) -> list[Translation]:
        """The translations of passages, of which the first one has this number among all."""
        rows = {first + place: one.encoded.ids for place, one in enumerate(passages) if one.encoded is not None}
        matches = {} if base is None else {number: base.find(passages[number - first].text) for number in rows}
        constraints = {number: term_constraints(self.segmenter, found) for number, found in matches.items()}
        bound = [number for number in rows if constraints.get(number) and not options.random]
        found: dict[int, list[Hypothesis]] = {}
        for numbers in ([number for number in rows if number not in bound], bound):  # a search with terms is slower
            if not numbers:
                continue
            request = Request([rows[number] for number in numbers], options, numbers)
            if numbers is bound:
                given = {number: constraints[number] for number in bound}
                request = replace(request, constraints=given, continues=self._continuing)
            engine = self.engine if self.engine.can(request) else self._torch
            told = None if progress is None else _counting(progress, len(found), len(rows))
            found.update(zip(numbers, engine.run(request, told), strict=True))
        return [
            translation_of(passage, found.get(first + place, []), self.segmenter, options, base)
            for place, passage in enumerate(passages)
        ]

    @cached_property
    def _cutter(self) -> Cutter:
        language = self.languages[1]
        token = language if language in self.segmenter.settings.languages else None
        return Cutter(self.segmenter, token, has_spaces(language), self.engine.longest)

    @cached_property
    def _continuing(self) -> Tensor:
        rows = int(self.network.get_output_embeddings().weight.shape[0])  # type: ignore[operator]
        known = continuing(self.segmenter)
        return nn.functional.pad(known, (0, rows - len(known)))

    # -- measuring ------------------------------------------------------------------------------------------------

    def open_data(self, path: Path, split: str) -> tuple[Source, str]:
        """A file of sentence pairs; see `toolkit.runs.paired.JudgesPairs`."""
        return open_pairs(self.segmenter, self.languages, [path]), path.name

    def open_sides(self, source: Path, target: Path) -> tuple[Source, str]:
        """Two text files with the sentences and their translations, line by line.

        Raises:
            DataError: they cannot be read, or have different numbers of lines.
        """
        return open_pairs(self.segmenter, self.languages, [source, target]), f"{source} and {target}"

    def evaluate(
        self,
        source: Source,
        metrics: Sequence[Any] | None,
        samples: int | None,
        seed: int,
        terms: Termbase | str | Path | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        """BLEU, chrF and exact matches with references; see `toolkit.runs.paired.JudgesPairs`.

        Args:
            source: sentence pairs.
            metrics: of `bleu`, `chrf`, `exact_match` and `term_accuracy`; all that can be computed by default.
            samples: most pairs to use, chosen at random.
            seed: of that choice.
            terms: a termbase, which translations keep to and are measured by.
            **options: as for `translate`.
        """
        return evaluate_translations(self, source, metrics, samples, seed, _termbase(terms), options)

    # -- for exports ----------------------------------------------------------------------------------------------

    @property
    def module(self) -> nn.Module:
        """The network."""
        return self.network

    def example_inputs(self) -> dict[str, Tensor]:
        """Inputs of the network, by name: a source, where it is, and the beginning of a translation."""
        device, end = self.device, self.segmenter.eos_id
        source = torch.tensor([[2, 3, end], [3, 2, end]], device=device)
        begun = torch.tensor([[self.segmenter.pad_id, 2]] * 2, device=device)
        return {"input_ids": source, "attention_mask": torch.ones_like(source), "decoder_input_ids": begun}

    def export_ctranslate2(
        self, out: Path | None = None, quantization: Quantization = "int8", pairs: Path | None = None
    ) -> dict[str, Any]:
        """Write the model in CTranslate2's format, after comparing what comes out with PyTorch.

        Args:
            out: the folder to write; by default within the model folder, where pipelines find it by themselves.
            quantization: how weights are stored.
            pairs: a file of sentence pairs to measure the loss of BLEU on.

        Returns:
            The `file` (the folder), how many sentences were `compared` and translated `equal`, `largest_difference` of
            log-probabilities; with pairs also `bleu` and `bleu_loss`.

        Raises:
            CheckpointError: such networks cannot be exported, or the export computes something else.
            MissingExtraError: CTranslate2 is not installed.
        """
        if self.folder is None:
            raise CheckpointError("this pipeline has no model folder to export", "save the model first")
        folder = out or ctranslate2_part.export_folder(self.folder, quantization)
        source = None if pairs is None else self.open_data(pairs, "test")[0]
        found = ctranslate2_part.write_export(self.network, self.segmenter, self.folder, folder, quantization)
        told: dict[str, Any] = {
            "file": str(folder),
            "quantization": quantization,
            "compared": found.compared,
            "equal": found.equal,
            "largest_difference": found.difference,
        }
        if source is None:
            return told
        bleu = [
            self._alike()
            .compute_in(path, folder if path == "ctranslate2" else None)
            .evaluate(source, ["bleu"], None, 0)
            for path in ("torch", "ctranslate2")
        ]
        values = [one["metrics"]["bleu"] for one in bleu]
        return {**told, "pairs": str(pairs), "bleu": values[1], "bleu_loss": values[0] - values[1]}

    def _alike(self) -> TranslationPipeline:
        """Another pipeline of the same network, which may compute in another way."""
        return TranslationPipeline(self.network, self.segmenter, self.languages, self.config, self.folder)


def _termbase(terms: Termbase | str | Path | None) -> Termbase | None:
    return Termbase.load(Path(terms)) if isinstance(terms, (str, Path)) else terms


def _counting(progress: Progress, before: int, total: int) -> Callable[[int], None]:
    return lambda done: progress(before + done, total)
