"""Raw input of the family sera."""
