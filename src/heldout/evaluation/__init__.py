"""Read and check predictions, score them, with honest intervals and by subgroup."""
