"""README.md: the commands are the ones that work, the links lead somewhere, CI types what it says."""

import re
import shutil
import subprocess
import sys

import pytest

from .scratch import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
START = (
    "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt "
    "&& .venv/bin/jupyter lab notebooks/01_data_preparation.ipynb"
)
TEST = "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python -m pytest"


@pytest.mark.parametrize("command", [START, TEST])
def test_the_commands_stand_there_on_one_line_each(command):
    lines = README.splitlines()
    assert lines.count(command) == 1
    windows = command.replace("python3", "py").replace(".venv/bin/", ".venv\\Scripts\\")
    windows = windows.replace("notebooks/", "notebooks\\")
    assert lines.count(f'cmd /c "{windows}"') == 1


@pytest.mark.skipif(sys.platform == "win32", reason="a bash script")
def test_ci_runs_the_line_it_finds_in_the_readme(tmp_path):
    """Its own copy of the command would go stale: give it a README with another one."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci")

    def ci_run(readme):
        (tmp_path / "README.md").write_text(readme)
        return subprocess.run(["bash", tmp_path / ".ci" / "run"], cwd="/", capture_output=True, text=True)

    done = ci_run("Tests:\n```\npython3 -m venv --help && pwd && printf '<%s>' a -m pytest\n```\n")
    assert done.returncode == 0
    assert f"{tmp_path}\n<a><-m><pytest>" in done.stdout
    assert ci_run("python3 -m venv --help && false -m pytest\n").returncode != 0
    assert ci_run("nothing here\n").returncode != 0


def test_every_link_to_a_file_leads_there():
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", README)
    assert "notebooks/01_data_preparation.ipynb" in targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="only a clone knows which files are tracked")
def test_no_file_names_a_package_registry():
    """Which one to ask is the reader's own setting."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode("utf-8")
    files = [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]
    assert ROOT / "README.md" in files
    registry = re.compile(rb"pypi\.org|pythonhosted\.org|download\.pytorch\.org|npmjs\.org|[-]-index-url")
    assert [file.name for file in files if registry.search(file.read_bytes())] == []
