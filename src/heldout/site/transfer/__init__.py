"""One challenge in one archive: out of a site, and into another."""
