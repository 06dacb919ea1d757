"""Data about vendors' products: one YAML file each, every datum with its source and whether it is verified."""
