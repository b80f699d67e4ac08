"""The comparison that every notebook goes through: it must fail where a reader would see a difference."""

import nbformat
import pytest

from .scratch import copy_project, run_nbval, write_notebook
from .tolerance import Approximate

ABOUT_EQUAL = [
    ("loss 3.45", "loss 3.45"),
    ("loss 3.45", "loss 3.46"),  # a little off
    ("loss 103.0", "loss 102.2"),  # less than 1 % off
    ("p = 0.00", "p = 0.02"),
    ("p = 0.01", "p = -0.01"),
    (" loss\n 9.99\n", "  loss\n 10.01\n"),  # a digit more: the column is wider
    ("[ 0.01, -0.50]", "[-0.01, -0.50]"),  # a sign more
    ("<td>3.45</td>", "<td>3.44</td>"),
    ("error 1.2e-07", "error 3.4e-07"),
    ("loss nan", "loss nan"),
    ("The loss is 3.45.", "The loss is 3.46."),  # the full stop is not part of the number
]
DIFFERENT = [
    ("loss 3.45", "Loss 3.45"),  # a word
    ("Paris 3.45", "Berlin 3.45"),
    ("id 50256", "id 50257"),  # an integer
    ("epoch 7  loss 3.45", "epoch 8  loss 3.45"),
    ("7,162,368 weights", "7,162,369 weights"),
    ("target -100", "target 100"),
    ("loss 3.45", "loss 3.56"),  # a decimal
    ("loss 103.0", "loss 101.5"),  # more than 1 %
    ("p = 0.50", "p = -0.50"),
    ("5.0e+2", "5.2e+2"),
    ("loss 3.45", "loss nan"),
    ("loss nan", "loss 3.45"),
    ("loss inf", "loss nan"),
    ("loss 3.45", "loss 3"),  # a decimal and an integer
    ("2.13.0", "2.13.1"),  # a version, not a number
    ("1.5 2.5", "1.5"),  # one number fewer
    ("' Paris'", "'Paris'"),  # a space that a reader sees
    ("one\ntwo", "one two"),
]


@pytest.mark.parametrize(("committed", "new"), ABOUT_EQUAL)
def test_about_equal(committed, new):
    assert Approximate(committed) == Approximate(new)
    assert (Approximate(committed) != Approximate(new)) is False


@pytest.mark.parametrize(("committed", "new"), DIFFERENT)
def test_different(committed, new):
    assert Approximate(committed) != Approximate(new)
    assert (Approximate(committed) == Approximate(new)) is False


# What a cell prints, what its committed output says, and what nbval must make of it.
PRINTED = [
    ("print('loss 3.45')", "loss 3.45\n", "PASSED"),
    ("print('loss 3.45')", "loss 3.44\n", "PASSED"),  # a decimal inside the tolerance
    ("print('loss 3.45')", "loss 3.65\n", "FAILED"),  # outside
    ("print('loss 3.45')", "cost 3.45\n", "FAILED"),  # a changed word
    ("print('id 50256')", "id 50257\n", "FAILED"),  # a changed integer
    ("print('loss', float('nan'))", "loss 3.45\n", "FAILED"),
    ("import sys; print('a warning', file=sys.stderr); print('loss 3.45')", "loss 3.45\n", "PASSED"),
]
TABLE = "import pandas; frame = pandas.DataFrame({'loss': [%s]}); frame"
SHOWN = [("3.45", "3.44", "PASSED"), ("3.45", "3.65", "FAILED"), ("3", "4", "FAILED")]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What nbval, in a run of its own, says about each cell of a notebook made of the cases above."""
    folder = tmp_path_factory.mktemp("project")
    copy_project(folder)
    path = folder / "notebooks" / "cases.ipynb"
    write_notebook(path, [case[:2] for case in PRINTED])

    import pandas

    notebook = nbformat.read(path, as_version=4)
    for number, (new, committed, _) in enumerate(SHOWN, start=len(PRINTED) + 1):
        frame = pandas.DataFrame({"loss": [float(committed) if "." in committed else int(committed)]})
        data = {"text/plain": repr(frame), "text/html": frame._repr_html_()}
        output = nbformat.v4.new_output("execute_result", data, execution_count=number)
        notebook.cells.append(
            nbformat.v4.new_code_cell(TABLE % new, execution_count=number, outputs=[output])
        )
    nbformat.write(notebook, path)

    cells, output = run_nbval(folder)
    assert len(cells) == len(PRINTED) + len(SHOWN), output
    return cells


@pytest.mark.parametrize("number", range(len(PRINTED) + len(SHOWN)))
def test_through_nbval(outcomes, number):
    assert outcomes[number] == (PRINTED + SHOWN)[number][2]
