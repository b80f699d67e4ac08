"""The names that the notebooks and other people's code rely on: more may come, none may go."""

import inspect

import pytest

import helpers

ROOMS = {
    "data": "QAPair load_pairs split_pairs prepare_training_data",
    "tokens": "load_tokenizer encode_text step_table make_batch make_batches IGNORE",
    "model": "GPTConfig GPT Block MLP CausalSelfAttention",
    "training": "set_seed token_losses evaluate EarlyStopping History training_step train load_best",
    "inference": "next_token_probabilities generate answer exact_match",
    "errors": "LessonError",
}


@pytest.mark.parametrize(("room", "name"), [(room, name) for room in ROOMS for name in ROOMS[room].split()])
def test_name_is_in_its_room_and_in_helpers(room, name):
    assert getattr(helpers, name) is getattr(getattr(helpers, room), name)


def test_gpt_config_defaults():
    config = helpers.GPTConfig()
    assert (config.vocab_size, config.block_size, config.dropout) == (50257, 128, 0.0)
    assert (config.n_layer, config.n_head, config.n_embd) == (4, 4, 128)


def test_defaults_that_the_lesson_states():
    def default(function, name):
        return inspect.signature(function).parameters[name].default

    assert default(helpers.split_pairs, "train_fraction") == 0.8
    assert default(helpers.split_pairs, "seed") == 42
    assert default(helpers.generate, "temperature") == 0.0


def test_a_lesson_error_is_a_value_error_whose_message_a_notebook_shows_alone():
    error = helpers.LessonError("Say what to do.")
    assert isinstance(error, ValueError)
    assert error._render_traceback_() == ["LessonError: Say what to do."]
