"""From a performance to files. Imports the solver's nouns only: no torch, no OpenCV, no Qt."""
