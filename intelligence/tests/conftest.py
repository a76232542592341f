from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def one_thread() -> Iterator[None]:
    """As in jobs: several threads wait for each other on a busy machine and take forty times as long."""
    import sklearn.cluster  # its threads can be limited once they are there
    from threadpoolctl import threadpool_limits

    assert sklearn
    with threadpool_limits(1):
        yield
