"""How models are fitted here: on one thread, without the libraries' warnings.

Add here: conditions that hold for every fit of this package.
Keep out: the fits themselves.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def one_thread() -> Iterator[None]:
    """Run the block on one thread: sums are then added in one order, so reruns agree to the last bit."""
    import threadpoolctl  # type: ignore[import-untyped]

    with threadpoolctl.threadpool_limits(limits=1):
        yield


@contextmanager
def one_quiet_thread() -> Iterator[None]:
    """Run fits on one thread, without warnings (fewer distinct rows than clusters, no convergence).

    What the libraries warn of shows in the candidate's own figures.
    """
    import sklearn.cluster  # noqa: F401  its OpenMP pool can be limited only once it is loaded

    with one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
