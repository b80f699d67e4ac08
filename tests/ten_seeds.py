"""Train the ten-pair model from ten seeds at three learning rates; write data/ten_seeds.csv.

Notebook 04 shows the table. Run again after any change to the data, the model or the training:

    python tests/ten_seeds.py
"""

import sys
import tempfile
from pathlib import Path

import pandas as pd
import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from helpers import (  # noqa: E402
    GPT,
    GPTConfig,
    answer,
    exact_match,
    load_best,
    load_pairs,
    load_tokenizer,
    make_batches,
    prepare_training_data,
    set_seed,
    split_pairs,
    train,
)

LEARNING_RATES = (5e-4, 1e-3, 2e-3)
SEEDS = range(10)


def pairs_and_tokenizer():
    """(training pairs, validation pairs, tokenizer), as in the notebooks."""
    tokenizer = load_tokenizer()
    return *split_pairs(prepare_training_data(load_pairs(), tokenizer)), tokenizer


def train_once(learning_rate, seed):
    """Train as notebook 04 does: (history, the best epoch's model, the last epoch's)."""
    train_pairs, validation_pairs, tokenizer = pairs_and_tokenizer()
    set_seed(seed)
    last = GPT(GPTConfig())
    with tempfile.TemporaryDirectory() as run_dir:
        history = train(
            last,
            make_batches(train_pairs, tokenizer),
            make_batches(validation_pairs, tokenizer),
            epochs=60,
            learning_rate=learning_rate,
            patience=5,
            run_dir=run_dir,
            quiet=True,
        )
        return history, load_best(run_dir), last


def run(learning_rate, seed):
    """One training run as a row of the table. exact counts the training pairs answered exactly."""
    train_pairs, validation_pairs, tokenizer = pairs_and_tokenizer()
    history, best, last = train_once(learning_rate, seed)
    return {
        "learning_rate": learning_rate,
        "seed": seed,
        "epochs": len(history.train_loss),
        "best_epoch": history.best_epoch,
        "best_validation_loss": round(min(history.validation_loss), 2),
        "best_exact": round(exact_match(best, tokenizer, train_pairs) * len(train_pairs)),
        "last_exact": round(exact_match(last, tokenizer, train_pairs) * len(train_pairs)),
        "best_held_out_exact": round(exact_match(best, tokenizer, validation_pairs) * len(validation_pairs)),
        "last_held_out_exact": round(exact_match(last, tokenizer, validation_pairs) * len(validation_pairs)),
        "last_on_france": answer(last, tokenizer, "What is the capital of France?"),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    rows = [run(learning_rate, seed) for learning_rate in LEARNING_RATES for seed in SEEDS]
    pd.DataFrame(rows).to_csv(ROOT / "data" / "ten_seeds.csv", index=False, lineterminator="\n")
