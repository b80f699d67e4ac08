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
