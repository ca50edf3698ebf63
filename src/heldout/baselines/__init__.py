"""Credible baselines, trained on a challenge's public training split."""
