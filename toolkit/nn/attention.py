"""Scaled dot-product attention, and the one switch that decides whether it can be differentiated twice."""

from __future__ import annotations

from contextlib import nullcontext

import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel


def attention(
    query_BHTN: Tensor,
    key_BHSN: Tensor,
    value_BHSN: Tensor,
    *,
    mask: Tensor | None = None,
    causal: bool = False,
    dropout: float = 0.0,
    second_order: bool = False,
) -> Tensor:
    """softmax(Q K^T / sqrt(N)) V, per head (Vaswani et al. 2017, equation 1).

    Args:
        query_BHTN: `[B, heads, T, N]`.
        key_BHSN: `[B, heads, S, N]`.
        value_BHSN: `[B, heads, S, N]`.
        mask: broadcastable to `[B, heads, T, S]`; boolean (True = may attend) or added to the scores.
        causal: position t sees positions up to t only; not together with `mask`.
        dropout: probability with which attention weights are dropped; pass 0 outside training.
        second_order: pick the kernel whose gradient can be differentiated again. The fused kernels have no double
            backward, so every attention inside a discriminator under a gradient penalty needs this. It stores the
            `[T, S]` weights.

    Returns:
        `[B, heads, T, N]`.
    """
    with sdpa_kernel(SDPBackend.MATH) if second_order else nullcontext():
        return F.scaled_dot_product_attention(
            query_BHTN, key_BHSN, value_BHSN, attn_mask=mask, dropout_p=dropout, is_causal=causal
        )
