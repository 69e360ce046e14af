"""swath for Python: runs as data frames, and its selectors and metrics on arrays.

`read_run` reads the folder of a run. `select`, `measure`, `Points`, `selectors` and `metrics` are those of the wheel `swath-core`, where
that is installed. The program itself is the command `swath`, or `python -m swath`.
"""

from typing import TYPE_CHECKING

from swath._program import program
from swath._runs import Run, read_run

if TYPE_CHECKING:
    from swath_core import Points as Points, measure as measure, metrics as metrics, select as select, selectors as selectors

__all__ = ["Run", "program", "read_run"]

_OF_CORE = frozenset({"Points", "measure", "metrics", "select", "selectors"})


def __getattr__(name):
    # When it is asked for, so that runs can be read without numpy.
    if name not in _OF_CORE:
        raise AttributeError(f"module 'swath' has no attribute '{name}'")
    try:
        import swath_core
    except ModuleNotFoundError as error:
        if error.name not in ("swath_core", "numpy"):
            raise
        raise ImportError(f"swath.{name} is in the wheel swath-core, which is not installed: pip install swath-core") from error
    return getattr(swath_core, name)


def __dir__():
    return sorted({*globals(), *_OF_CORE})
