"""Figures, not tests: `make bench` prints accuracy against known truth and the cost of each step, peers beside."""
