"""What every other app of the site stands on."""
