"""The public data of challenges, for download."""
