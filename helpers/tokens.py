"""Text to token ids and back, and the shift that turns one text into many small questions."""

import pandas as pd
import torch
from transformers import GPT2Tokenizer

from .data import DATA_DIR
from .errors import LessonError

IGNORE = -100  # a target with this value is not counted: the default ignore_index of cross_entropy


def load_tokenizer():
    """GPT-2's own tokenizer, from the two files in data/gpt2_tokenizer. Never asks the network.

    50,257 tokens; the last one, 50256, is <|endoftext|> (Radford et al., "Language Models are
    Unsupervised Multitask Learners", 2019, section 2.2).
    """
    folder = DATA_DIR / "gpt2_tokenizer"
    for name in ("vocab.json", "merges.txt"):
        if not (folder / name).is_file():
            raise LessonError(f"data/gpt2_tokenizer/{name} is missing. Restore it: git checkout -- data")
    return GPT2Tokenizer(vocab=str(folder / "vocab.json"), merges=str(folder / "merges.txt"))


def encode_text(text, tokenizer):
    """(input_ids, target_ids) of one text of T tokens, each (1, T-1) int64.

    input_ids are all tokens but the last, target_ids all but the first: the target of a
    position is the token that follows it. Raises LessonError for fewer than two tokens.
    """
    ids = tokenizer(text)["input_ids"]
    if len(ids) < 2:
        raise LessonError(
            f"{text!r} has {len(ids)} token(s). A step needs an input and a target: at least two."
        )
    ids = torch.tensor([ids])  # (1, T)
    return ids[:, :-1], ids[:, 1:]  # each (1, T-1)


def step_table(text, tokenizer):
    """One row for each prediction step of a text, as a DataFrame.

    Step counts from 1; Input is what the model sees, Target what it must say next, both in
    quotes so that spaces show; input_ids and target_id are the same as numbers.
    """
    input_ids, target_ids = encode_text(text, tokenizer)
    rows = []
    for t in range(input_ids.shape[1]):
        seen, target = input_ids[0, : t + 1].tolist(), target_ids[0, t].item()
        rows.append((t + 1, repr(tokenizer.decode(seen)), repr(tokenizer.decode([target])), seen, target))
    return pd.DataFrame(rows, columns=["Step", "Input", "Target", "input_ids", "target_id"])


def make_batch(pairs, tokenizer):
    """One batch (input_ids, target_ids), both (B, T) int64, of B pairs.

    Each text is question + " " + answer. Shorter rows are filled up on the right: the input
    with the end token, which no earlier position can see, the target with IGNORE, so that
    padding is never counted. A batch of one pair has no padding.
    """
    rows = [encode_text(f"{pair.question} {pair.answer}", tokenizer) for pair in pairs]
    B, T = len(rows), max(input_ids.shape[1] for input_ids, _ in rows)
    batch_input_ids = torch.full((B, T), tokenizer.eos_token_id)  # (B, T)
    batch_target_ids = torch.full((B, T), IGNORE)  # (B, T)
    for b, (input_ids, target_ids) in enumerate(rows):
        length = input_ids.shape[1]
        batch_input_ids[b, :length] = input_ids[0]
        batch_target_ids[b, :length] = target_ids[0]
    return batch_input_ids, batch_target_ids


def make_batches(pairs, tokenizer, batch_size=1):
    """The pairs in order, cut into batches of batch_size: a list of (input_ids, target_ids)."""
    return [make_batch(pairs[i : i + batch_size], tokenizer) for i in range(0, len(pairs), batch_size)]
