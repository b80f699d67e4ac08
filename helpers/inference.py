"""Questions in, answers out: one token at a time."""

import torch

from .errors import LessonError


def next_token_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    """Logits (B, V) -> probabilities (B, V) that sum to 1.

    temperature divides the logits; top_k keeps the k most likely tokens; top_p keeps the
    smallest set that holds at least that much probability (Holtzman et al., "The Curious Case
    of Neural Text Degeneration", 2020). temperature=0 puts all on the most likely token.
    """
    if temperature == 0:
        return torch.zeros_like(logits).scatter(1, logits.argmax(dim=1, keepdim=True), 1.0)  # (B, V)
    logits = logits / temperature
    if top_k is not None:
        kth_best = logits.topk(min(top_k, logits.shape[1])).values[:, -1:]  # (B, 1)
        logits = logits.masked_fill(logits < kth_best, -torch.inf)
    probabilities = logits.softmax(dim=1)  # (B, V)
    if top_p is not None:
        ordered, order = probabilities.sort(dim=1, descending=True)
        before = ordered.cumsum(dim=1) - ordered  # what the more likely tokens hold together
        ordered = ordered.masked_fill(before >= top_p, 0.0)  # the most likely one always stays
        probabilities = torch.zeros_like(ordered).scatter(1, order, ordered)
        probabilities = probabilities / probabilities.sum(dim=1, keepdim=True)
    return probabilities


@torch.no_grad()
def generate(model, ids, max_new_tokens, *, temperature=0.0, top_k=None, top_p=None, eos_id=None):
    """Continue ids (B, T) by up to max_new_tokens: (B, T + new), the prompt included.

    Greedy at temperature 0, else sampled. Stops when every row has said eos_id; a row that
    has said it gets only eos_id from there on. Past block_size the model sees the last
    block_size tokens. Leaves the model in eval mode.
    """
    model.eval()
    finished = torch.zeros(ids.shape[0], 1, dtype=torch.bool, device=ids.device)  # (B, 1)
    for _ in range(max_new_tokens):
        logits = model(ids[:, -model.config.block_size :])[:, -1]  # the last position's, (B, V)
        probabilities = next_token_probabilities(logits, temperature, top_k, top_p)  # (B, V)
        next_id = torch.multinomial(probabilities, 1) if temperature else logits.argmax(1, keepdim=True)
        if eos_id is not None:
            next_id = next_id.masked_fill(finished, eos_id)
            finished = next_id == eos_id  # stays so: the line above repeats it
        ids = torch.cat([ids, next_id], dim=1)  # (B, T + 1)
        if finished.all():
            break
    return ids


def answer(model, tokenizer, question):
    """The model's greedy answer to a question: text, without the end token.

    The model goes on from the question's last token, as it did in training: question, space,
    answer, end of text. Raises LessonError for a question that is empty or too long to leave
    room for an answer.
    """
    question = question.strip()  # a trailing space would be a token of its own, never seen there
    if not question:
        raise LessonError("The question is empty. Type one, such as: What is the capital of France?")
    ids = tokenizer(question, return_tensors="pt")["input_ids"]  # (1, T)
    T, device = ids.shape[1], model.wte.weight.device
    room = model.config.block_size - T
    if room < 1:
        raise LessonError(
            f"The question has {T} tokens; the model reads at most {model.config.block_size}, "
            "answer included. Ask a shorter one."
        )
    ids = generate(model, ids.to(device), room, eos_id=tokenizer.eos_token_id)
    return tokenizer.decode(ids[0, T:], skip_special_tokens=True).strip()


def exact_match(model, tokenizer, pairs):
    """The share of the pairs, 0 to 1, whose answer the model gives word for word.

    An end token at the end of a pair's answer is not compared. Raises LessonError for no pairs.
    """
    if not pairs:
        raise LessonError("There are no pairs to ask.")
    right = [
        answer(model, tokenizer, pair.question) == pair.answer.removesuffix(tokenizer.eos_token)
        for pair in pairs
    ]
    return sum(right) / len(right)
