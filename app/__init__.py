"""The doors: command line, desktop app, pipeline, reports. Imports everything below."""

import os

# Before numpy comes: its OpenBLAS would share small products among threads that spin while they wait, a third more
# processor time for a later end; and takes run beside one another anyway.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
