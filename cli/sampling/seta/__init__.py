"""Raw input of the family seta."""
