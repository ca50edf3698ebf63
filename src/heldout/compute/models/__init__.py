"""Well-known networks, written by hand: their sizes are the published ones. This package imports torch."""
