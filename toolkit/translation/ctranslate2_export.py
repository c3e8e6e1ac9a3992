"""Translators in CTranslate2's format, compared with PyTorch before they get their place."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from toolkit.engine.files import atomic_folder, sha256
from toolkit.engine.models import WEIGHTS
from toolkit.errors import CheckpointError, require
from toolkit.translation.ctranslate2_part import NOTE, CTranslate2Engine, Quantization
from toolkit.translation.decoding.batches import decoder_for, forced_log_probs
from toolkit.translation.decoding.marian_decoder import is_marian
from toolkit.translation.engines import Request, TorchEngine
from toolkit.translation.options import Options
from toolkit.translation.segmentation.tokenizer import Segmenter
from toolkit.translation.transformers_part import transformers_library

_ALLOWED = {"float32": 1e-3, "int16": 0.2, "int8": 2.0}  # nats; a wrong conversion is off by more than ten


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
    torch_engine = TorchEngine(network)
    engine = CTranslate2Engine(folder, segmenter, torch_engine.longest)
    ours = [one[0].ids for one in torch_engine.run(request)]
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
