"""A discriminator of sentence pairs that is a small Transformer over both; it can judge every beginning as well."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from toolkit.adversarial.types import DiscriminatorOutput
from toolkit.nn.attention import attention
from toolkit.translation.adversarial.pair_text import SubwordEmbedding, require_source


class PairTransformer(nn.Module):
    """Reads a mark, the source and the translation as one sequence (pre-norm, learned vectors of places and sides).

    Args:
        vocabulary: number of subwords.
        pad_id: fills the places after a text.
        width: of the states.
        layers: of attention and feed-forward.
        heads: of every attention.
        longest: subwords of a side.
        prefixes: judge each beginning of the translation, with a logit for each place, which sees what is before it
            and no more; places after the end say what the last one said. Otherwise one logit for the whole.
        second_order: attention that can be differentiated twice, for gradient penalties.
    """

    def __init__(
        self,
        vocabulary: int,
        pad_id: int,
        width: int = 64,
        layers: int = 2,
        heads: int = 4,
        longest: int = 512,
        prefixes: bool = False,
        second_order: bool = True,
    ) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"width={width} must be a multiple of heads={heads}")
        self.prefixes = prefixes
        self.longest = longest
        self.embed = SubwordEmbedding(vocabulary, pad_id, width)
        self.mark = nn.Parameter(0.02 * torch.randn(width))
        self.sides = nn.Parameter(0.02 * torch.randn(2, width))
        self.places = nn.Parameter(0.02 * torch.randn(longest, width))
        self.blocks = nn.ModuleList(_Block(width, heads, second_order) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, 1)

    def forward(self, data: Tensor, condition: Tensor | None = None) -> DiscriminatorOutput:
        """`[B]` or, of prefixes, `[B, T]` logits.

        Args:
            data: translations, `ids_BT` or `rows_BTV`.
            condition: sources, `ids_BS`.
        """
        source, source_text = self._side(require_source(condition), 0)
        target, target_text = self._side(data, 1)
        mark = self.mark.expand(len(source), 1, -1)
        states = torch.cat([mark, source, target], 1)
        text = torch.cat([source_text.new_ones(len(source), 1), source_text, target_text], 1).bool()
        seen = self._seen(text, target.shape[1])
        features = []
        for block in self.blocks:
            states = block(states, seen)
            features.append(states[:, 0])
        if not self.prefixes:
            return DiscriminatorOutput((self.out(self.norm(states[:, 0])).squeeze(1),), tuple(features))
        judged = self.out(self.norm(states[:, -target.shape[1] :])).squeeze(2)
        last = (target_text.sum(1, keepdim=True).long() - 1).clamp(min=0)
        places = torch.arange(judged.shape[1], device=judged.device).unsqueeze(0)
        return DiscriminatorOutput((judged.gather(1, torch.minimum(places, last)),), tuple(features))

    def _side(self, tokens: Tensor, side: int) -> tuple[Tensor, Tensor]:
        vectors, text = self.embed(tokens)
        if vectors.shape[1] > self.longest:
            raise ValueError(f"a text has {vectors.shape[1]} places, more than longest={self.longest}")
        vectors = vectors * self.embed.weight.shape[1] ** 0.5
        return vectors + self.sides[side] + self.places[: vectors.shape[1]], text

    def _seen(self, text_BL: Tensor, target: int) -> Tensor:
        """`[B, 1, L, L]`: what each place may look at."""
        length = text_BL.shape[1]
        seen = text_BL[:, None, None, :].expand(-1, 1, length, length)
        if not self.prefixes:
            return seen
        order = torch.arange(length, device=text_BL.device)
        begins = length - target
        allowed = (order.unsqueeze(0) <= order.unsqueeze(1)) | (order.unsqueeze(0) < begins)
        return seen & allowed


class _Block(nn.Module):
    def __init__(self, width: int, heads: int, second_order: bool) -> None:
        super().__init__()
        self.heads = heads
        self.second_order = second_order
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.mixed = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.first, self.second = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, states: Tensor, seen: Tensor) -> Tensor:
        batch, length, width = states.shape
        qkv = self.qkv(self.before(states)).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = attention(qkv[0], qkv[1], qkv[2], mask=seen, second_order=self.second_order)
        states = states + self.mixed(mixed.transpose(1, 2).reshape(batch, length, width))
        inner: Tensor = self.second(nn.functional.gelu(self.first(self.between(states))))
        return states + inner
