"""Launch dataset challenges end to end: collect, split, score with honest intervals, rank, report."""

__version__ = "0.1.0.dev0"
