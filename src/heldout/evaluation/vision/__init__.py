"""Boxes, masks and keypoints: pure functions on arrays, from which the metrics are made.

Compiled loops stand in `kernels`, which needs the extra `vision` and is imported when it is first
used.
"""
