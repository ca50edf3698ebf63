"""The metrics, one file each. To add one, copy its sibling; the registry finds it."""
