"""Tables and figures: text stays text, and a figure comes with a printed line."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from helpers import History, show


@pytest.fixture
def shown(monkeypatch):
    """Collects what would be displayed: (what, metadata)."""
    plt.switch_backend("agg")
    calls = []
    monkeypatch.setattr(
        show, "display", lambda what, metadata=None, raw=False: calls.append((what, metadata))
    )
    return calls


def test_text_in_a_table_is_no_html(shown):
    show.table(pd.DataFrame({"<i>": ["<script>alert(1)</script>", "<|endoftext|>"]}))
    [(data, _)] = shown
    assert '<td style="text-align:left">&lt;script&gt;alert(1)&lt;/script&gt;</td>' in data["text/html"]
    assert "<script>" not in data["text/html"]
    assert "<i>" not in data["text/html"]
    assert "<|endoftext|>" in data["text/plain"]


def test_a_table_shows_long_text_whole(shown):
    show.table(pd.DataFrame({"text": ["word " * 60 + "end"]}))
    [(data, _)] = shown
    assert "word end" in data["text/html"]
    assert "word end" in data["text/plain"]


def test_a_figure_prints_its_alternative_text(shown, capsys):
    figure, _ = plt.subplots()
    show.figure(figure, "A line that rises.")
    assert shown == [(figure, {"image/png": {"alt": "A line that rises."}})]
    assert capsys.readouterr().out == "A line that rises.\n"
    assert plt.get_fignums() == []  # closed: Jupyter would show it a second time


def test_the_loss_curves_are_described(shown, capsys):
    show.losses(History([4.0, 2.0, 1.0], [4.5, 3.25, 3.5]), "A run")
    assert (
        "from 4.00 to 1.00; validation from 4.50 to 3.50, lowest 3.25 at epoch 2" in capsys.readouterr().out
    )
