"""A challenge as a folder an organiser keeps in git: its definition, its checks, its evaluation."""
