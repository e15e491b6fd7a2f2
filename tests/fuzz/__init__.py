"""Hostile input for every reader: a corpus made by our own writers, mutations, limits, and what was found before."""
