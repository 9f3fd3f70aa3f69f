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
def one_quiet_thread() -> Iterator[None]:
    """Run the block on one thread, so that sums are added in one order and reruns agree to the last bit.

    Warnings of the libraries (fewer distinct rows than clusters, no convergence) are silenced: what they
    warn of shows in the candidate's own figures.
    """
    import threadpoolctl  # type: ignore[import-untyped]

    with threadpoolctl.threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
