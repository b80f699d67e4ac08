"""The ten pairs, their split, and what the loader says about a file it can't use."""

import json
import random

import pytest

from helpers import LessonError, QAPair, load_pairs, load_tokenizer, prepare_training_data, split_pairs

TEN_PAIRS = [
    ("What is the capital of France?", "The capital of France is Paris."),
    ("What is the capital of Germany?", "The capital of Germany is Berlin."),
    ("How are you?", "I am fine, thank you. And you?"),
    ("What is 2 + 2?", "2 + 2 equals 4."),
    ("Who wrote Harry Potter?", "J.K. Rowling wrote Harry Potter."),
    ("What is the tallest mountain?", "Mount Everest is the tallest mountain."),
    (
        "When was the first computer invented?",
        "The first electronic computer was invented in the 1940s.",
    ),
    ("What is the boiling point of water?", "Water boils at 100 degrees Celsius at sea level."),
    ("Who painted the Mona Lisa?", "Leonardo da Vinci painted the Mona Lisa."),
    ("What is the capital of Japan?", "The capital of Japan is Tokyo."),
]


def test_the_ten_pairs_in_the_lessons_order():
    assert load_pairs() == TEN_PAIRS
    assert load_pairs()[0].answer == "The capital of France is Paris."


def write(path, value):
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def test_a_byte_order_mark_does_no_harm(tmp_path):
    path = tmp_path / "pairs.json"
    path.write_bytes(b'\xef\xbb\xbf[{"question": "Was?", "answer": "Gr\xc3\xbc\xc3\x9fe"}]')
    assert load_pairs(path) == [("Was?", "Grüße")]


def test_a_path_may_be_text(tmp_path):
    assert load_pairs(str(write(tmp_path / "p.json", [{"question": "q", "answer": "a"}]))) == [("q", "a")]


def test_missing_file_is_named_with_its_folder(tmp_path):
    with pytest.raises(LessonError) as error:
        load_pairs(tmp_path / "qa_pairs.json")
    assert "qa_pairs.json" in str(error.value)
    assert str(tmp_path) in str(error.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'[{"question": "q",\n "answer" "a"}]', r"broken\.json is not valid JSON.*line 2, column 11"),
        (b"", r"broken\.json is not valid JSON"),
        (b'[{"question": "caf\xe9", "answer": "a"}]', r"broken\.json is not UTF-8 \(byte 18\)\. Save it"),
        ("[]".encode("utf-16"), r"broken\.json is not UTF-8"),
        (b"[]", r"broken\.json must hold a list of at least one"),
        (b'{"question": "q", "answer": "a"}', r"broken\.json must hold a list"),
        (b"[" * 100_000, r"broken\.json"),  # nested deeper than Python can follow
    ],
)
def test_a_file_that_is_no_list_of_pairs(tmp_path, content, says):
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    with pytest.raises(LessonError, match=says):
        load_pairs(path)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(LessonError, match=tmp_path.name):
        load_pairs(tmp_path)


@pytest.mark.parametrize(
    ("second_pair", "key"),
    [
        ({"question": "q"}, "answer"),
        ({"answer": "a"}, "question"),
        ({"question": "q", "answer": ""}, "answer"),
        ({"question": " \n", "answer": "a"}, "question"),
        ({"question": "q", "answer": 4}, "answer"),
        ({"question": None, "answer": "a"}, "question"),
        ({"question": "q", "answer": ["a"]}, "answer"),
        (["q", "a"], "question"),
        ("q", "question"),
    ],
)
def test_a_pair_without_text_is_named(tmp_path, second_pair, key):
    path = write(tmp_path / "mine.json", [{"question": "q", "answer": "a"}, second_pair])
    with pytest.raises(LessonError, match=rf"mine\.json, pair 2: '{key}' is missing, empty or not text"):
        load_pairs(path)


def test_half_a_character_is_named(tmp_path):
    """JSON can hold half of a surrogate pair. It is no text that a tokenizer could take."""
    path = tmp_path / "mine.json"
    path.write_text(r'[{"question": "q", "answer": "a \ud83d b"}]', encoding="utf-8")
    with pytest.raises(LessonError, match=r"mine\.json, pair 1: 'answer' has half a character"):
        load_pairs(path)


def test_france_and_germany_are_held_out():
    train, validation = split_pairs(load_pairs())
    assert len(train) == 8
    assert sorted(pair.answer for pair in validation) == [
        "The capital of France is Paris.",
        "The capital of Germany is Berlin.",
    ]


def test_the_split_is_the_lessons_own():
    shuffled = list(TEN_PAIRS)
    random.seed(42)
    random.shuffle(shuffled)
    assert split_pairs(load_pairs()) == (shuffled[:8], shuffled[8:])


def test_the_split_leaves_its_input_and_the_global_generator_alone():
    pairs = load_pairs()
    random.seed(7)
    expected = random.random()
    random.seed(7)
    split_pairs(pairs)
    assert pairs == TEN_PAIRS
    assert random.random() == expected


def test_another_seed_and_another_fraction():
    pairs = load_pairs()
    train, validation = split_pairs(pairs, train_fraction=0.5, seed=1)
    assert (len(train), len(validation)) == (5, 5)
    assert sorted(train + validation) == sorted(pairs)
    assert train != split_pairs(pairs, train_fraction=0.5, seed=2)[0]


@pytest.mark.parametrize(("n_pairs", "fraction"), [(10, 0.05), (10, 1.0), (10, 0.0), (1, 0.8), (0, 0.8)])
def test_a_split_with_an_empty_part(n_pairs, fraction):
    with pytest.raises(LessonError, match=rf"train_fraction={fraction} cuts {n_pairs} pairs.*change"):
        split_pairs(TEN_PAIRS[:n_pairs], train_fraction=fraction)


def test_every_answer_ends_with_the_end_token():
    pairs = [QAPair("How are you?", "Fine.")]
    assert prepare_training_data(pairs, load_tokenizer()) == [("How are you?", "Fine.<|endoftext|>")]
    assert pairs == [("How are you?", "Fine.")]
