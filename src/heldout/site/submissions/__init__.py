"""Uploads, their evaluation and the leaderboard."""
