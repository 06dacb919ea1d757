from tests.acceptance.conftest import desk

__all__ = ["desk"]
