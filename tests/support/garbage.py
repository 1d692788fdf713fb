"""The garbage collector leaves the collected tests alone: some ten thousand, all there to the end.

Looking at them again and again takes each process ten seconds of a run.
"""

import gc

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> object:
    """Nothing that is made now is garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
