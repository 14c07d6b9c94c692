"""Figures against budgets (ARCHITECTURE: speed). Scripts that print; nothing here is a test, because clocks are not."""
