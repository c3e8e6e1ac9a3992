"""CTranslate2 as an engine of translators: where its exports lie, and running them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import torch

from toolkit.engine.files import sha256
from toolkit.engine.host import choose_threads
from toolkit.engine.models import WEIGHTS
from toolkit.errors import CheckpointError, require
from toolkit.translation.decoding.batches import batches_by_length
from toolkit.translation.decoding.hypotheses import Hypothesis
from toolkit.translation.engines import Request
from toolkit.translation.options import Options
from toolkit.translation.segmentation.tokenizer import Segmenter

Quantization: TypeAlias = Literal["int8", "int16", "float32"]
"""How weights are stored: 8-bit or 16-bit integers with scales, or as they are."""

QUANTIZATIONS: tuple[Quantization, ...] = get_args(Quantization)
"""The fastest first: what a pipeline looks for."""

NOTE = "export.json"
"""What an export was made of, beside CTranslate2's own files."""

_BATCH_TOKENS = 4096
_LARGE = 100 * 2**20
"""Bytes of weights from which on several threads help with one sentence. A product of a small network is done sooner
than a second thread wakes: single sentences of a 12 MB model took 7 times as long with two threads as with one."""


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


class CTranslate2Engine:
    """An exported model, run by CTranslate2 (`toolkit.translation.engines.Engine`).

    Args:
        folder: what `toolkit.translation.ctranslate2_export` wrote.
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
        sizes = [file.stat().st_size for file in folder.glob("model.bin")]
        self._side_by_side = device == "cpu" and sum(sizes) < _LARGE
        self._translator(1)
        self.name = f"ctranslate2-{quantization}"
        self.longest = longest
        self._segmenter = segmenter

    def _translator(self, batches: int) -> Any:
        """One that gives each thread a batch of its own, or all threads to the one batch of a large network."""
        parallel = self._side_by_side or (batches > 1 and self._threads > 1 and self._device == "cpu")
        if parallel not in self._translators:
            many, each = (self._threads, 1) if parallel else (1, self._threads)
            before = torch.get_num_threads()
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
            finally:
                torch.set_num_threads(before)  # opening sets OpenMP's number, PyTorch's too, to that of each
        return self._translators[parallel]

    def can(self, request: Request) -> bool:
        """Neither random nor constrained translations, nor where the network looked."""
        return not (request.options.random or request.constraints or request.options.alignment)

    def run(self, request: Request, progress: Callable[[int], None] | None = None) -> list[list[Hypothesis]]:
        """See `Engine.run`."""
        options, rows = request.options, request.rows
        found: list[list[Hypothesis]] = [[] for _ in rows]
        size = options.batch_size
        if self._side_by_side:  # a part of them for each thread
            size = min(size, max(1, -(-len(rows) // self._threads)))
        batches = list(batches_by_length([len(row) for row in rows], _BATCH_TOKENS, size))
        translator = self._translator(len(batches))
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
        answer = self._translator(1).score_batch([self._tokens(source)], [self._segmenter.pieces(ids)])
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
