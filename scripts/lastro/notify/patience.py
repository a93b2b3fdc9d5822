"""What is tried again, when, and what is not."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter


class Refused(ConnectionError):
    """The other side refused for good: the same attempt would be refused again."""


class Unreachable(ConnectionError):
    """The other side gave no answer at all, however often it was tried."""


class Temporary(Exception):
    """One attempt failed, and the next may succeed.

    Args:
        sentence: What happened, without its full stop.
        is_answer: Whether the other side answered, as opposed to not being there.
        wait: The seconds that the other side asks for.
    """

    def __init__(self, sentence: str, is_answer: bool, wait: float = 0.0) -> None:
        """Keep what happened."""
        super().__init__(sentence)
        self.is_answer = is_answer
        self.wait = wait


@dataclass(frozen=True)
class Patience:
    """How often and how long to try.

    Attributes:
        attempts: How many in all, at least one.
        first_wait: Seconds between the first two, doubled from then on; up to as many again are added at
            random, so that many senders do not come back at the same moment.
        longest_wait: Seconds. Who asks for a longer wait is tried again by the next run instead.
        sleep: Waits for some seconds.
    """

    attempts: int = 5
    first_wait: float = 1.0
    longest_wait: float = 60.0
    sleep: Callable[[float], None] = time.sleep

    def run(self, attempt: Callable[[], None]) -> None:
        """Call a function until it succeeds.

        Args:
            attempt: Raises Temporary if it may succeed later; any other error ends it at once.

        Raises:
            Unreachable: Nobody answered the last attempt.
            ConnectionError: The last attempt was answered, but failed.
        """
        try:
            Retrying(
                stop=stop_after_attempt(self.attempts),
                wait=self._wait,
                retry=retry_if_exception(self._is_worth_it),
                sleep=self.sleep,
                reraise=True,
            )(attempt)
        except Temporary as error:
            kind = ConnectionError if error.is_answer else Unreachable
            raise kind(f"{error}{self._tried(error)}. The next run tries again.") from None

    def _is_worth_it(self, error: BaseException) -> bool:
        return isinstance(error, Temporary) and error.wait <= self.longest_wait

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait if isinstance(error, Temporary) else 0.0
        grown = wait_exponential_jitter(self.first_wait, self.longest_wait, jitter=self.first_wait)(state)
        return max(asked, grown)

    def _tried(self, error: Temporary) -> str:
        if error.wait > self.longest_wait:
            return f" and asks to wait {error.wait:.0f} s"
        return f" ({self.attempts} attempts)" if self.attempts > 1 else ""


PATIENT = Patience()
