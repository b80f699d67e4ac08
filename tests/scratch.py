"""A copy of the project to break, and nbval run on it in a process of its own."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent


def copy_project(folder, *notebooks):
    """Everything that a test run of the named notebooks needs, copied into an empty folder."""
    for name in ("helpers", "data", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    (folder / "notebooks").mkdir()
    for name in notebooks:
        shutil.copy(ROOT / "notebooks" / name, folder / "notebooks")


def write_notebook(path, cells):
    """A notebook with one code cell for each (source, what it is said to have printed)."""
    notebook = nbformat.v4.new_notebook()
    for number, (source, printed) in enumerate(cells, start=1):
        outputs = [nbformat.v4.new_output("stream", name="stdout", text=printed)]
        notebook.cells.append(nbformat.v4.new_code_cell(source, execution_count=number, outputs=outputs))
    nbformat.write(notebook, path)


def run_nbval(folder, *options):
    """Run pytest on folder's notebooks with the project's own settings.

    Returns what happened to each code cell, in order ("PASSED", "FAILED", …), and all that pytest
    printed.
    """
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "--color=no", *options, "notebooks"],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        errors="replace",  # Windows prints in an encoding of its own
    )
    output = done.stdout + done.stderr
    return re.findall(r"::Cell \d+ (PASSED|FAILED|ERROR|SKIPPED|XFAIL)", output), output
