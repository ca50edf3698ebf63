"""One derived index per data revision and role: full-text search, filters, facets, paging.

An index is a folder that can be thrown away and built again: an SQLite file (rows, full text) and a
sidecar of memory-mapped arrays (codes, numbers, orders). It never changes once it is there, so any
number of processes may read it. What a role may not see never enters its index: see `views`.
"""
