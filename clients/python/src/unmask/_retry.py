"""When a call is made again."""

from __future__ import annotations

import random
from dataclasses import dataclass

from ._errors import ConnectionFailed, Overloaded, ShuttingDown, UnmaskError


@dataclass(frozen=True)
class RetryPolicy:
    """Calls that failed with `overloaded` are made again, and those that ask for nothing but a computation also where
    the connection ended or the server was shutting down: another one may have its place. Nothing else is: the same
    request would fail the same way."""

    repetitions: int = 4
    """After the first attempt; 0 for none."""
    base_delay: float = 0.05
    """Seconds to wait where the server does not say."""
    max_delay: float = 10.0
    """The most that is waited before one repetition, whatever the server asks for."""

    def delay(self, error: UnmaskError, made: int, repeatable: bool) -> float | None:
        """Seconds to wait before the next repetition, or None where there is to be none.

        At least what the server asked for, and up to half as much again, drawn at random, so that clients that were
        refused together do not come back together. From one repetition to the next it doubles.
        """
        if made >= self.repetitions:
            return None
        if isinstance(error, Overloaded):
            asked = (error.retry_after_ms or 1000 * self.base_delay) / 1000
        elif repeatable and isinstance(error, (ConnectionFailed, ShuttingDown)):
            asked = self.base_delay
        else:
            return None
        return min(asked * float(2**made) * random.uniform(1, 1.5), self.max_delay)


NO_RETRIES = RetryPolicy(repetitions=0)
