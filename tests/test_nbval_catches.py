"""A change that matters makes a notebook's comparison fail: seen on copies, one change each."""

import pytest

from .scratch import copy_project, run_nbval

NOTEBOOK = "04_training_with_early_stopping.ipynb"

CHANGES = {
    "learning rate": (f"notebooks/{NOTEBOOK}", "learning_rate=5e-5", "learning_rate=5e-4"),
    "shift": ("helpers/tokens.py", "return ids[:, :-1], ids[:, 1:]", "return ids[:, :-1], ids[:, :-1]"),
    "split": ("helpers/data.py", "seed=42", "seed=43"),
}


def test_the_unchanged_copy_passes(tmp_path):
    copy_project(tmp_path, NOTEBOOK)
    cells, output = run_nbval(tmp_path)
    assert set(cells) == {"PASSED"}, output


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_caught(tmp_path, change):
    file, old, new = CHANGES[change]
    copy_project(tmp_path, NOTEBOOK)
    text = (tmp_path / file).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (tmp_path / file).write_text(text.replace(old, new), encoding="utf-8")

    cells, output = run_nbval(tmp_path, "-x")  # up to the first difference
    assert cells[0] == "PASSED", output
    assert cells[-1] == "FAILED", output
    assert "Cell outputs differ" in output  # the comparison failed; nothing crashed
    assert "Cell execution caused an exception" not in output
