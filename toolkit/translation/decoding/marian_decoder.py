"""Marian's Transformer, written for decoding: the same numbers as transformers' own module in a fraction of the time.

Queries, keys and values are one product; the keys and values of the source are computed once; the memory of what was
written is set aside beforehand; hypotheses of one source share what belongs to it; and between the products of a step
there is as little Python as can be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from toolkit.translation.decoding.products import Precision, Product, product
from toolkit.translation.decoding.stepwise import Step

_ROOM = 32  # subwords that memory is set aside for at first


@dataclass(frozen=True, slots=True)
class _Norm:
    """Layer normalisation after the residual is added (post-norm)."""

    shape: tuple[int]
    weight: Tensor
    bias: Tensor
    eps: float

    def __call__(self, x: Tensor) -> Tensor:
        return torch.layer_norm(x, self.shape, self.weight, self.bias, self.eps)


@dataclass(frozen=True, slots=True)
class _Layer:
    """The products of an encoder or decoder layer; `query` to `beside` only in a decoder."""

    qkv: Product
    out: Product
    norm: _Norm
    first: Product
    second: Product
    final: _Norm
    activation: Callable[[Tensor], Tensor] | None
    query: Product | None = None
    keys_values: Product | None = None
    beside: Product | None = None
    beside_norm: _Norm | None = None

    def feed_forward(self, x: Tensor) -> Tensor:
        inner = self.first(x)
        if self.activation is not None:
            inner = self.activation(inner)
        return self.final(self.second(inner).add_(x))


class MarianDecoder:
    """A Marian network's weights, arranged for decoding. Weights that change later are not seen.

    Args:
        network: a `transformers.MarianMTModel`; dropout is never applied.
        precision: of the products.

    Raises:
        ValueError: it is another network.
    """

    def __init__(self, network: nn.Module, precision: Precision = "float32") -> None:
        if not is_marian(network):
            raise ValueError(f"{type(network).__name__} is no Marian network")
        model: Any = network
        config = model.config
        self.precision = precision
        self.dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
        self.pad_id, self.eos_id = int(config.pad_token_id), int(config.eos_token_id)
        self.start_id = int(config.decoder_start_token_id)
        self.longest = int(config.max_position_embeddings)
        encoder, decoder = model.model.encoder, model.model.decoder
        self.device = encoder.embed_tokens.weight.device
        self.heads, self.cross_heads = int(config.encoder_attention_heads), int(config.decoder_attention_heads)
        self._source_rows = self._table(encoder.embed_tokens.weight * encoder.embed_scale)
        same = decoder.embed_tokens.weight is encoder.embed_tokens.weight
        self._target_rows = (
            self._source_rows if same else self._table(decoder.embed_tokens.weight * decoder.embed_scale)
        )
        self._source_places = self._table(encoder.embed_positions.weight)
        self._target_places = self._table(decoder.embed_positions.weight)
        self._reading = [self._layer(layer, None) for layer in encoder.layers]
        self.writing = [self._layer(layer, layer.encoder_attn) for layer in decoder.layers]
        bias = model.final_logits_bias[0].detach().float().clone()
        bias[self.pad_id] = -torch.inf if precision != "int8" else 0.0
        self._bias = bias
        self._vocabulary = product(model.lm_head.weight, None if precision == "int8" else bias, precision)
        self.vocabulary = len(bias)

    def begin(self, source_BS: Tensor, attention: bool = False) -> MarianState:
        """Read the sources (`StepwiseDecoder.begin`)."""
        with torch.inference_mode():
            mask = source_BS != self.pad_id
            whole = bool(mask.all())
            memory = self._read(source_BS, None if whole else mask)
            return MarianState(self, memory, None if whole else mask, attention)

    def logits(self, x_RD: Tensor) -> Tensor:
        """Scores of the next subword, float32."""
        found = self._vocabulary(x_RD).float()
        if self.precision == "int8":  # an infinite bias does not survive rounding
            found += self._bias
            found[:, self.pad_id] = -torch.inf
        return found

    def embed(self, tokens_R: Tensor, place: int) -> Tensor:
        """Vectors of the subwords that stand at a place of the translation."""
        return self._target_rows[tokens_R] + self._target_places[place]

    def _read(self, source_BS: Tensor, mask_BS: Tensor | None) -> Tensor:
        """The encoder: `[B, S, D]`."""
        count, length = source_BS.shape
        x = (self._source_rows[source_BS] + self._source_places[:length]).view(count * length, -1)
        width, heads = x.shape[1], self.heads
        seen = None if mask_BS is None else mask_BS[:, None, None, :]
        for layer in self._reading:
            qkv = layer.qkv(x).view(count, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
            mixed = nn.functional.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], attn_mask=seen)
            x = layer.norm(layer.out(mixed.transpose(1, 2).reshape(-1, width)).add_(x))
            x = layer.feed_forward(x)
        return x.view(count, length, width)

    def _table(self, weight: Tensor) -> Tensor:
        return weight.detach().to(self.dtype).contiguous()

    def _norm(self, module: Any) -> _Norm:
        weight, bias = (value.detach().to(self.dtype) for value in (module.weight, module.bias))
        return _Norm(tuple(module.normalized_shape), weight, bias, module.eps)

    def _product(self, modules: Sequence[Any], relu: bool = False) -> Product:
        """Several layers that read the same, as one."""
        weight = torch.cat([module.weight for module in modules])
        bias = torch.cat([module.bias for module in modules])
        return product(weight, bias, self.precision, relu)

    def _layer(self, module: Any, cross: Any) -> _Layer:
        own = module.self_attn
        relu = isinstance(module.activation_fn, nn.ReLU) or module.activation_fn is nn.functional.relu
        return _Layer(
            qkv=self._product((own.q_proj, own.k_proj, own.v_proj)),
            out=self._product((own.out_proj,)),
            norm=self._norm(module.self_attn_layer_norm),
            first=self._product((module.fc1,), relu),
            second=self._product((module.fc2,)),
            final=self._norm(module.final_layer_norm),
            activation=None if relu else module.activation_fn,
            query=None if cross is None else self._product((cross.q_proj,)),
            keys_values=None if cross is None else self._product((cross.k_proj, cross.v_proj)),
            beside=None if cross is None else self._product((cross.out_proj,)),
            beside_norm=None if cross is None else self._norm(module.encoder_attn_layer_norm),
        )


class MarianState:
    """What is remembered of hypotheses; made by `MarianDecoder.begin` (see `DecoderState`).

    Args:
        decoder: the weights.
        memory_BSD: what the encoder made of the sources.
        mask_BS: where the sources have subwords; `None` for everywhere.
        attention: steps say where they looked.
    """

    def __init__(self, decoder: MarianDecoder, memory_BSD: Tensor, mask_BS: Tensor | None, attention: bool) -> None:
        self._decoder = decoder
        self._attention = attention
        self._sources, self._source_length, self._width = memory_BSD.shape
        self._heads = decoder.cross_heads
        self._size = self._width // self._heads
        self._rows = self._sources
        flat = memory_BSD.view(-1, self._width)
        self._cross = torch.stack([self._keys_values(layer, flat) for layer in decoder.writing])
        self._hidden = None
        if mask_BS is not None:
            self._hidden = memory_BSD.new_zeros(mask_BS.shape).masked_fill_(~mask_BS, -torch.inf)
        self._own = _Written(len(decoder.writing), self._sources, self._width, memory_BSD)

    def step(self, tokens_R: Tensor) -> Step:
        """Append a subword to every hypothesis (`DecoderState.step`)."""
        with torch.inference_mode():
            return self._step(tokens_R)

    def reorder(self, rows_BK: Tensor) -> None:
        """Go on with these rows (`DecoderState.reorder`)."""
        with torch.inference_mode():
            sources = rows_BK[:, 0] // (self._rows // self._sources)
            self._rows = rows_BK.numel()
            if len(sources) != self._sources:
                self._sources = len(sources)
                self._cross = self._cross.index_select(2, sources)
                self._hidden = None if self._hidden is None else self._hidden[sources]
            self._own.select(rows_BK.flatten())

    def _step(self, tokens_R: Tensor) -> Step:
        decoder, rows, heads, size = self._decoder, self._rows, self._heads, self._size
        x = decoder.embed(tokens_R, self._own.length)
        written = self._own.one_more()
        looked: Tensor | None = None
        last = len(decoder.writing) - 1
        for number, layer in enumerate(decoder.writing):
            qkv = layer.qkv(x).view(rows, 3, -1)
            written[-1, number] = qkv[:, 1:].transpose(0, 1)
            keys, values = written[:, number].view(len(written), 2, rows, heads, size).permute(1, 2, 3, 0, 4)
            mixed = self._attend(qkv[:, 0].view(rows, heads, 1, size), keys, values, None)[0]
            x = layer.norm(layer.out(mixed.reshape(rows, -1)).add_(x))
            assert layer.query is not None
            assert layer.beside is not None
            assert layer.beside_norm is not None
            query = layer.query(x).view(self._sources, -1, heads, size).transpose(1, 2)
            keys, values = self._cross[number]
            mixed, weights = self._attend(query, keys, values, self._hidden, self._attention and number == last)
            if weights is not None:
                looked = weights.mean(1).reshape(rows, -1).float()
            x = layer.beside_norm(layer.beside(mixed.transpose(1, 2).reshape(rows, -1)).add_(x))
            x = layer.feed_forward(x)
        return Step(decoder.logits(x), looked)

    def _attend(
        self, query: Tensor, keys: Tensor, values: Tensor, hidden_BS: Tensor | None, told: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        hidden = None if hidden_BS is None else hidden_BS[:, None, None, :]
        if not told:
            return nn.functional.scaled_dot_product_attention(query, keys, values, attn_mask=hidden), None
        scores = query @ keys.transpose(2, 3) * self._size**-0.5
        weights = (scores if hidden is None else scores + hidden).softmax(-1)
        return weights @ values, weights

    def _keys_values(self, layer: _Layer, flat: Tensor) -> Tensor:
        """`[2, B, H, S, D / H]` of the sources."""
        assert layer.keys_values is not None
        both = layer.keys_values(flat).view(self._sources, self._source_length, 2, self._heads, self._size)
        return both.permute(2, 0, 3, 1, 4).contiguous()


class _Written:
    """Keys and values of what is written, in memory that is set aside beforehand and used again.

    Time comes first, so that what is written stands together and is moved in one go when hypotheses are sorted.
    """

    def __init__(self, layers: int, rows: int, width: int, like: Tensor) -> None:
        self._layers, self._rows, self._width = layers, rows, width
        self._room, self._spare = like.new_empty(_ROOM * self._size), like.new_empty(0)
        self.length = 0

    @property
    def _size(self) -> int:
        return self._layers * 2 * self._rows * self._width

    def one_more(self) -> Tensor:
        """`[T, layers, 2, R, D]` with a place more, whose content is still to be written."""
        self.length += 1
        if self.length * self._size > len(self._room):
            grown = self._room.new_empty(2 * self.length * self._size)
            grown[: (self.length - 1) * self._size] = self._room[: (self.length - 1) * self._size]
            self._room = grown
        return self._room[: self.length * self._size].view(self.length, self._layers, 2, self._rows, self._width)

    def select(self, rows_R: Tensor) -> None:
        """Keep these rows, in this order."""
        before = self._room[: self.length * self._size].view(-1, self._rows, self._width)
        self._rows = len(rows_R)
        needed = max(self.length, _ROOM) * self._size
        if len(self._spare) < needed:
            self._spare = self._room.new_empty(max(needed, len(self._room)))
        after = self._spare[: self.length * self._size].view(-1, self._rows, self._width)
        torch.index_select(before, 1, rows_R, out=after)
        self._room, self._spare = self._spare, self._room


def is_marian(network: nn.Module) -> bool:
    """Whether a network is transformers' Marian, with tied output weights or without."""
    return type(network).__name__ == "MarianMTModel" and getattr(network.config, "model_type", "") == "marian"
