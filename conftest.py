"""The rules of every test run, here so that `pytest notebooks/01_data_preparation.ipynb` has them too."""

pytest_plugins = ["tests.tolerance", "tests.surroundings"]
