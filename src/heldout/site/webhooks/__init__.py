"""Signed messages to other machines when a submission is finished."""
