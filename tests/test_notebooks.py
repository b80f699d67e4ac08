"""The rules for committed notebooks that nbval does not hold.

nbval compares what a cell shows with what is committed, but not pictures and widgets, and not a
cell that never ran. So every cell must have run, and under each picture and widget stands a
printed line that says what it shows, which nbval does compare.
"""

import ast
import json
import re

import nbformat
import pytest

from .scratch import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CORE = [
    "01_data_preparation",
    "02_input_target_shifting",
    "03_model",
    "04_training_with_early_stopping",
    "05_inference",
]
TAUGHT = """
    split_pairs prepare_training_data encode_text step_table make_batch token_losses
    CausalSelfAttention MLP Block GPT evaluate EarlyStopping training_step train
    generate next_token_probabilities
""".split()
MACHINE_PATH = re.compile(r"/(root|home|Users|tmp|usr|opt|var)/|\b[A-Z]:\\")
WIDGET = "application/vnd.jupyter.widget-view+json"

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def problems(notebook):
    """Every broken rule, as a list of texts."""
    found = []
    if "widgets" in notebook.metadata:
        found.append("widget metadata: GitHub refuses the notebook")
    for number, cell in enumerate(code_cells(notebook), start=1):
        tags = cell.metadata.get("tags", [])
        if cell.execution_count != number:
            found.append(f"code cell {number} ran as number {cell.execution_count}")
        if re.search(r"NBVAL|PYTEST_VALIDATE", cell.source) or any(tag.startswith("nbval") for tag in tags):
            found.append(f"code cell {number} is not compared")
        found += [f"code cell {number}: {problem}" for problem in output_problems(cell.outputs, tags)]
    return found


def output_problems(outputs, tags):
    """The broken rules in the outputs of one cell."""
    found = []
    printed = "".join(output.text for output in outputs if output.get("name") == "stdout")
    for output in outputs:
        data = output.get("data", {})
        texts = [output.get("text", ""), output.get("evalue", ""), *output.get("traceback", [])]
        texts += [value for value in data.values() if isinstance(value, str)]
        if any(MACHINE_PATH.search(text) for text in texts):
            found.append("a path of the machine it ran on")
        if output.output_type == "error" and "raises-exception" not in tags:
            found.append("an error")
        if WIDGET in data and not printed.strip():
            found.append("a widget without a printed line")
        if "image/png" in data:
            alt = output.metadata.get("image/png", {}).get("alt", "")
            if not alt.strip() or alt not in printed:
                found.append("a picture whose alternative text is not printed")
    return found


def test_the_series_is_complete():
    stems = [path.stem for path in NOTEBOOKS]
    assert stems[: len(CORE)] == CORE
    assert [stem for stem in stems if not re.fullmatch(r"\d\d_[a-z_]+", stem)] == []


@each_notebook
def test_rules(path):
    assert problems(read(path)) == []


@each_notebook
def test_small_enough_to_read_on_github(path):
    assert path.stat().st_size < 300_000


def test_all_open_with_the_same_cell():
    """The one that finds helpers/. A fix in one notebook must reach the others."""
    assert len({code_cells(read(path))[0].source for path in NOTEBOOKS}) == 1


@pytest.fixture
def good():
    """A notebook that keeps all the rules: a picture, a widget, an error that is wanted."""
    new = nbformat.v4
    picture = new.new_output(
        "display_data", {"image/png": "iVBO"}, metadata={"image/png": {"alt": "A line."}}
    )
    line = new.new_output("stream", name="stdout", text="A line.\n")
    widget = new.new_output("display_data", {WIDGET: {"model_id": "1"}, "text/plain": "slider"})
    error = new.new_output("error", ename="ValueError", evalue="wanted", traceback=["wanted"])
    cells = [
        new.new_code_cell("draw()", execution_count=1, outputs=[picture, line]),
        new.new_markdown_cell("NBVAL_SKIP is not for us."),
        new.new_code_cell("slide()", execution_count=2, outputs=[widget, line.copy()]),
        new.new_code_cell(
            "fail()", execution_count=3, outputs=[error], metadata={"tags": ["raises-exception"]}
        ),
    ]
    return new.new_notebook(cells=cells)


def test_the_good_notebook_is_good(good):
    assert problems(good) == []


def spoil_metadata(cells, notebook):
    notebook.metadata["widgets"] = {}


def spoil_never_ran(cells, notebook):
    cells[1].execution_count = None


def spoil_order(cells, notebook):
    cells[1].execution_count, cells[2].execution_count = 3, 2


def spoil_comment(cells, notebook):
    cells[0].source = "# NBVAL_IGNORE_OUTPUT\ndraw()"


def spoil_tag(cells, notebook):
    cells[0].metadata["tags"] = ["nbval-skip"]


def spoil_error(cells, notebook):
    cells[2].metadata["tags"] = []


def spoil_picture_without_line(cells, notebook):
    del cells[0].outputs[1]


def spoil_other_line(cells, notebook):
    cells[0].outputs[1].text = "Another line.\n"


def spoil_no_alternative_text(cells, notebook):
    cells[0].outputs[0].metadata = {}


def spoil_widget_without_line(cells, notebook):
    del cells[1].outputs[1]


def spoil_path_in_html(cells, notebook):
    cells[1].outputs[0].data["text/html"] = "<b>/home/me/gpt</b>"


def spoil_path_printed(cells, notebook):
    cells[1].outputs[1].text = "saved C:\\Users\\me\\gpt\n"


def spoil_path_in_error(cells, notebook):
    cells[2].outputs[0].traceback = ["File /tmp/x.py"]


SPOILERS = [function for name, function in list(globals().items()) if name.startswith("spoil_")]


@pytest.mark.parametrize("spoil", SPOILERS, ids=lambda function: function.__name__)
def test_each_broken_rule_is_noticed(good, spoil):
    spoil(code_cells(good), good)
    assert problems(good) != []


# Code taught is code used: a function or class in a notebook that helpers has too is the same one.


def definitions(source):
    """{name: code} of the functions and classes at the top level; docstrings and layout aside."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            for inner in ast.walk(node):
                if (
                    isinstance(inner, (ast.FunctionDef, ast.ClassDef))
                    and ast.get_docstring(inner) is not None
                ):
                    inner.body = inner.body[1:] or [ast.Pass()]
            found.setdefault(node.name, []).append(ast.dump(node))
    return found


def in_helpers():
    found = {}
    for module in (ROOT / "helpers").glob("*.py"):
        for name, versions in definitions(module.read_text(encoding="utf-8")).items():
            found.setdefault(name, []).extend(versions)
    return found


def in_notebook(path):
    """Each cell by itself: a second definition of a name, in a later cell, counts as well."""
    for cell in code_cells(read(path)):
        for name, versions in definitions(cell.source).items():
            yield from ((name, version) for version in versions)


@each_notebook
def test_taught_code_is_used_code(path):
    used = in_helpers()
    assert [name for name, code in in_notebook(path) if name in used and code not in used[name]] == []


def test_the_parts_of_the_lesson_are_taught():
    taught = {name for path in NOTEBOOKS for name, _ in in_notebook(path)}
    assert set(TAUGHT) - taught == set()
    assert set(TAUGHT) - set(in_helpers()) == set()


CODE = "@no_grad()\ndef f(x):\n    return x + 1\n\n\nclass A:\n    def g(self):\n        return 2\n"


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("    return x", '    """What it does."""\n    return x', True),
        ("        return 2", '        """What it does."""\n        return 2  # a comment', True),
        ("class A:\n", 'class A:\n    """What it is."""\n\n', True),
        ("x + 1", "(x+1)", True),
        ("x + 1", "x - 1", False),  # an operator
        ("return 2", "return 3", False),  # inside a class
        ("f(x)", "f(x, y=0)", False),
        ("@no_grad()\n", "", False),  # a decorator
        ("return x + 1", "'not a docstring here'; return x + 1; 1", False),
    ],
)
def test_the_comparison_of_code(old, new, same):
    assert old in CODE
    assert (definitions(CODE) == definitions(CODE.replace(old, new))) is same


def test_a_definition_is_found_in_a_notebook(tmp_path):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(CODE), nbformat.v4.new_code_cell("1")]
    )
    (tmp_path / "n.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    assert [name for name, _ in in_notebook(tmp_path / "n.ipynb")] == ["f", "A"]
