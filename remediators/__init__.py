"""remediators: fix configuration across a fleet without an agent, and always be able to put it back."""

__version__ = "0.1.0"
