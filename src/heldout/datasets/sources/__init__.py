"""Where data sets come from: folders, archives, and lists of addresses."""

from heldout.datasets.sources.archives import is_archive, unpack
from heldout.datasets.sources.fetching import Fetched, Politeness, fetch, table_of
from heldout.datasets.sources.listing import Wanted, read_list

__all__ = [
    "Fetched",
    "Politeness",
    "Wanted",
    "fetch",
    "is_archive",
    "read_list",
    "table_of",
    "unpack",
]
