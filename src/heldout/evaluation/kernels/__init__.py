"""Compiled loops over labels and scores; those over boxes and masks stand in `vision.kernels`."""
