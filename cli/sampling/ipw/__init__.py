"""Raw input of the family ipw."""
