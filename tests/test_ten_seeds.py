"""data/ten_seeds.csv says what its script finds."""

import pandas as pd

from .ten_seeds import ROOT, run

RESULTS = pd.read_csv(ROOT / "data" / "ten_seeds.csv")


def test_every_run_is_there():
    wanted = [(rate, seed) for rate in (5e-4, 1e-3, 2e-3) for seed in range(10)]
    assert list(zip(RESULTS["learning_rate"], RESULTS["seed"], strict=True)) == wanted


def test_one_run_again():
    """Other processors add up in another order, and a long run drifts: epochs may differ by a few."""
    [row] = RESULTS.query("learning_rate == 1e-3 and seed == 3").to_dict("records")
    again = run(learning_rate=1e-3, seed=3)
    assert again.keys() == row.keys()
    for name in ("last_exact", "best_held_out_exact", "last_held_out_exact", "last_on_france"):
        assert again[name] == row[name]
    assert abs(again["epochs"] - row["epochs"]) <= 3
    assert abs(again["best_epoch"] - row["best_epoch"]) <= 3
    assert abs(again["best_validation_loss"] - row["best_validation_loss"]) <= 0.1
    assert abs(again["best_exact"] - row["best_exact"]) <= 1
