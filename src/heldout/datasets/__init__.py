"""Data sets: read any common format into one table, split it, hold answers out, prove what was done."""
