"""Evaluation, one update, early stopping, whole runs, and checkpoints that survive a crash."""

import math
import os
import random

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers import (
    GPT,
    IGNORE,
    EarlyStopping,
    GPTConfig,
    LessonError,
    evaluate,
    load_best,
    set_seed,
    token_losses,
    train,
    training_step,
)
from helpers.training import load_checkpoint, load_model, save_checkpoint

TINY = GPTConfig(vocab_size=64, block_size=16, n_layer=1, n_head=2, n_embd=16)
WITH_DROPOUT = GPTConfig(vocab_size=64, block_size=16, n_layer=1, n_head=2, n_embd=16, dropout=0.2)


def tiny_gpt(config=TINY):
    set_seed(0)
    return GPT(config)


def random_batches(n_batches, seed):
    """Batches of two rows of random ids: they can be learned by heart, and nothing else."""
    generator = torch.Generator().manual_seed(seed)
    ids = [torch.randint(64, (2, 9), generator=generator) for _ in range(n_batches)]
    return [(row[:, :-1], row[:, 1:]) for row in ids]


TRAIN_BATCHES, VALIDATION_BATCHES = random_batches(3, seed=1), random_batches(1, seed=2)


def run(model, run_dir, **changes):
    options = {"epochs": 2, "learning_rate": 3e-3, "patience": 5, "run_dir": run_dir, **changes}
    return train(model, TRAIN_BATCHES, VALIDATION_BATCHES, **options)


def same_weights(a, b):
    return all(torch.equal(a[name], b[name]) for name in a | b)


class Table(nn.Module):
    """A model that can be read off: row i holds the probabilities of what follows token i."""

    def __init__(self, probabilities):
        super().__init__()
        self.logits = nn.Parameter(torch.tensor(probabilities).log())

    def forward(self, ids):
        return self.logits[ids]


# After token 0, token 1 has probability 1/2; after token 1, each of the three has another.
TABLE = [[0.25, 0.5, 0.25], [0.125, 0.125, 0.75], [0.5, 0.25, 0.25]]
ONE_STEP = (torch.tensor([[0]]), torch.tensor([[1]]))  # -ln 1/2
THREE_STEPS = (torch.tensor([[1, 1, 2]]), torch.tensor([[0, 1, 1]]))  # -ln 1/8, -ln 1/8, -ln 1/4


def padded(*, filler=2):
    """The two together in one batch."""
    input_ids = torch.tensor([[0, filler, filler], [1, 1, 2]])
    target_ids = torch.tensor([[1, IGNORE, IGNORE], [0, 1, 1]])
    return input_ids, target_ids


LN2 = math.log(2)


def test_token_losses_by_hand():
    losses = token_losses(Table(TABLE), *padded())
    assert losses.flatten().tolist() == pytest.approx([LN2, 0, 0, 3 * LN2, 3 * LN2, 2 * LN2])


@pytest.mark.parametrize("batches", [[ONE_STEP, THREE_STEPS], [padded()], [THREE_STEPS, ONE_STEP]])
def test_evaluate_is_the_mean_over_pairs_however_they_are_batched(batches):
    of_pairs = (LN2 + (3 + 3 + 2) / 3 * LN2) / 2
    assert evaluate(Table(TABLE), batches) == pytest.approx(of_pairs)


def test_evaluate_changes_nothing_but_the_mode():
    model = tiny_gpt(WITH_DROPOUT).train()
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    first = evaluate(model, VALIDATION_BATCHES)
    assert not model.training
    assert evaluate(model.train(), VALIDATION_BATCHES) == first  # no dropout while it measures
    assert all(parameter.grad is None for parameter in model.parameters())
    assert same_weights(before, model.state_dict())
    assert isinstance(first, float)


def test_evaluate_builds_no_graph():
    """A graph for the gradients that nobody will ask for costs memory."""
    model, recorded = tiny_gpt(), []
    model.register_forward_hook(lambda module, ids, logits: recorded.append(logits.requires_grad))
    evaluate(model, VALIDATION_BATCHES)
    assert recorded == [False]


def test_evaluate_nothing():
    with pytest.raises(LessonError, match="nothing to evaluate"):
        evaluate(tiny_gpt(), [])


def test_training_step_by_hand():
    """Plain gradient descent on a table: each weight moves by rate times gradient, pads don't count."""
    model, twin = Table(TABLE), Table(TABLE)
    model.logits.grad = torch.full((3, 3), 7.0)  # of an earlier batch: must be forgotten
    input_ids, target_ids = padded()
    loss = F.cross_entropy(twin(input_ids[target_ids != IGNORE]), target_ids[target_ids != IGNORE])
    loss.backward()

    returned = training_step(model, torch.optim.SGD(model.parameters(), lr=0.5), input_ids, target_ids)
    assert returned == pytest.approx((1 + 3 + 3 + 2) / 4 * LN2)  # per token, before the update
    assert torch.allclose(model.logits, twin.logits - 0.5 * twin.logits.grad)
    assert not torch.allclose(model.logits, twin.logits)


def test_training_step_clips_the_gradient():
    model = Table(TABLE)
    before = model.logits.detach().clone()
    training_step(model, torch.optim.SGD(model.parameters(), lr=1.0), *padded(), max_norm=0.001)
    assert (model.logits - before).norm().item() == pytest.approx(0.001, rel=0.01)


@pytest.mark.parametrize(
    ("patience", "losses", "improved", "counters", "stops"),
    [
        (2, [3.0, 2.0, 2.5, 1.9, 2.0, 2.1], "110100", [0, 0, 1, 0, 1, 2], "000001"),
        (3, [3.0, 3.0, 3.0, 3.0], "1000", [0, 1, 2, 3], "0001"),  # equal is not better
        (1, [1.0, 0.9, 0.8, 0.85], "1110", [0, 0, 0, 1], "0001"),
        (5, [2.0, 1.0, 1.5, 1.5, 1.5, 1.5, 1.5], "1100000", [0, 0, 1, 2, 3, 4, 5], "0000001"),
    ],
)
def test_early_stopping_replayed(patience, losses, improved, counters, stops):
    stopping = EarlyStopping(patience)
    seen = []
    for loss in losses:
        better = stopping.improved(loss)
        seen.append((better, stopping.counter, stopping.should_stop()))
    assert "".join(str(int(better)) for better, _, _ in seen) == improved
    assert [counter for _, counter, _ in seen] == counters
    assert "".join(str(int(stop)) for _, _, stop in seen) == stops
    assert stopping.best_loss == min(losses)


def test_training_lowers_the_loss(tmp_path):
    model = tiny_gpt()
    before = evaluate(model, TRAIN_BATCHES)
    assert before == pytest.approx(math.log(64), abs=0.1)
    history = run(model, tmp_path, epochs=40, learning_rate=1e-2, patience=40)
    assert len(history.train_loss) == len(history.validation_loss) == 40
    assert evaluate(model, TRAIN_BATCHES) < 0.5
    assert history.train_loss[-1] < history.train_loss[0]


def test_the_training_loss_is_the_mean_over_the_batches(tmp_path):
    model = tiny_gpt()
    history = run(model, tmp_path, epochs=1, learning_rate=0.0)  # the weights stay as they are
    assert history.train_loss == [pytest.approx(evaluate(model, TRAIN_BATCHES))]


def test_it_stops_patience_epochs_after_the_best(tmp_path):
    """Random text can't be foretold: the validation loss soon rises for good."""
    history = run(tiny_gpt(), tmp_path, epochs=60, learning_rate=1e-2, patience=3)
    assert len(history.validation_loss) < 60
    assert len(history.validation_loss) == history.best_epoch + 3
    best = min(history.validation_loss)
    assert history.validation_loss.index(best) + 1 == history.best_epoch
    assert all(loss >= best for loss in history.validation_loss[-3:])


def test_best_is_saved_and_last_is_kept(tmp_path):
    model = tiny_gpt()
    history = run(model, tmp_path, epochs=60, learning_rate=1e-2, patience=3)
    best = load_best(tmp_path)
    assert not best.training
    assert best.config == TINY
    assert evaluate(best, VALIDATION_BATCHES) == min(history.validation_loss)
    assert evaluate(model, VALIDATION_BATCHES) == history.validation_loss[-1] > min(history.validation_loss)
    assert same_weights(load_model(tmp_path / "last.pt").state_dict(), model.state_dict())


def test_what_a_run_prints(tmp_path, capsys):
    run(tiny_gpt(), tmp_path, epochs=60, learning_rate=1e-2, patience=2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("epoch  1  train ")
    assert all("validation" in line for line in lines)
    assert lines[0].endswith("best so far, saved")
    assert lines[-2].endswith("no better for 1 of 2")
    assert lines[-1].endswith("no better for 2 of 2: stop")


def test_a_quiet_run_prints_no_lines(tmp_path, capsys):
    run(tiny_gpt(), tmp_path, quiet=True)
    assert capsys.readouterr().out == ""


def test_the_same_seed_gives_the_same_run(tmp_path):
    one = run(tiny_gpt(WITH_DROPOUT), tmp_path / "a")
    two = run(tiny_gpt(WITH_DROPOUT), tmp_path / "b")
    assert one == two


def test_set_seed_starts_both_generators():
    def draw(seed):
        set_seed(seed)
        return random.random(), torch.rand(2).tolist()

    (python_1, torch_1), (python_2, torch_2) = draw(1), draw(2)
    assert draw(1) == (python_1, torch_1)
    assert python_1 != python_2
    assert torch_1 != torch_2


def test_going_on_from_last_pt_is_as_if_never_stopped(tmp_path):
    """Two epochs, then two by hand from the file, against four without a break, bit by bit."""
    whole = tiny_gpt(WITH_DROPOUT)
    history = run(whole, tmp_path / "whole", epochs=4)
    run(tiny_gpt(WITH_DROPOUT), tmp_path / "part", epochs=2)

    set_seed(999)  # as if in another process
    saved = load_checkpoint(tmp_path / "part" / "last.pt")
    model = GPT(GPTConfig(**saved["config"]))
    model.load_state_dict(saved["model"])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1.0, fused=True)  # its state brings the rate
    optimizer.load_state_dict(saved["optimizer"])
    random.setstate(saved["random"]["python"])
    torch.set_rng_state(saved["random"]["torch"])
    for _ in range(2):
        model.train()
        for input_ids, target_ids in TRAIN_BATCHES:
            training_step(model, optimizer, input_ids, target_ids)
        loss = evaluate(model, VALIDATION_BATCHES)

    assert loss == history.validation_loss[-1]
    assert same_weights(model.state_dict(), whole.state_dict())
    assert saved["history"]["validation_loss"] == history.validation_loss[:2]
    assert saved["stopping"]["patience"] == 5
    assert saved["stopping"]["best_loss"] == min(history.validation_loss[:2])
    rest = load_checkpoint(tmp_path / "whole" / "last.pt")["random"]
    assert torch.equal(torch.get_rng_state(), rest["torch"])


def contents(run_dir):
    return {path.name: path.read_bytes() for path in run_dir.iterdir()}


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_located_and_costs_no_file(tmp_path, monkeypatch, bad):
    run(tiny_gpt(), tmp_path, epochs=1)
    after_one_epoch = contents(tmp_path)
    losses = []

    def third_batch_is_bad(*arguments):
        losses.append(training_step(*arguments))
        return bad if len(losses) == 5 else losses[-1]  # 3 batches an epoch: epoch 2, batch 2

    monkeypatch.setattr("helpers.training.training_step", third_batch_is_bad)
    with pytest.raises(LessonError, match=rf"{bad} in epoch 2, batch 2\..*learning rate.*kept"):
        run(tiny_gpt(), tmp_path, epochs=3)
    assert contents(tmp_path).keys() == {"best_model.pt", "last.pt"}
    assert contents(tmp_path)["best_model.pt"] == after_one_epoch["best_model.pt"]
    load_best(tmp_path)


def test_a_validation_loss_that_is_no_number(tmp_path, monkeypatch):
    monkeypatch.setattr("helpers.training.evaluate", lambda model, batches: math.nan)
    with pytest.raises(LessonError, match="nan in epoch 1, validation"):
        run(tiny_gpt(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_learning_rate_far_too_high(tmp_path):
    with pytest.raises(LessonError, match=r"(nan|inf) in epoch 1, batch [23]\..*a tenth"):
        run(tiny_gpt(), tmp_path, learning_rate=1e38)


@pytest.mark.parametrize("train_batches, validation_batches", [([], VALIDATION_BATCHES), (TRAIN_BATCHES, [])])
def test_nothing_to_train_or_validate_on(tmp_path, train_batches, validation_batches):
    model = tiny_gpt()
    with pytest.raises(LessonError, match="nothing to train or to validate on"):
        train(
            model,
            train_batches,
            validation_batches,
            epochs=1,
            learning_rate=1e-3,
            patience=1,
            run_dir=tmp_path,
        )
    assert same_weights(model.state_dict(), tiny_gpt().state_dict())  # said before the first update


def test_a_run_dir_that_cant_be_one(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(LessonError, match=r"Can't write .*best_model\.pt"):
        run(tiny_gpt(), tmp_path / "file")


def full_disk(*arguments):
    """For torch.save: half the file, then an error. For os.replace: an error before anything moved."""
    path = arguments[1]
    if path.suffix == ".tmp":
        path.write_bytes(b"half")
    raise OSError("No space left on device")


def interrupt(*arguments):
    raise KeyboardInterrupt


@pytest.mark.parametrize("function", ["torch.save", "os.replace"])
@pytest.mark.parametrize(("crash", "error"), [(full_disk, LessonError), (interrupt, KeyboardInterrupt)])
def test_a_crash_while_saving_leaves_the_old_file(tmp_path, monkeypatch, function, crash, error):
    old = tiny_gpt()
    save_checkpoint(tmp_path / "best_model.pt", old)
    with monkeypatch.context() as patch, pytest.raises(error):
        patch.setattr(function, crash)
        save_checkpoint(tmp_path / "best_model.pt", GPT(TINY))
    assert same_weights(load_best(tmp_path).state_dict(), old.state_dict())


def test_the_message_for_a_full_disk_says_what_is_safe(tmp_path, monkeypatch):
    monkeypatch.setattr(torch, "save", full_disk)
    with pytest.raises(LessonError, match=r"best_model\.pt: No space left.*unharmed"):
        save_checkpoint(tmp_path / "best_model.pt", tiny_gpt())


def test_a_missing_checkpoint(tmp_path):
    with pytest.raises(LessonError, match=r"There is no best_model\.pt in .*train first"):
        load_best(tmp_path)


class Malicious:
    """Pickle would run this when it loads the file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (str(self.path),))


@pytest.fixture
def good_bytes(tmp_path):
    save_checkpoint(tmp_path / "good.pt", tiny_gpt())
    return (tmp_path / "good.pt").read_bytes()


@pytest.mark.parametrize("keep", [0, 1, 100, 0.5, 0.99])
def test_a_checkpoint_cut_short(tmp_path, good_bytes, keep):
    size = keep if isinstance(keep, int) else int(keep * len(good_bytes))
    (tmp_path / "best_model.pt").write_bytes(good_bytes[:size])
    with pytest.raises(LessonError, match=r"best_model\.pt is damaged or not a checkpoint.*Train again"):
        load_best(tmp_path)


@pytest.mark.parametrize("content", [b"hello", bytes(range(256)) * 50, b"PK\x03\x04" + bytes(500)])
def test_a_file_that_is_no_checkpoint(tmp_path, content):
    (tmp_path / "best_model.pt").write_bytes(content)
    with pytest.raises(LessonError, match="damaged or not a checkpoint"):
        load_best(tmp_path)


def test_checkpoints_of_something_else(tmp_path):
    config = {"vocab_size": 64, "block_size": 16, "n_layer": 1, "n_head": 2, "n_embd": 16}
    weights = tiny_gpt().state_dict()
    others = [
        [1, 2],
        weights,  # no "model" in it
        {"model": weights},
        {"config": config, "model": {"wte.weight": torch.zeros(2, 2)}},
        {"config": {"size": 3}, "model": weights},
        {"config": {**config, "n_embd": 32}, "model": weights},
    ]
    for other in others:
        torch.save(other, tmp_path / "best_model.pt")
        with pytest.raises(LessonError, match="damaged or not a checkpoint"):
            load_best(tmp_path)
    torch.save({"config": config, "model": weights}, tmp_path / "best_model.pt")
    load_best(tmp_path)  # the same, in order: it is the contents that were refused


def test_no_code_from_a_checkpoint_is_run(tmp_path):
    torch.save({"config": {}, "model": Malicious(tmp_path / "owned")}, tmp_path / "best_model.pt")
    with pytest.raises(LessonError, match="damaged or not a checkpoint"):
        load_best(tmp_path)
    assert not (tmp_path / "owned").exists()
