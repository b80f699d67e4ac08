"""Tables and figures. Nothing here computes: every function draws what it is given.

One style for the whole series, set below: large type, thick lines, the Okabe–Ito colours
(safe for colour-blind readers), and a second difference, a dash or a marker, for print
without colour. Under every figure stands a printed line that says what it shows; the same
words are the picture's alternative text.
"""

import html

import matplotlib.pyplot as plt
from IPython.display import display

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#666666"

plt.rcParams.update(
    {
        "figure.figsize": (8, 3.6),
        "figure.dpi": 100,
        "figure.facecolor": "white",  # readable in JupyterLab's dark theme too
        "font.size": 13,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 14,
        "axes.titlelocation": "left",
        "lines.linewidth": 2.5,
        "legend.frameon": False,
        "text.parse_math": False,  # a $ in a question is a dollar sign
    }
)


def table(frame):
    """Show a DataFrame without its index, text on the left, nothing cut off."""
    cells = frame.map(lambda value: html.escape(str(value)))
    rows = "".join(
        "<tr>" + "".join(f'<td style="text-align:left">{cell}</td>' for cell in row) + "</tr>"
        for row in cells.itertuples(index=False)
    )
    head = "".join(f'<th style="text-align:left">{html.escape(str(name))}</th>' for name in frame.columns)
    page = f'<table class="tex2jax_ignore"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    display({"text/html": page, "text/plain": frame.to_string(index=False, max_colwidth=None)}, raw=True)


def figure(fig, description):
    """Show a figure with its description as alternative text, and print the description."""
    fig.tight_layout()
    display(fig, metadata={"image/png": {"alt": description}})
    plt.close(fig)  # or Jupyter would show it a second time
    print(description)


def shift(pieces):
    """The pieces of a text twice, as input and as target, with an arrow from each input to its target."""
    n = len(pieces) - 1
    fig, ax = plt.subplots(figsize=(min(10, 1.2 + 1.7 * n), 2.6))
    for t in range(n):
        for y, piece, color in ((1, pieces[t], BLUE), (0, pieces[t + 1], ORANGE)):
            box = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": color, "linewidth": 2.5}
            ax.text(t, y, piece, ha="center", va="center", bbox=box, fontsize=12)
        ax.annotate(
            "", xy=(t, 0.24), xytext=(t, 0.76), arrowprops={"arrowstyle": "->", "lw": 2, "color": GREY}
        )
    ax.set(xlim=(-0.6, n - 0.4), ylim=(-0.4, 1.4), xticks=range(n), yticks=[1, 0])
    ax.set_xticklabels([f"step {t + 1}" for t in range(n)])
    ax.set_yticklabels(["input", "target"])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    pairs = "; ".join(f"{pieces[t]} -> {pieces[t + 1]}" for t in range(n))
    figure(fig, f"Last input token of each step -> its target: {pairs}.")


def mask(pieces):
    """The causal mask as a grid: row t is step t + 1, filled where that step may look."""
    n = len(pieces)
    fig, ax = plt.subplots(figsize=(6.4, 5.2))
    ax.imshow([[column <= row for column in range(n)] for row in range(n)], cmap="Blues", vmin=0, vmax=1.4)
    ax.set(title="What each step may see", xlabel="token it looks at", ylabel="step")
    ax.set_xticks(range(n), pieces, rotation=60, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(n), range(1, n + 1))
    ax.set_xticks([x - 0.5 for x in range(n + 1)], minor=True)
    ax.set_yticks([y - 0.5 for y in range(n + 1)], minor=True)
    ax.grid(which="minor", color="white", linewidth=2)
    ax.tick_params(which="both", length=0)
    seen = sum(column <= row for row in range(n) for column in range(n))
    figure(fig, f"Causal mask: step 1 sees 1 token, step {n} sees {n}; {seen} of {n * n} cells are filled.")


def losses(history, title):
    """Training and validation loss by epoch (a History), the best epoch marked."""
    epochs = range(1, len(history.train_loss) + 1)
    best, lowest = history.best_epoch, min(history.validation_loss)
    fig, ax = plt.subplots()
    ax.plot(epochs, history.train_loss, color=BLUE, label="training")
    ax.plot(epochs, history.validation_loss, color=ORANGE, linestyle="--", label="validation")
    ax.plot(best, lowest, "o", color=ORANGE, markersize=11, label=f"best: epoch {best}")
    ax.set(title=title, xlabel="epoch", ylabel="loss (nats per token)", ylim=(0, None))
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend()
    first, last = history.train_loss[0], history.train_loss[-1]
    validation = f"{history.validation_loss[0]:.2f} to {history.validation_loss[-1]:.2f}"
    figure(
        fig,
        f"Loss by epoch: training from {first:.2f} to {last:.2f}; validation from {validation}, "
        f"lowest {lowest:.2f} at epoch {best}.",
    )


def step_losses(targets, losses):
    """The loss of each step of a text as bars, over the step's target (text); the highest three marked."""
    highest = sorted(sorted(range(len(losses)), key=lambda t: losses[t])[-3:])
    labels = [f"{step}  {target!r}" for step, target in enumerate(targets, start=1)]
    fig, ax = plt.subplots(figsize=(8, 0.8 + 0.32 * len(losses)))
    bars = ax.barh(labels, losses, color=BLUE)
    for t in highest:
        bars[t].set_color(ORANGE)
    ax.invert_yaxis()
    ax.set(title="Loss of each step", xlabel="loss (nats)", ylabel="step and target")
    three = ", ".join(f"step {t + 1}, target {targets[t]!r}, loss {losses[t]:.1f}" for t in highest)
    figure(fig, f"Bars: the loss of {len(losses)} steps. Highest: {three}.")


def candidates(steps):
    """The likeliest tokens of each step as bars.

    steps has for each step a list of (token text, probability), best first.
    """
    columns = 4
    rows = -(-len(steps) // columns)  # rounded up
    fig, axes = plt.subplots(rows, columns, figsize=(11, 2.3 * rows), squeeze=False)
    for number, ax in enumerate(axes.flat, start=1):
        if number > len(steps):
            ax.axis("off")
            continue
        tokens, probabilities = zip(*steps[number - 1], strict=True)
        ax.barh(range(len(tokens)), probabilities, color=[ORANGE] + [BLUE] * (len(tokens) - 1))
        ax.set_yticks(range(len(tokens)), [repr(token) for token in tokens], fontsize=10)
        ax.invert_yaxis()
        ax.set(xlim=(0, 1), xticks=[0, 0.5, 1])
        ax.set_title(f"step {number}", fontsize=12)
    chosen = " ".join(f"{repr(step[0][0])} {step[0][1]:.2f}" for step in steps)
    figure(fig, f"Likeliest token of each step and its probability: {chosen}.")
