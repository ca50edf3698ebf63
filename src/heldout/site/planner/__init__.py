"""The compute planner: what training takes, from numbers, a known model or an uploaded trace."""
