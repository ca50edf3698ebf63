"""Documents: what a challenge, its data and its results say of themselves on paper."""
