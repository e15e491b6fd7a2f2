"""Footage, clocks and cameras: the lowest floor. Imports nothing else of ours."""
