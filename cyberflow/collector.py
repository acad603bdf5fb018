"""The garbage collector, and when it rests. It finds rings of values that nothing uses; where a whole project or
account is read, all that is made stays, and to look through it again and again takes longer the more there is.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def rest_collector() -> Iterator[None]:
    """Look for nothing to throw away inside; where the collector is off already, it stays off."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
