"""The training loop, early stopping, and checkpoints that survive a crash."""

import contextlib
import math
import os
import random
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from tqdm.auto import tqdm

from .errors import LessonError
from .model import GPT, GPTConfig
from .tokens import IGNORE


def set_seed(seed):
    """Start every random number generator that the series uses, Python's and torch's, at seed."""
    random.seed(seed)
    torch.manual_seed(seed)


def token_losses(model, input_ids, target_ids):
    """The loss of every step, in nats, (B, T): -log of the probability given to the target.

    0 where the target is IGNORE, which is not a step. Both arguments are (B, T) int64.
    """
    logits = model(input_ids)  # (B, T, V)
    losses = F.cross_entropy(
        logits.flatten(0, 1), target_ids.flatten(), ignore_index=IGNORE, reduction="none"
    )
    return losses.view(target_ids.shape)  # (B, T)


@torch.no_grad()
def evaluate(model, batches):
    """The loss of a pair, in nats per token, averaged over all pairs: a float.

    Every pair counts the same, however long it is and however the pairs are batched. Leaves
    the model in eval mode. Raises LessonError if there are no batches.
    """
    model.eval()  # no dropout while we measure
    pair_losses = []
    for input_ids, target_ids in batches:
        losses = token_losses(model, input_ids, target_ids)  # (B, T)
        counted = (target_ids != IGNORE).sum(dim=1)  # (B,)
        pair_losses += (losses.sum(dim=1) / counted).tolist()
    if not pair_losses:
        raise LessonError("There is nothing to evaluate: the list of batches is empty.")
    return sum(pair_losses) / len(pair_losses)


class EarlyStopping:
    """Stop when the validation loss has not improved for `patience` epochs in a row.

    See Prechelt, "Early Stopping – But When?", 1998.
    """

    def __init__(self, patience):
        self.patience = patience
        self.best_loss = math.inf
        self.counter = 0  # epochs since the best one

    def improved(self, validation_loss):
        """Take in one epoch's loss; True if it is the lowest so far."""
        if validation_loss < self.best_loss:
            self.best_loss = validation_loss
            self.counter = 0
            return True
        self.counter += 1
        return False

    def should_stop(self):
        """True once the counter has reached the patience."""
        return self.counter >= self.patience


@dataclass
class History:
    """What a run measured, one number per epoch, in nats; epochs count from 1."""

    train_loss: list[float] = field(default_factory=list)  # mean over the epoch, while it learned
    validation_loss: list[float] = field(default_factory=list)  # after the epoch

    @property
    def best_epoch(self):
        """The epoch with the lowest validation loss, the first one if several share it."""
        return 1 + self.validation_loss.index(min(self.validation_loss))


def training_step(model, optimizer, input_ids, target_ids, max_norm=1.0):
    """One update of the weights from one batch; the loss before it, in nats per token, a float.

    Gradients longer than max_norm are scaled down to it (Pascanu et al., "On the difficulty
    of training recurrent neural networks", 2013).
    """
    optimizer.zero_grad()  # forget the last batch's gradients: backward() adds to what is there
    losses = token_losses(model, input_ids, target_ids)  # forward, (B, T)
    loss = losses.sum() / (target_ids != IGNORE).sum()  # one number
    loss.backward()  # a gradient for every weight; no weight has changed yet
    nn.utils.clip_grad_norm_(model.parameters(), max_norm)  # no single batch may pull too hard
    optimizer.step()  # now the weights change
    return loss.item()


def train(model, train_batches, validation_batches, *, epochs, learning_rate, patience, run_dir, quiet=False):
    """Train until the validation loss stops improving, at most `epochs` epochs: a History.

    A batch is (input_ids, target_ids), both (B, T) int64; each epoch takes all of them in
    order, one AdamW update per batch (Loshchilov and Hutter, "Decoupled Weight Decay
    Regularization", 2019). Writes run_dir/best_model.pt at every improvement and
    run_dir/last.pt after every epoch. Afterwards the model holds the last epoch's weights;
    load_best(run_dir) gives the best epoch's. quiet leaves out the lines, not the bar.

    Raises LessonError if there are no batches, if run_dir can't be written, or if a loss
    becomes NaN or infinite: then the files of earlier epochs stay as they are.
    """
    if not train_batches or not validation_batches:
        raise LessonError("There is nothing to train or to validate on: a list of batches is empty.")
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, fused=True)
    stopping, history = EarlyStopping(patience), History()
    with tqdm(total=len(train_batches)) as bar:
        for epoch in range(1, epochs + 1):
            bar.reset()
            bar.set_description(f"epoch {epoch}")
            model.train()  # dropout on, where the model has any
            total = 0.0
            for number, (input_ids, target_ids) in enumerate(train_batches, start=1):
                total += training_step(model, optimizer, input_ids, target_ids)
                check_finite(total, f"epoch {epoch}, batch {number}")
                bar.update()
                bar.set_postfix(loss=f"{total / number:.2f}")  # the mean of the epoch so far
            validation_loss = evaluate(model, validation_batches)
            check_finite(validation_loss, f"epoch {epoch}, validation")
            history.train_loss.append(total / len(train_batches))
            history.validation_loss.append(validation_loss)
            if stopping.improved(validation_loss):
                save_checkpoint(Path(run_dir) / "best_model.pt", model)
            save_checkpoint(Path(run_dir) / "last.pt", model, optimizer, stopping, history)
            if not quiet:
                print(epoch_line(history, stopping))
            if stopping.should_stop():
                break
    return history


def epoch_line(history, stopping):
    """What the last epoch brought, in one line."""
    train_loss, validation_loss = history.train_loss[-1], history.validation_loss[-1]
    state = (
        f"no better for {stopping.counter} of {stopping.patience}"
        if stopping.counter
        else "best so far, saved"
    )
    stop = ": stop" if stopping.should_stop() else ""
    epoch = len(history.train_loss)
    return f"epoch {epoch:2d}  train {train_loss:5.2f}  validation {validation_loss:5.2f}  {state}{stop}"


def check_finite(loss, where):
    """Raise LessonError, naming where, if the loss is NaN or infinite."""
    if not math.isfinite(loss):
        raise LessonError(
            f"The loss is {loss} in {where}. The usual cause is a learning rate that is too high: "
            "try a tenth of it. Weights saved in earlier epochs are kept."
        )


def save_checkpoint(path, model, optimizer=None, stopping=None, history=None):
    """Write the weights and config to path, and with an optimizer all it takes to go on.

    Written to a file beside it, then renamed: at every moment there is either the old file or
    the new one, whole. Raises LessonError if the folder can't be written.
    """
    checkpoint = {"config": asdict(model.config), "model": model.state_dict()}
    if optimizer is not None:
        checkpoint["optimizer"] = optimizer.state_dict()
        checkpoint["stopping"] = vars(stopping)
        checkpoint["history"] = asdict(history)
        checkpoint["random"] = {"python": random.getstate(), "torch": torch.get_rng_state()}
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")  # no other process writes this one
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(checkpoint, temporary)
        os.replace(temporary, path)
    except (OSError, RuntimeError) as error:  # a full disk reaches us as a RuntimeError
        raise LessonError(f"Can't write {path}: {error}. What was there before is unharmed.") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()  # nothing half-written stays behind


def load_checkpoint(path):
    """The dictionary that save_checkpoint wrote. Runs no code from the file (weights_only=True).

    Raises LessonError if the file is missing or damaged, or torch can't read it.
    """
    path = Path(path)
    if not path.is_file():
        raise LessonError(
            f"There is no {path.name} in {path.parent}: train first, with this folder as run_dir."
        )
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises a different one for every way a file can be broken
        raise LessonError(f"{path} is damaged or not a checkpoint of this series. Train again.") from error


def load_model(path):
    """The GPT that a checkpoint holds, in eval mode. Raises LessonError as load_checkpoint does."""
    checkpoint = load_checkpoint(path)
    try:
        model = GPT(GPTConfig(**checkpoint["config"]))
        model.load_state_dict(checkpoint["model"])
    except Exception as error:
        raise LessonError(f"{path} is damaged or not a checkpoint of this series. Train again.") from error
    return model.eval()


def load_best(run_dir):
    """The model of the epoch with the lowest validation loss, in eval mode.

    Raises LessonError if run_dir/best_model.pt is missing, cut short, or not a checkpoint.
    """
    return load_model(Path(run_dir) / "best_model.pt")
