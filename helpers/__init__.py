"""What the notebooks share: one small room for each part of the lesson.

data, tokens, model, training and inference are taught in the notebooks, cell by cell; show
draws what they compute.
"""

from .data import QAPair, load_pairs, prepare_training_data, split_pairs
from .errors import LessonError
from .inference import answer, exact_match, generate, next_token_probabilities
from .model import GPT, MLP, Block, CausalSelfAttention, GPTConfig, init_weight
from .tokens import IGNORE, encode_text, load_tokenizer, make_batch, make_batches, step_table
from .training import (
    EarlyStopping,
    History,
    check_finite,
    epoch_line,
    evaluate,
    load_best,
    load_checkpoint,
    load_model,
    save_checkpoint,
    set_seed,
    token_losses,
    train,
    training_step,
)
