"""Which tests run in one process, where several share the work: those of a file, and all that share one Wine."""

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file's tests share its fixtures, so they stay together; Wine's prefix is made once."""
    for item in items:
        wine = "wine" in getattr(item, "fixturenames", ()) and not item.path.name.startswith("test_world")
        item.add_marker(pytest.mark.xdist_group("wine" if wine else item.path.stem))
