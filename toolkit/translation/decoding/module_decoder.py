"""Any sequence-to-sequence module of transformers, step by step, with the library's own memory of keys and values."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import Tensor, nn

from toolkit.translation.decoding.stepwise import Step

_OLD_NAME = "past_key_values"


class ModuleDecoder:
    """A transformers network as it is; slower than one written for decoding, but any of them.

    Args:
        network: with an encoder and a decoder (Marian, BART, T5, ...), in evaluation mode.

    Raises:
        ValueError: its configuration does not say what a translation begins and ends with.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network: Any = network
        config = self.network.config
        self.pad_id, self.eos_id = _id(config, "pad_token_id"), _id(config, "eos_token_id")
        self.start_id = _id(config, "decoder_start_token_id")
        # What earlier steps left has another name from transformers 5.24 on, as an argument and in the answer.
        taken = inspect.signature(type(self.network).forward).parameters
        self.memory_name = "cache" if "cache" in taken else _OLD_NAME
        self.device: torch.device = next(self.network.parameters()).device
        self.vocabulary = int(self.network.get_output_embeddings().weight.shape[0])  # type: ignore[operator]
        places = getattr(config, "max_position_embeddings", None)
        self.longest = int(places) if places else 1 << 30  # relative positions (T5) know no end

    def begin(self, source_BS: Tensor, attention: bool = False) -> ModuleState:
        """Read the sources (`StepwiseDecoder.begin`)."""
        with torch.inference_mode():
            return ModuleState(self, source_BS, attention)


class ModuleState:
    """What the network remembers; made by `ModuleDecoder.begin` (see `DecoderState`).

    Args:
        decoder: the network.
        source_BS: ids.
        attention: steps say where they looked.
    """

    def __init__(self, decoder: ModuleDecoder, source_BS: Tensor, attention: bool) -> None:
        self._decoder = decoder
        self._attention = attention
        self._mask = (source_BS != decoder.pad_id).long()
        encoded = decoder.network.get_encoder()(input_ids=source_BS, attention_mask=self._mask)
        self._memory: Tensor = encoded.last_hidden_state
        self._cache: Any = None

    def step(self, tokens_R: Tensor) -> Step:
        """Append a subword to every hypothesis (`DecoderState.step`)."""
        network, memory_name = self._decoder.network, self._decoder.memory_name
        with torch.inference_mode(), _Told(network, self._attention):
            answer = network(
                encoder_outputs=(self._memory,),
                attention_mask=self._mask,
                decoder_input_ids=tokens_R.unsqueeze(1),
                use_cache=True,
                output_attentions=self._attention,
                **{memory_name: self._cache},
            )
            self._cache = getattr(answer, memory_name)
            logits = answer.logits[:, -1].float()
            logits[:, self._decoder.pad_id] = -torch.inf
            looked = answer.cross_attentions[-1][:, :, -1].float().mean(1) if self._attention else None
        return Step(logits, looked)

    def reorder(self, rows_BK: Tensor) -> None:
        """Go on with these rows (`DecoderState.reorder`)."""
        rows = rows_BK.flatten()
        with torch.inference_mode():
            self._memory = self._memory.index_select(0, rows)
            self._mask = self._mask.index_select(0, rows)
            if self._cache is not None:
                self._cache.reorder_cache(rows)


class _Told:
    """While it lasts, the network computes attention in the way that gives its weights."""

    def __init__(self, network: Any, wanted: bool) -> None:
        self._network, self._wanted = network, wanted
        self._before = getattr(network.config, "_attn_implementation", None)

    def __enter__(self) -> None:
        if self._wanted and self._before != "eager":
            self._network.set_attn_implementation("eager")

    def __exit__(self, *_: object) -> None:
        if self._wanted and self._before != "eager":
            self._network.set_attn_implementation(self._before)


def _id(config: Any, name: str) -> int:
    value = getattr(config, name, None)
    if not isinstance(value, int):
        raise ValueError(f"the network's configuration has {name}={value}, which must be a whole number")
    return value
