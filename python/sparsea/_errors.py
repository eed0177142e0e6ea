"""The exceptions for input that sparsea refuses."""

from __future__ import annotations


class Error(Exception):
    """Base class of the exceptions for input that sparsea refuses.

    Each is also a ValueError, a TypeError or a MemoryError, so ``except ValueError`` works too. The message states the
    rule and the value. Other exceptions are raised unchanged: KeyboardInterrupt, exceptions of callbacks and operators,
    and MemoryError if Python itself runs out of memory.

    Examples
    --------
    >>> import sparsea
    >>> try:
    ...     sparsea.solve([[1.0, 0.0], [0.0, 1.0]], [1.0, 2.0], 3)
    ... except sparsea.Error as error:
    ...     print(error)
    k must be between 0 and 2 (the number of columns), got 3
    """


class InvalidValueError(Error, ValueError):
    """An argument has the right type but breaks a rule."""


class InvalidTypeError(Error, TypeError):
    """An argument has the wrong type."""


class MemoryLimitError(Error, MemoryError):
    """A run or an array would need more memory than is allowed or can be had."""
