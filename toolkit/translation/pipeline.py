"""Trained translators, ready to use: load a folder, translate texts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import torch
from torch import Tensor, nn

from toolkit.config import build
from toolkit.data.source import Source
from toolkit.engine.models import ModelFolder, load_weights
from toolkit.errors import CheckpointError, ToolkitError, nearest
from toolkit.translation.computing import Computing
from toolkit.translation.ctranslate2_export import write_export
from toolkit.translation.ctranslate2_part import Quantization, export_folder
from toolkit.translation.engines import Engine
from toolkit.translation.evaluating import evaluate_translations, open_pairs
from toolkit.translation.options import Options
from toolkit.translation.passage_translator import PassageTranslator
from toolkit.translation.passages import Progress, joined
from toolkit.translation.results import Translation
from toolkit.translation.segmentation.tokenizer import Segmenter
from toolkit.translation.seq2seq import is_seq2seq
from toolkit.translation.terms import Termbase

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
        self._computing = Computing(self.network, segmenter, folder)
        self.notes = self._computing.notes
        self._passages = PassageTranslator(self._computing, segmenter, languages[1], self.network)

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
        """Choose the way to compute, `auto` at first: see `toolkit.translation.computing.Computing.choose`.

        Returns:
            The pipeline.
        """
        self._computing.choose(path, export)
        return self

    @property
    def engine(self) -> Engine:
        """What computes now."""
        return self._computing.engine

    def into(self, language: str) -> TranslationPipeline:
        """This translator writing another of the languages that it was trained to write; the network is shared.

        Raises:
            ToolkitError: it does not write that language.
        """
        known = self.segmenter.settings.languages or (self.languages[1],)
        if language not in known:
            raise ToolkitError(f"this model does not write '{language}'; {nearest(language, known)}")
        languages = (self.languages[0], language)
        return TranslationPipeline(self.network, self.segmenter, languages, self.config, self.folder)

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
        passages = self._passages.cut(text)
        first, count = 0, 1
        while first < len(passages):
            yield from self._passages.translated(passages[first : first + count], chosen, base, first)
            first, count = first + count, _STREAMED

    def _translated(
        self, texts: Sequence[str], options: Options, base: Termbase | None, progress: Progress | None
    ) -> list[Translation]:
        passages = [self._passages.cut(text, options.split) for text in texts]
        together = [one for group in passages for one in group]
        done = iter(self._passages.translated(together, options, base, progress=progress))
        return [joined(text, [next(done) for _ in group]) for text, group in zip(texts, passages, strict=True)]

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
            DataError: the pairs cannot be read; nothing is written then.
            MissingExtraError: CTranslate2 is not installed.
        """
        if self.folder is None:
            raise CheckpointError("this pipeline has no model folder to export", "save the model first")
        folder = out or export_folder(self.folder, quantization)
        source = None if pairs is None else self.open_data(pairs, "test")[0]
        found = write_export(self.network, self.segmenter, self.folder, folder, quantization)
        told: dict[str, Any] = {
            "file": str(folder),
            "quantization": quantization,
            "compared": found.compared,
            "equal": found.equal,
            "largest_difference": found.difference,
        }
        if source is None:
            return told
        before, after = (
            TranslationPipeline(self.network, self.segmenter, self.languages, self.config, self.folder)
            .compute_in(path, export)
            .evaluate(source, ["bleu"], None, 0)["metrics"]["bleu"]
            for path, export in (("torch", None), ("ctranslate2", folder))
        )
        return {**told, "pairs": str(pairs), "bleu": after, "bleu_loss": before - after}


def _termbase(terms: Termbase | str | Path | None) -> Termbase | None:
    return Termbase.load(Path(terms)) if isinstance(terms, (str, Path)) else terms
