"""The desktop app. All its state is in one headless `Session`; long work runs in processes of the command line."""
