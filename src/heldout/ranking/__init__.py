"""Order entries, tell which differences are real, and show no more than a phase reveals."""
