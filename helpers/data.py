"""The question–answer pairs: load them, split them, mark where each answer ends."""

import json
import random
from pathlib import Path
from typing import NamedTuple

from .errors import LessonError

DATA_DIR = Path(__file__).resolve().parent.parent / "data"


class QAPair(NamedTuple):
    """One question and its answer, both plain text."""

    question: str
    answer: str


def load_pairs(path=DATA_DIR / "qa_pairs.json"):
    """Read a JSON list of {"question": …, "answer": …} objects into a list of QAPair.

    Raises LessonError, naming the file and the number of the pair (counted from 1), if the
    file is missing, is not UTF-8 or not JSON, or holds anything but pairs of non-empty texts.
    """
    path = Path(path)
    try:
        records = json.loads(path.read_text(encoding="utf-8-sig"))  # -sig: Windows editors add a BOM
    except FileNotFoundError:
        raise LessonError(f"There is no file {path}. Check the name and the folder.") from None
    except UnicodeDecodeError as error:
        raise LessonError(f"{path.name} is not UTF-8 (byte {error.start}). Save it again as UTF-8.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise LessonError(f"{path.name} is not valid JSON: {error.msg}, {where}.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise LessonError(f"{path.name} cannot be read: {error}.") from None
    if not isinstance(records, list) or not records:
        raise LessonError(f"{path.name} must hold a list of at least one question–answer pair.")
    pairs = []
    for number, record in enumerate(records, start=1):
        for key in QAPair._fields:
            text = record.get(key) if isinstance(record, dict) else None
            if not isinstance(text, str) or not text.strip():
                raise LessonError(f"{path.name}, pair {number}: {key!r} is missing, empty or not text.")
            if any("\ud800" <= character <= "\udfff" for character in text):
                raise LessonError(
                    f"{path.name}, pair {number}: {key!r} has half a character (\\ud800 to \\udfff)."
                )
        pairs.append(QAPair(record["question"], record["answer"]))
    return pairs


def split_pairs(pairs, train_fraction=0.8, seed=42):
    """Shuffle a copy of the pairs and cut it: (train, validation), two lists.

    The same seed gives the same split. Raises LessonError if either part would be empty: a
    model can't learn from nothing, and a loss over nothing is not a number.
    """
    shuffled = list(pairs)
    random.Random(seed).shuffle(shuffled)
    n_train = int(train_fraction * len(shuffled))
    if not 0 < n_train < len(shuffled):
        raise LessonError(
            f"train_fraction={train_fraction} cuts {len(shuffled)} pairs into {n_train} for training "
            f"and {len(shuffled) - n_train} for validation. Both need at least one: change the "
            "fraction, or add pairs."
        )
    return shuffled[:n_train], shuffled[n_train:]


def prepare_training_data(pairs, tokenizer):
    """The same pairs with the tokenizer's end-of-text token appended to every answer."""
    return [QAPair(pair.question, pair.answer + tokenizer.eos_token) for pair in pairs]
