"""The web site, its API and its worker, as Django apps over the library."""
