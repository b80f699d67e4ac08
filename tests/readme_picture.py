"""Train as notebook 04 does and draw the README's picture, .github/picture.png, from the result.

python tests/readme_picture.py
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from helpers import answer, show  # noqa: E402
from tests.ten_seeds import pairs_and_tokenizer, train_once  # noqa: E402

QUESTIONS = ["How are you?", "Who wrote Harry Potter?", "What is the capital of France?"]

train_pairs, _, tokenizer = pairs_and_tokenizer()
history, _, model = train_once(learning_rate=1e-3, seed=42)

fig, (curve, words) = plt.subplots(1, 2, figsize=(11, 3.8), width_ratios=[1, 1.1])
epochs = range(1, len(history.train_loss) + 1)
curve.plot(epochs, history.train_loss, color=show.BLUE, label="training")
curve.plot(epochs, history.validation_loss, color=show.ORANGE, linestyle="--", label="validation")
curve.axvline(history.best_epoch, color=show.GREY, linestyle=":", label=f"best: epoch {history.best_epoch}")
curve.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
curve.legend()
words.axis("off")
for row, question in enumerate(QUESTIONS):
    seen = any(pair.question == question for pair in train_pairs)
    color = show.BLUE if seen else show.ORANGE
    words.text(
        0, 0.95 - 0.36 * row, f"{question}  ({'seen' if seen else 'never seen'} in training)", color=show.GREY
    )
    words.text(0, 0.82 - 0.36 * row, answer(model, tokenizer, question), color=color, fontsize=15)
fig.tight_layout()
fig.savefig(ROOT / ".github" / "picture.png", dpi=110)
