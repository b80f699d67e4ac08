"""GPT-2's architecture, in the open (Radford et al. 2019; transformers' GPT2LMHeadModel agrees)."""

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from .errors import LessonError


@dataclass(frozen=True)
class GPTConfig:
    """The sizes of a GPT. GPT-2 small has block_size=1024, n_layer=12, n_head=12, n_embd=768."""

    vocab_size: int = 50257  # V: how many different tokens there are
    block_size: int = 128  # the longest sequence the model can read, in tokens
    n_layer: int = 4
    n_head: int = 4
    n_embd: int = 128  # C: the width of the vector that stands for a token
    dropout: float = 0.0


class CausalSelfAttention(nn.Module):
    """Each position gathers from itself and the positions before it: (B, T, C) -> (B, T, C).

    Multi-head scaled dot-product attention (Vaswani et al., "Attention Is All You Need", 2017).
    """

    def __init__(self, config):
        super().__init__()
        self.n_head, self.dropout = config.n_head, config.dropout
        self.c_attn = nn.Linear(config.n_embd, 3 * config.n_embd)  # query, key and value in one layer
        self.c_proj = nn.Linear(config.n_embd, config.n_embd)
        self.resid_dropout = nn.Dropout(config.dropout)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = self.c_attn(x).split(C, dim=2)  # three times (B, T, C)
        q, k, v = (z.view(B, T, self.n_head, C // self.n_head).transpose(1, 2) for z in (q, k, v))
        # each (B, n_head, T, C // n_head): every head works on its own slice of the width
        p = self.dropout if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, dropout_p=p, is_causal=True)
        y = y.transpose(1, 2).reshape(B, T, C)  # the heads side by side again: (B, T, C)
        return self.resid_dropout(self.c_proj(y))  # (B, T, C)


class MLP(nn.Module):
    """Two layers on each position by itself: (B, T, C) -> (B, T, 4C) -> (B, T, C)."""

    def __init__(self, config):
        super().__init__()
        self.c_fc = nn.Linear(config.n_embd, 4 * config.n_embd)
        self.c_proj = nn.Linear(4 * config.n_embd, config.n_embd)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x):
        x = F.gelu(self.c_fc(x), approximate="tanh")  # (B, T, 4C)
        return self.dropout(self.c_proj(x))  # (B, T, C)


class Block(nn.Module):
    """Attention, then MLP; each reads a normalised copy and adds its result: (B, T, C) -> (B, T, C)."""

    def __init__(self, config):
        super().__init__()
        self.ln_1 = nn.LayerNorm(config.n_embd)
        self.attn = CausalSelfAttention(config)
        self.ln_2 = nn.LayerNorm(config.n_embd)
        self.mlp = MLP(config)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))  # (B, T, C)
        return x + self.mlp(self.ln_2(x))  # (B, T, C)


class GPT(nn.Module):
    """ids (B, T) int64 -> logits (B, T, V) float: for every position a score for every next token.

    Raises LessonError if n_embd can't be shared out among the heads, and, when called, if ids
    is not (B, T) or T is more than block_size.
    """

    def __init__(self, config):
        super().__init__()
        if config.n_embd % config.n_head:
            raise LessonError(f"n_embd={config.n_embd} must be a multiple of n_head={config.n_head}.")
        self.config = config
        self.wte = nn.Embedding(config.vocab_size, config.n_embd)  # a vector for each token
        self.wpe = nn.Embedding(config.block_size, config.n_embd)  # a vector for each position
        self.drop = nn.Dropout(config.dropout)
        self.h = nn.ModuleList(Block(config) for _ in range(config.n_layer))
        self.ln_f = nn.LayerNorm(config.n_embd)
        for name, parameter in self.named_parameters():
            init_weight(name, parameter, config.n_layer)

    def forward(self, ids):
        if ids.dim() != 2:
            raise LessonError(f"ids must be (B, T), one row per sequence; these are {tuple(ids.shape)}.")
        T = ids.shape[1]
        if T > self.config.block_size:
            raise LessonError(f"{T} tokens, but the model reads at most block_size={self.config.block_size}.")
        positions = torch.arange(T, device=ids.device)  # (T,)
        x = self.drop(self.wte(ids) + self.wpe(positions))  # (B, T, C)
        for block in self.h:
            x = block(x)  # (B, T, C)
        return F.linear(self.ln_f(x), self.wte.weight)  # tied to the embedding: (B, T, V)


def init_weight(name, parameter, n_layer):
    """GPT-2's start: weights from N(0, 0.02), smaller where a layer adds to x; biases 0; LayerNorm 1."""
    if name.endswith("bias"):
        nn.init.zeros_(parameter)
    elif "ln_" in name:
        nn.init.ones_(parameter)
    else:
        adds_to_x = name.endswith("c_proj.weight")  # 2 * n_layer of these sum up in x
        nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * n_layer) if adds_to_x else 0.02)
