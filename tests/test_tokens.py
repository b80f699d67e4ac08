"""GPT-2's tokenizer, the shift, the step table, and batches with padding."""

import hashlib

import pytest
import torch

from helpers import (
    LessonError,
    QAPair,
    encode_text,
    load_tokenizer,
    make_batch,
    make_batches,
    step_table,
)
from helpers.data import DATA_DIR

EOS = 50256


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer()


@pytest.mark.parametrize(
    ("name", "sha256"),
    [
        ("vocab.json", "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783"),
        ("merges.txt", "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"),
    ],
)
def test_the_files_are_gpt2s_own(name, sha256):
    assert hashlib.sha256((DATA_DIR / "gpt2_tokenizer" / name).read_bytes()).hexdigest() == sha256


def test_the_vocabulary_is_gpt2s(tokenizer):
    assert type(tokenizer).__name__ == "GPT2Tokenizer"
    assert len(tokenizer) == 50257
    assert (tokenizer.eos_token, tokenizer.eos_token_id) == ("<|endoftext|>", EOS)
    assert tokenizer("Hello world")["input_ids"] == [15496, 995]
    assert tokenizer("Hello World<|endoftext|>")["input_ids"] == [15496, 2159, EOS]


@pytest.mark.parametrize("text", ["The capital of France is Paris.", " 2 + 2", "Grüße, 안녕 🙂", "a\n b "])
def test_text_survives_the_way_to_ids_and_back(tokenizer, text):
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


@pytest.mark.parametrize("missing", ["vocab.json", "merges.txt"])
def test_a_missing_tokenizer_file_is_named(tmp_path, monkeypatch, missing):
    (tmp_path / "gpt2_tokenizer").mkdir()
    for name in {"vocab.json", "merges.txt"} - {missing}:
        (tmp_path / "gpt2_tokenizer" / name).write_text("{}")
    monkeypatch.setattr("helpers.tokens.DATA_DIR", tmp_path)
    with pytest.raises(LessonError, match=rf"gpt2_tokenizer/{missing} is missing\. Restore it"):
        load_tokenizer()


def test_the_target_is_the_next_token(tokenizer):
    input_ids, target_ids = encode_text("Hello World<|endoftext|>", tokenizer)
    assert input_ids.tolist() == [[15496, 2159]]
    assert target_ids.tolist() == [[2159, EOS]]
    assert input_ids.dtype == target_ids.dtype == torch.int64


@pytest.mark.parametrize(("text", "count"), [("", 0), ("Hello", 1), ("<|endoftext|>", 1)])
def test_one_token_is_no_step(tokenizer, text, count):
    with pytest.raises(LessonError, match=rf"has {count} token.*at least two"):
        encode_text(text, tokenizer)


def test_step_table(tokenizer):
    table = step_table("Hello World!<|endoftext|>", tokenizer)
    assert list(table.columns) == ["Step", "Input", "Target", "input_ids", "target_id"]
    assert table.values.tolist() == [
        [1, "'Hello'", "' World'", [15496], 2159],
        [2, "'Hello World'", "'!'", [15496, 2159], 0],
        [3, "'Hello World!'", "'<|endoftext|>'", [15496, 2159, 0], EOS],
    ]


def test_a_batch_of_one_pair_has_no_padding(tokenizer):
    input_ids, target_ids = make_batch([QAPair("Hello", "world<|endoftext|>")], tokenizer)
    assert input_ids.tolist() == [[15496, 995]]  # " world", with the space between the two
    assert target_ids.tolist() == [[995, EOS]]


def test_padding_is_not_counted_and_the_end_token_is(tokenizer):
    short, long = QAPair("Hello", "world<|endoftext|>"), QAPair("Hello Hello", "world world<|endoftext|>")
    input_ids, target_ids = make_batch([short, long], tokenizer)
    assert input_ids.tolist() == [[15496, 995, EOS, EOS], [15496, 18435, 995, 995]]
    assert target_ids.tolist() == [[995, EOS, -100, -100], [18435, 995, 995, EOS]]
    assert input_ids.dtype == target_ids.dtype == torch.int64


def test_batches_keep_the_order(tokenizer):
    pairs = [QAPair("Count", f"{number}") for number in range(5)]
    batches = make_batches(pairs, tokenizer, batch_size=2)
    assert [len(input_ids) for input_ids, _ in batches] == [2, 2, 1]
    said = [tokenizer.decode(row) for _, target_ids in batches for row in target_ids]
    assert said == [" 0", " 1", " 2", " 3", " 4"]
    assert [len(input_ids) for input_ids, _ in make_batches(pairs, tokenizer)] == [1] * 5
