"""Faults put into the whole main job: kills, failing calls, power cuts; then the same again, and the bytes compared."""
