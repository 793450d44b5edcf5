"""README.md's formulas in plain numpy, which check_formulas.py holds against the stored cases."""
