"""Loops that Python is too slow for, compiled once and cached beside the code."""
