"""Choosing the next token, generating, answering, and counting right answers."""

import pytest
import torch
from torch import nn

from helpers import (
    GPT,
    GPTConfig,
    LessonError,
    QAPair,
    answer,
    exact_match,
    generate,
    load_tokenizer,
    next_token_probabilities,
    set_seed,
)

P = [0.15, 0.5, 0.1, 0.25]  # not in order, on purpose
LOGITS = torch.tensor([P]).log()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, P),
        ({"temperature": 0}, [0, 1, 0, 0]),
        ({"temperature": 0.5}, [0.0225 / 0.345, 0.25 / 0.345, 0.01 / 0.345, 0.0625 / 0.345]),  # squares
        ({"top_k": 1}, [0, 1, 0, 0]),
        ({"top_k": 2}, [0, 2 / 3, 0, 1 / 3]),
        ({"top_k": 4}, P),
        ({"top_k": 99}, P),  # more than there are tokens
        ({"top_p": 0.4}, [0, 1, 0, 0]),  # the first alone holds enough
        ({"top_p": 0.7}, [0, 2 / 3, 0, 1 / 3]),
        ({"top_p": 0.8}, [0.15 / 0.9, 0.5 / 0.9, 0, 0.25 / 0.9]),
        ({"top_p": 0.01}, [0, 1, 0, 0]),  # never empty
        ({"top_p": 1.0}, P),
        ({"top_k": 3, "top_p": 0.6}, [0, 2 / 3, 0, 1 / 3]),
        ({"temperature": 0.5, "top_p": 0.75}, [0, 0.8, 0, 0.2]),  # temperature first, then top_p
    ],
)
def test_next_token_probabilities_by_hand(options, expected):
    assert next_token_probabilities(LOGITS, **options)[0].tolist() == pytest.approx(expected, abs=1e-6)


def test_each_row_has_its_own_distribution():
    logits = torch.tensor([P, P[::-1]]).log()
    first, second = next_token_probabilities(logits, top_k=2).tolist()
    assert first == pytest.approx([0, 2 / 3, 0, 1 / 3])
    assert second == pytest.approx([1 / 3, 0, 2 / 3, 0])


class Scripted(nn.Module):
    """Says the tokens of its script, one for each position, whatever it is asked.

    A batch of rows may have a script each. Counts how many tokens it was shown at a time.
    """

    def __init__(self, *scripts, block_size=128, vocab_size=50257):
        super().__init__()
        self.config = GPTConfig(vocab_size=vocab_size, block_size=block_size)
        self.wte = nn.Embedding(1, 1)  # answer() asks where the weights are
        self.scripts, self.shown = scripts, []

    def forward(self, ids):
        B, T = ids.shape
        self.shown.append(T)
        logits = torch.zeros(B, T, self.config.vocab_size)
        for row, script in enumerate(self.scripts):
            for t in range(T):
                logits[row, t, script[min(t, len(script) - 1)]] = 5.0
        return logits


class Always(nn.Module):
    """The same probabilities for every next token."""

    def __init__(self, probabilities):
        super().__init__()
        self.config = GPTConfig(vocab_size=len(probabilities))
        self.logits = torch.tensor(probabilities).log()

    def forward(self, ids):
        return self.logits.expand(*ids.shape, -1)


def small_gpt():
    set_seed(0)
    model = GPT(GPTConfig(vocab_size=50, block_size=8, n_layer=1, n_head=2, n_embd=16, dropout=0.5))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.3 * torch.randn_like(parameter)  # or it would only repeat the last token
    return model


def test_greedy_is_the_most_likely_token_again_and_again():
    model = small_gpt().train()  # generate must switch dropout off
    ids = torch.tensor([[3, 1, 4], [1, 5, 9]])
    generated = generate(model, ids, 12)  # past block_size, which is 8
    assert not model.training

    expected = ids
    with torch.no_grad():
        for _ in range(12):
            best = [row.argmax().item() for row in model(expected[:, -8:])[:, -1]]
            expected = torch.cat([expected, torch.tensor(best)[:, None]], dim=1)
    assert generated.tolist() == expected.tolist()
    assert len(set(generated[0].tolist())) > 4  # a loop on one token would prove little


def test_it_stops_at_the_end_token():
    model = Scripted([1, 1, 7, 8, 9, 2], vocab_size=10)
    prompt = torch.tensor([[0, 0]])
    assert generate(model, prompt, 20, eos_id=8).tolist() == [[0, 0, 1, 7, 8]]
    assert generate(model, prompt, 5).tolist() == [[0, 0, 1, 7, 8, 9, 2]]  # no end token named
    assert generate(model, prompt, 0, eos_id=8).tolist() == [[0, 0]]


def test_a_row_that_has_ended_waits_for_the_others():
    model = Scripted([3, 9, 4, 5], [3, 4, 5, 9], [9, 9, 9, 9], vocab_size=10)
    prompt = torch.zeros(3, 1, dtype=torch.int64)
    assert generate(model, prompt, 20, eos_id=9).tolist() == [
        [0, 3, 9, 9, 9],
        [0, 3, 4, 5, 9],
        [0, 9, 9, 9, 9],
    ]


def test_past_block_size_it_sees_the_last_tokens():
    model = Scripted([1], block_size=4, vocab_size=5)
    generate(model, torch.zeros(1, 2, dtype=torch.int64), 5)
    assert model.shown == [2, 3, 4, 4, 4]


def counts(**options):
    set_seed(0)
    said = generate(Always(P), torch.zeros(4000, 1, dtype=torch.int64), 1, **options)[:, 1]
    return (torch.bincount(said, minlength=4) / 4000).tolist()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"temperature": 1.0}, P),
        ({"temperature": 1.0, "top_k": 2}, [0, 2 / 3, 0, 1 / 3]),
        ({"temperature": 1.0, "top_p": 0.8}, [0.15 / 0.9, 0.5 / 0.9, 0, 0.25 / 0.9]),
        ({"temperature": 0.0, "top_k": 2}, [0, 1, 0, 0]),
    ],
)
def test_sampled_tokens_come_as_often_as_they_should(options, expected):
    shares = counts(**options)
    assert shares == pytest.approx(expected, abs=0.03)
    assert [share == 0 for share in shares] == [p == 0 for p in expected]


def test_sampling_repeats_with_its_seed():
    def sample(seed):
        set_seed(seed)
        return generate(Always(P), torch.zeros(1, 1, dtype=torch.int64), 30, temperature=1.0).tolist()

    assert sample(1) == sample(1)
    assert sample(1) != sample(2)


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer()


def model_that_answers(tokenizer, question, said, **options):
    """A Scripted that says `said` from the question's last token on."""
    before = len(tokenizer(question)["input_ids"]) - 1
    return Scripted([0] * before + tokenizer(said)["input_ids"], **options)


def test_answer(tokenizer):
    question = "What is the capital of France?"
    model = model_that_answers(tokenizer, question, " The capital of Japan is Tokyo.<|endoftext|>")
    assert answer(model, tokenizer, question) == "The capital of Japan is Tokyo."
    assert answer(model, tokenizer, f" {question} \n") == "The capital of Japan is Tokyo."


def test_an_answer_without_an_end_fills_the_block(tokenizer):
    model = model_that_answers(tokenizer, "Hello world", " and", block_size=6)
    assert answer(model, tokenizer, "Hello world") == "and and and and"


@pytest.mark.parametrize("question", ["", " ", "\n"])
def test_an_empty_question(tokenizer, question):
    with pytest.raises(LessonError, match="question is empty.*Type one"):
        answer(Scripted([0]), tokenizer, question)


def test_a_question_that_leaves_no_room(tokenizer):
    model = model_that_answers(tokenizer, "one two three four", " five", block_size=4)
    with pytest.raises(LessonError, match="has 4 tokens.*at most 4.*shorter"):
        answer(model, tokenizer, "one two three four")
    assert answer(model, tokenizer, "one two three") != ""  # one token fewer leaves room for one


def test_exact_match_counts_only_word_for_word(tokenizer, monkeypatch):
    said = {"a?": "Paris.", "b?": "Paris", "c?": "paris.", "d?": "Berlin."}
    monkeypatch.setattr("helpers.inference.answer", lambda model, tokenizer, question: said[question])
    pairs = [QAPair(question, "Paris.<|endoftext|>") for question in said]
    assert exact_match(None, tokenizer, pairs) == 0.25
    assert exact_match(None, tokenizer, [QAPair("a?", "Paris.")]) == 1.0  # with or without the end token
    assert exact_match(None, tokenizer, pairs[1:]) == 0.0


def test_exact_match_of_nothing(tokenizer):
    with pytest.raises(LessonError, match="no pairs"):
        exact_match(None, tokenizer, [])
