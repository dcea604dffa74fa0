"""How fast the Python library `eventsourcing` folds a ballot of 200 ratings: beside it, `make bench` shows PhotoVote."""

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import reduce
from importlib.metadata import version
from pathlib import Path

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

RATINGS = 200
CANDIDATES = 100
ROUNDS = 5
SECONDS = 1.0


class Ballot(Aggregate):
    """A draft that its voter fills in."""

    @event("Created")
    def __init__(self, token: str):
        self.token = token
        self.ratings: dict[str, int] = {}

    @event("CandidateRated")
    def rate(self, candidate: str, rating: int) -> None:
        """A candidate gets a grade."""
        self.ratings[candidate] = rating

    @event("Cast")
    def cast(self, nonce: str, ratings: dict[str, int]) -> None:
        """It is cast, saying this."""
        self.ratings = ratings


def ballot() -> Ballot:
    """As many events as the ballot that `make bench` folds."""
    candidates = [f"{number:026}" for number in range(CANDIDATES)]
    new = Ballot(token="0" * 64)
    for number in range(RATINGS):
        new.rate(candidates[number % CANDIDATES], 1 + number % 5)
    new.cast("0" * 64, {candidate: 1 + number % 5 for number, candidate in enumerate(candidates)})
    return new


def rate(work: Callable[[], object]) -> float:
    """How many events in a second: the middle of some rounds, after one that does not count."""
    rates = []
    for _ in range(ROUNDS + 1):
        begin, times = time.perf_counter(), 0
        while time.perf_counter() - begin < SECONDS:
            work()
            times += 1
        rates.append(times * (RATINGS + 2) / (time.perf_counter() - begin))
    return statistics.median(rates[1:])


def main() -> None:
    """Prints a table."""
    print(f"eventsourcing {version('eventsourcing')}, events in a second, median of {ROUNDS} rounds of {SECONDS:.0f} s\n")
    print("| a ballot, 200 ratings | per second |\n|---|---:|")
    events = ballot().pending_events
    print(f"| fold events | {rate(lambda: reduce(lambda state, event: event.mutate(state), events, None)):.0f} |")
    with tempfile.TemporaryDirectory(prefix="photovote-") as directory:
        sqlite = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(Path(directory) / "events.db")}
        for name, environment in [("load from memory", {}), ("load from SQLite", sqlite)]:
            application = Application(env=environment)
            stored = ballot()
            application.save(stored)
            assert application.repository.get(stored.id).ratings == stored.ratings
            print(f"| {name} | {rate(lambda: application.repository.get(stored.id)):.0f} |", flush=True)
            application.close()


if __name__ == "__main__":
    main()
