"""The doors: command line, desktop app, pipeline, reports. Imports everything below."""
__version__ = "0.1.0"
