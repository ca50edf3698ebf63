"""Statistics that several rooms need and no room owns."""
