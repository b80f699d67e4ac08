"""The model is GPT-2: same numbers as transformers', same start, same size; and it can't see ahead."""

import math

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from helpers import GPT, GPTConfig, LessonError, evaluate, load_pairs, load_tokenizer, make_batch, set_seed

SMALL = GPTConfig(vocab_size=61, block_size=16, n_layer=2, n_head=2, n_embd=24)


def seeded(config):
    set_seed(0)
    return GPT(config)


def shaken(config):
    """A GPT in which no weight is special: biases not 0, LayerNorms not 1, attention not even."""
    model = seeded(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return model


def as_transformers(model):
    """The same weights in transformers' GPT-2, whose linear layers are stored transposed."""
    c = model.config
    twin = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=c.vocab_size,
            n_positions=c.block_size,
            n_layer=c.n_layer,
            n_head=c.n_head,
            n_embd=c.n_embd,
            embd_pdrop=c.dropout,
            attn_pdrop=c.dropout,
            resid_pdrop=c.dropout,
            attn_implementation="sdpa",  # draws its dropout in the same order as ours
        )
    )
    weights = {"transformer." + name: weight for name, weight in model.state_dict().items()}
    for name in weights:
        if ".attn.c_" in name or ".mlp.c_" in name:
            weights[name] = weights[name].t() if name.endswith("weight") else weights[name]
    missing, unexpected = twin.load_state_dict(weights, strict=False)
    assert (missing, unexpected) == (["lm_head.weight"], [])  # tied: it is wte.weight
    return twin


def difference(a, b):
    return (a - b).abs().max().item()


@pytest.mark.parametrize("make", [seeded, shaken])
@pytest.mark.parametrize("config", [GPTConfig(), SMALL])
@torch.no_grad()
def test_logits_equal_transformers(make, config):
    model = make(config).eval()
    ids = torch.randint(config.vocab_size, (2, config.block_size))
    logits = model(ids)
    assert logits.shape == (2, config.block_size, config.vocab_size)
    assert difference(logits, as_transformers(model).eval()(ids).logits) < 1e-4


@torch.no_grad()
def test_logits_equal_transformers_in_a_padded_batch():
    model = shaken(SMALL).eval()
    ids = torch.randint(SMALL.vocab_size, (2, 10))
    mask = torch.ones_like(ids)
    mask[1, 6:] = 0  # the second row is padded from here on
    theirs = as_transformers(model).eval()(ids, attention_mask=mask).logits
    assert difference(model(ids)[mask == 1], theirs[mask == 1]) < 1e-4


@torch.no_grad()
def test_dropout_stands_where_gpt2_has_it():
    model = shaken(GPTConfig(vocab_size=61, block_size=16, n_layer=2, n_head=2, n_embd=24, dropout=0.3))
    twin, ids = as_transformers(model), torch.randint(61, (2, 10))
    torch.manual_seed(1)
    ours = model.train()(ids)
    torch.manual_seed(1)
    theirs = twin.train()(ids).logits
    assert difference(ours, theirs) < 1e-4  # the same numbers drawn for the same places
    assert difference(ours, model.eval()(ids)) > 0.01  # and it did drop something


def test_no_dropout_in_eval_mode():
    model = GPT(GPTConfig(vocab_size=61, block_size=16, n_layer=1, n_head=2, n_embd=24, dropout=0.5)).eval()
    ids = torch.arange(10)[None]
    assert torch.equal(model(ids), model(ids))


def test_weights_start_as_in_gpt2():
    model = seeded(GPTConfig(vocab_size=500, block_size=64, n_layer=3, n_head=4, n_embd=128))
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            assert (parameter == 0).all(), name
        elif ".ln_" in f".{name}":
            assert (parameter == 1).all(), name
        else:
            std = 0.02 / math.sqrt(6) if name.endswith("c_proj.weight") else 0.02
            assert parameter.std().item() == pytest.approx(std, rel=0.04), name
            assert parameter.mean().abs() < 0.001, name


def test_before_training_every_token_is_about_as_likely():
    tokenizer = load_tokenizer()
    batch = make_batch(load_pairs(), tokenizer)
    assert evaluate(seeded(GPTConfig()), [batch]) == pytest.approx(math.log(50257), abs=0.1)


@pytest.mark.parametrize("position", [1, 5, 9])
@torch.no_grad()
def test_the_future_is_invisible(position):
    model = shaken(SMALL).eval()
    ids = torch.randint(SMALL.vocab_size, (1, 10))
    changed = ids.clone()
    changed[0, position] = (ids[0, position] + 1) % SMALL.vocab_size
    before, after = model(ids)[0], model(changed)[0]
    assert difference(before[:position], after[:position]) < 1e-6
    assert ((before - after).abs().amax(dim=1)[position:] > 1e-4).all()  # but every later one sees it


def test_number_of_weights():
    def count(config):
        with torch.device("meta"):  # shapes without numbers: no memory
            return sum(parameter.numel() for parameter in GPT(config).parameters())

    V, T, L, C = 61, 16, 2, 24
    attention, mlp, norms = 4 * C * C + 4 * C, 8 * C * C + 5 * C, 4 * C
    assert count(SMALL) == V * C + T * C + L * (attention + mlp + norms) + 2 * C
    gpt2 = GPTConfig(block_size=1024, n_layer=12, n_head=12, n_embd=768)
    assert count(gpt2) == 124_439_808  # GPT-2 small, as published


def test_a_text_longer_than_block_size():
    model = GPT(SMALL)
    model(torch.zeros(1, 16, dtype=torch.int64))  # just fits
    with pytest.raises(LessonError, match="17 tokens.*block_size=16"):
        model(torch.zeros(1, 17, dtype=torch.int64))


def test_ids_without_a_batch():
    with pytest.raises(LessonError, match=r"must be \(B, T\).*\(5,\)"):
        GPT(SMALL)(torch.zeros(5, dtype=torch.int64))


def test_a_width_that_the_heads_cant_share():
    with pytest.raises(LessonError, match="n_embd=10 must be a multiple of n_head=4"):
        GPT(GPTConfig(n_embd=10, n_head=4))
