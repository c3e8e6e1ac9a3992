"""CTranslate2: models in its format, and running them. The one place that imports it."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import torch
from torch import nn

from toolkit.engine.files import atomic_folder, sha256
from toolkit.engine.host import choose_threads
from toolkit.engine.models import WEIGHTS
from toolkit.errors import CheckpointError, require
from toolkit.translation.decoding.batches import batches_by_length, decoder_for, forced_log_probs
from toolkit.translation.decoding.hypotheses import Hypothesis
from toolkit.translation.decoding.marian_decoder import is_marian
from toolkit.translation.engines import Request, TorchEngine
from toolkit.translation.options import Options
from toolkit.translation.segmentation.tokenizer import Segmenter
from toolkit.translation.transformers_part import transformers_library

Quantization: TypeAlias = Literal["int8", "int16", "float32"]
"""How weights are stored: 8-bit or 16-bit integers with scales, or as they are."""

QUANTIZATIONS: tuple[Quantization, ...] = get_args(Quantization)
"""The fastest first: what a pipeline looks for."""

NOTE = "export.json"
"""What an export was made of, beside CTranslate2's own files."""

_BATCH_TOKENS = 4096
_ALLOWED = {"float32": 1e-3, "int16": 0.2, "int8": 2.0}  # nats; a wrong conversion is off by more than ten


def export_folder(model: Path, quantization: Quantization) -> Path:
    """Where the export of a model is looked for: `<model>/ctranslate2-int8`."""
    return model / f"ctranslate2-{quantization}"


def found_export(model: Path) -> Path | None:
    """The fastest export in a model folder that was made of its present weights, if there is one.

    Raises:
        CheckpointError: there are exports, but of other weights.
    """
    folders = [export_folder(model, name) for name in QUANTIZATIONS if (export_folder(model, name) / NOTE).is_file()]
    if not folders:
        return None
    present = sha256(model / WEIGHTS)
    for folder in folders:
        if _note(folder).get("weights") == present:
            return folder
    raise CheckpointError(
        f"{folders[0]} was made of other weights than {model / WEIGHTS}",
        f"make it again: toolkit export {model} --to ctranslate2",
    )


def is_installed() -> bool:
    """Whether CTranslate2 can be imported."""
    return find_spec("ctranslate2") is not None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How an export compares with the network it was made of.

    Attributes:
        compared: sentences that both translated, greedily.
        equal: those with the same translation.
        difference: largest difference of the log-probability that both give to a subword of these translations, nats.
    """

    compared: int
    equal: int
    difference: float


def write_export(
    network: nn.Module,
    segmenter: Segmenter,
    model: Path,
    out: Path,
    quantization: Quantization,
    sources: Sequence[Sequence[int]] = (),
) -> Agreement:
    """Convert a Marian network, and compare what comes out with it before the folder gets its name.

    Args:
        network: with the model's weights.
        segmenter: of the model.
        model: its folder, with its vocabulary.
        out: the folder to write, whole or not at all; one that is there is replaced.
        quantization: of the weights.
        sources: ids of sentences to compare with; by default made of random subwords.

    Raises:
        CheckpointError: CTranslate2 cannot run such a network, or the export does not compute what the network does.
        MissingExtraError: CTranslate2 is not installed.
    """
    if not is_marian(network):
        raise CheckpointError(
            f"{model}: only Marian networks are exported to CTranslate2, and this is a {type(network).__name__}",
            "use it with PyTorch, or convert it with ct2-transformers-converter",
        )
    require("ctranslate2", "ctranslate2", "Export to CTranslate2")
    converters: Any = require("ctranslate2.converters", "ctranslate2", "Export to CTranslate2")
    prepared = _starting_from_zero(network)

    class Converter(converters.TransformersConverter):  # type: ignore[misc]
        """Takes the network that is there already."""

        def load_model(self, model_class: Any, model_name_or_path: str, **settings: Any) -> Any:
            return prepared

    with atomic_folder(out) as folder:
        inner = folder / "converted"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the library's tokenizer recommends a package that nothing here uses
                Converter(str(model)).convert(str(inner), quantization=quantization)
        except (ValueError, NotImplementedError, KeyError, OSError) as error:
            raise CheckpointError(f"{model} cannot be converted by CTranslate2: {error}") from error
        for file in inner.iterdir():
            file.rename(folder / file.name)
        inner.rmdir()
        note = {"weights": sha256(model / WEIGHTS), "quantization": quantization}
        (folder / NOTE).write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")
        found = _agreement(network, segmenter, folder, sources or _random_sources(segmenter))
        if not found.difference <= _ALLOWED[quantization]:
            raise CheckpointError(
                f"the export of {model} gives other probabilities than the network: {found.difference:.2g} nats apart "
                f"(allowed {_ALLOWED[quantization]})",
                "please report this; the model itself is unharmed",
            )
    return found


def _agreement(network: nn.Module, segmenter: Segmenter, folder: Path, sources: Sequence[Sequence[int]]) -> Agreement:
    """Both translate; then CTranslate2 is asked for the probability of each subword of PyTorch's translations."""
    request = Request(sources, Options(beam=1, extra=10))
    engine = CTranslate2Engine(folder, segmenter, 512)
    ours = [one[0].ids for one in TorchEngine(network).run(request)]
    theirs = [one[0].ids for one in engine.run(request)]
    difference = 0.0
    for source, ids in zip(sources, ours, strict=True):
        if ids:
            wanted = forced_log_probs(decoder_for(network), source, ids)
            found = torch.tensor(engine.log_probs(source, ids))
            difference = max(difference, float((found - wanted).abs().max()))
    equal = sum(one == other for one, other in zip(ours, theirs, strict=True))
    return Agreement(len(sources), equal, difference)


def _random_sources(segmenter: Segmenter, count: int = 24) -> list[list[int]]:
    """Sentences of random pieces: every model can be asked, and they are harder than real ones."""
    generator = torch.Generator().manual_seed(0)
    rows = []
    for number in range(count):
        ids = torch.randint(2, len(segmenter) - 1, (3 + number % 8,), generator=generator)
        rows.append([*ids.tolist(), segmenter.eos_id])
    return rows


def _starting_from_zero(network: nn.Module) -> nn.Module:
    """A copy whose decoder begins with a vector of zeros, as CTranslate2 runs Marian, and which computes the same.

    A trained network begins with the vector of `<pad>`, which also scores `<pad>` as an output and so learns. Added to
    the vector of the first position instead, it has the same effect: nothing else ever stands there.
    """
    library = transformers_library("Export to CTranslate2")
    copy: Any = library.MarianMTModel(network.config)
    copy.load_state_dict({name: value.detach().float() for name, value in network.state_dict().items()}, strict=False)
    decoder = copy.model.decoder
    with torch.no_grad():
        row = decoder.embed_tokens.weight[copy.config.decoder_start_token_id] * decoder.embed_scale
        decoder.embed_positions.weight[0] += row
    return copy.eval()  # type: ignore[no-any-return]


class CTranslate2Engine:
    """An exported model, run by CTranslate2 (`toolkit.translation.engines.Engine`).

    Args:
        folder: what `write_export` wrote.
        segmenter: of the model.
        longest: subwords that a source may have.
        device: `cpu` or `cuda`.
        threads: that compute; by default those that are free.

    Raises:
        CheckpointError: the folder cannot be read.
        MissingExtraError: CTranslate2 is not installed.
    """

    def __init__(
        self, folder: Path, segmenter: Segmenter, longest: int, device: str = "cpu", threads: int | None = None
    ) -> None:
        library: Any = require("ctranslate2", "ctranslate2", "This export")
        quantization = str(_note(folder).get("quantization", "default"))
        able = quantization in (*library.get_supported_compute_types(device), "default")
        self._folder, self._device, self._threads = folder, device, threads or choose_threads()
        self._compute = quantization if able else "float32"  # int16 is not everywhere
        self._open: Any = library.Translator
        self._translators: dict[bool, Any] = {}
        self._translator(False)
        self.name = f"ctranslate2-{quantization}"
        self.longest = longest
        self._segmenter = segmenter

    def _translator(self, parallel: bool) -> Any:
        """One that gives all threads to one batch, or each thread a batch of its own, which is faster for many."""
        parallel = parallel and self._threads > 1 and self._device == "cpu"
        if parallel not in self._translators:
            many, each = (self._threads, 1) if parallel else (1, self._threads)
            try:
                self._translators[parallel] = self._open(
                    str(self._folder),
                    device=self._device,
                    compute_type=self._compute,
                    inter_threads=many,
                    intra_threads=each,
                )
            except (RuntimeError, ValueError) as error:
                raise CheckpointError(
                    f"{self._folder} cannot be run by CTranslate2: {str(error).splitlines()[0]}",
                    "make it again: toolkit export MODEL --to ctranslate2",
                ) from error
        return self._translators[parallel]

    def can(self, request: Request) -> bool:
        """Neither random nor constrained translations, nor where the network looked."""
        return not (request.options.random or request.constraints or request.options.alignment)

    def run(self, request: Request, progress: Callable[[int], None] | None = None) -> list[list[Hypothesis]]:
        """See `Engine.run`."""
        options, rows = request.options, request.rows
        found: list[list[Hypothesis]] = [[] for _ in rows]
        batches = list(batches_by_length([len(row) for row in rows], _BATCH_TOKENS, options.batch_size))
        translator = self._translator(len(batches) > 1)
        waiting = [
            translator.translate_batch(
                [self._tokens(rows[place]) for place in places],
                beam_size=options.beam,
                num_hypotheses=options.n_best,
                length_penalty=options.length_penalty,
                no_repeat_ngram_size=options.no_repeat,
                min_decoding_length=options.least,
                max_decoding_length=max(self._limit(rows[place], options) for place in places),
                max_input_length=0,
                return_scores=True,
                asynchronous=True,
            )
            for places in batches
        ]
        done = 0
        for places, answers in zip(batches, waiting, strict=True):
            for place, asked in zip(places, answers, strict=True):
                answer, limit = asked.result(), self._limit(rows[place], options)
                found[place] = [
                    self._hypothesis(pieces, score, limit, options.length_penalty)
                    for pieces, score in zip(answer.hypotheses, answer.scores, strict=True)
                ]
            done += len(places)
            if progress is not None:
                progress(done)
        return found

    def log_probs(self, source: Sequence[int], ids: Sequence[int]) -> list[float]:
        """Log-probabilities of the subwords of a translation and of its end mark."""
        answer = self._translator(False).score_batch([self._tokens(source)], [self._segmenter.pieces(ids)])
        found: list[float] = answer[0].log_probs
        return found

    def _tokens(self, row: Sequence[int]) -> list[str]:
        """Pieces, the end mark included: the converter leaves it to whoever calls."""
        return [*self._segmenter.pieces(row), "</s>"]

    def _limit(self, row: Sequence[int], options: Options) -> int:
        return min(int(len(row) * options.ratio) + options.extra, self.longest)

    def _hypothesis(self, pieces: Sequence[str], score: float, limit: int, penalty: float) -> Hypothesis:
        known = self._segmenter.vocabulary
        ids = tuple(known[piece] for piece in pieces)
        log_prob = score * (len(ids) + 1) ** penalty
        return Hypothesis(ids[:limit], score, log_prob, None, len(ids) < limit)


def _note(folder: Path) -> dict[str, Any]:
    try:
        document = json.loads((folder / NOTE).read_bytes())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
