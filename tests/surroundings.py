"""What every test and every notebook's kernel runs in: no network, one thread.

A pytest plugin, loaded by conftest.py before anything imports torch. Kernels inherit the
environment that it sets.
"""

import os
from pathlib import Path

from .offline import sitecustomize  # noqa: F401  (refuses the network in this process, from here on)

offline = str(Path(__file__).parent / "offline")
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [offline, os.environ.get("PYTHONPATH")]))

# Sums come out in another order with more threads, and long training runs then drift apart.
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
