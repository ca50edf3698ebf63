"""Challenges, their phases, organisers and entrants."""
