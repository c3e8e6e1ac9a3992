"""Sequence-to-sequence networks: transformers' own modules, made from a few numbers or taken from a folder.

The generator of a translator is a `transformers` model with a decoder of its own, nothing around it: its weights have
the library's names, so that a model trained here is loaded by plain `transformers` and converted by CTranslate2.
"""

from __future__ import annotations

import json
from typing import Any, Literal

import torch
from torch import nn

from toolkit.engine.models import locate_model
from toolkit.errors import CheckpointError
from toolkit.translation.transformers_part import transformers_library

GENERATION_CONFIG = "generation_config.json"
_PURPOSE = "A sequence-to-sequence network"


def marian(
    vocabulary: int,
    pad_id: int,
    eos_id: int,
    width: int = 256,
    hidden: int = 1024,
    encoder_layers: int = 4,
    decoder_layers: int = 4,
    heads: int = 4,
    dropout: float = 0.1,
    attention_dropout: float = 0.0,
    activation: Literal["relu", "swish", "gelu"] = "relu",
    longest: int = 512,
) -> nn.Module:
    """The Transformer (Vaswani et al. 2017) as Marian has it: post-norm, sinusoidal positions, one table of embeddings.

    Args:
        vocabulary: number of subwords.
        pad_id: what fills the places after a text, and what the decoder begins with.
        eos_id: what ends a text.
        width: of the states; a multiple of `heads`.
        hidden: of the feed-forward layers.
        encoder_layers: layers that read the source.
        decoder_layers: layers that write the target; fewer of them (1 or 2) translate faster.
        heads: of every attention.
        dropout: of states, in training.
        attention_dropout: of attention weights, in training; 0 keeps the fast kernels.
        activation: between the two feed-forward layers.
        longest: subwords of the longest text, source or target.

    Returns:
        A `transformers.MarianMTModel`.

    Raises:
        MissingExtraError: transformers is not installed.
    """
    library = transformers_library(_PURPOSE)
    if width % heads:
        raise ValueError(f"width={width} must be a multiple of heads={heads}")
    config = library.MarianConfig(
        vocab_size=vocabulary,
        d_model=width,
        encoder_layers=encoder_layers,
        decoder_layers=decoder_layers,
        encoder_ffn_dim=hidden,
        decoder_ffn_dim=hidden,
        encoder_attention_heads=heads,
        decoder_attention_heads=heads,
        dropout=dropout,
        attention_dropout=attention_dropout,
        activation_dropout=0.0,
        activation_function=activation,
        max_position_embeddings=longest,
        scale_embedding=True,
        share_encoder_decoder_embeddings=True,
        tie_word_embeddings=True,
        pad_token_id=pad_id,
        eos_token_id=eos_id,
        forced_eos_token_id=None,
        decoder_start_token_id=pad_id,
        init_std=width**-0.5,  # embeddings of length 1, which scale_embedding brings to the size of the positions
        attn_implementation="sdpa",
    )
    network: nn.Module = library.MarianMTModel(config)
    _glorot(network)
    return _without_frozen(network)


def huggingface(
    vocabulary: int,
    pad_id: int,
    eos_id: int,
    path: str | None = None,
    config: dict[str, str | int | float | bool] | None = None,
) -> nn.Module:
    """Any sequence-to-sequence model of transformers (BART, T5, mBART, NLLB, ...), from a folder or a configuration.

    Args:
        vocabulary: number of subwords of the data's segmentation; the model is refused when it has fewer.
        pad_id: what fills the places after a text.
        eos_id: what ends a text.
        path: a run or model folder, the name of a shipped model, a folder of transformers, or a name on the Hugging
            Face hub that has been fetched before: nothing is downloaded.
        config: what `transformers.AutoConfig` needs, `{model_type: bart, d_model: 256, ...}`; weights are new then.

    Raises:
        CheckpointError: there is no such model here, or its vocabulary does not fit.
        MissingExtraError: transformers is not installed.
    """
    library = transformers_library(_PURPOSE)
    if (path is None) == (config is None):
        raise ValueError("give path or config, and not both")
    try:
        if config is not None:
            ids = {"vocab_size": vocabulary, "pad_token_id": pad_id, "eos_token_id": eos_id}
            document = {"decoder_start_token_id": pad_id, "forced_eos_token_id": None, **ids, **config}
            described = library.AutoConfig.for_model(**document)
            network = library.AutoModelForSeq2SeqLM.from_config(described)
        else:
            network = library.AutoModelForSeq2SeqLM.from_pretrained(
                _place(str(path)), local_files_only=True, dtype=torch.float32
            )
    except (OSError, ValueError, KeyError, TypeError) as error:
        words = str(error).strip().splitlines() or [type(error).__name__]
        raise CheckpointError(
            f"{path or config}: transformers cannot make a sequence-to-sequence model of it: {words[0]}",
            "name a folder that holds config.json and weights; models of the hub must be fetched before",
        ) from error
    found = int(network.get_input_embeddings().num_embeddings)
    if found < vocabulary:
        raise CheckpointError(
            f"{path or config} has {found} subwords, the data {vocabulary}: another vocabulary",
            f"segment the data with the model's own vocabulary: data.segmentation={path or 'FOLDER'}",
        )
    return _without_frozen(network)


def _place(path: str) -> str:
    """The folder of one of our models; anything else as it is, for transformers to find."""
    try:
        return str(locate_model(path))
    except CheckpointError:
        return path


def is_seq2seq(network: nn.Module) -> bool:
    """Whether a network is one of transformers' sequence-to-sequence models."""
    return bool(getattr(getattr(network, "config", None), "is_encoder_decoder", False))


def shared_folder_config(network: nn.Module) -> dict[str, Any]:
    """What plain `transformers` must find in `config.json` to load the network; empty for any other network."""
    if not is_seq2seq(network):
        return {}
    document: dict[str, Any] = network.config.to_dict()  # type: ignore[operator, union-attr]
    document.pop("transformers_version", None)
    return {**document, "architectures": [type(network).__name__], "dtype": "float32"}


def generation_config(pad_id: int, eos_id: int, longest: int = 512, beam: int = 5) -> bytes:
    """What plain `transformers` reads to search as this toolkit does: the content of `generation_config.json`.

    Args:
        pad_id: what the decoder begins with, and never writes.
        eos_id: what ends a translation.
        longest: subwords of a translation; without it the library would stop after 20.
        beam: hypotheses that are kept, where a caller does not say otherwise.
    """
    document = {
        "bad_words_ids": [[pad_id]],
        "decoder_start_token_id": pad_id,
        "eos_token_id": eos_id,
        "max_length": longest,
        "num_beams": beam,
        "pad_token_id": pad_id,
    }
    return (json.dumps(document, indent=2) + "\n").encode()


def _glorot(network: nn.Module) -> None:
    """Glorot and Bengio 2010 for all products, which post-norm layers need to begin training at all."""
    for module in network.modules():
        if isinstance(module, nn.Linear) and module.weight.shape[0] != network.config.vocab_size:  # type: ignore[union-attr]
            nn.init.xavier_uniform_(module.weight)


def _without_frozen(network: nn.Module) -> nn.Module:
    """Tables that never train (sinusoidal positions) as buffers: what is a parameter here is trained."""
    for module in network.modules():
        for name, value in list(module.named_parameters(recurse=False)):
            if not value.requires_grad:
                delattr(module, name)
                module.register_buffer(name, value.detach().clone())
    return network
