"""Raw input of each family, generated, together with what must become of every record."""
