"""An open loop: units begin when their time has come, whether or not the ones before are done."""

import gc
import selectors
import time
from collections import deque
from collections.abc import Callable

from benchmarks.load import Sample, UnitRefusedError
from benchmarks.side import Side
from benchmarks.units import Unit
from benchmarks.wire import Connection, RefusedError

NO_ANSWER = 20.0
"""Seconds without any answer after which a run is given up."""


class _Lane:
    """One kept-alive connection, and the unit that is under way on it."""

    def __init__(self, side: Side, number: int, make_unit: Callable[[int], Unit]) -> None:
        self.connection = Connection(side.origin)
        self._number = number
        self._make_unit = make_unit
        self._due = 0.0
        self._unit: Unit

    def begin(self, due: float) -> None:
        self._due = due
        self._unit = self._make_unit(self._number)
        self.connection.send(next(self._unit))

    def go_on(self) -> float | None:
        """Take what has arrived; the seconds since the unit was due when it is done, else None.

        Raises UnitRefusedError when the answer is not one to go on from.
        """
        response = self.connection.receive()
        if response is None:
            return None
        try:
            self.connection.send(self._unit.send(response))
        except StopIteration:
            return time.perf_counter() - self._due
        except RefusedError as refused:
            raise UnitRefusedError(str(refused)) from refused
        return None


def pace(
    side: Side,
    make_unit: Callable[[int], Unit],
    *,
    rate: float,
    connections: int,
    goes_on: Callable[[int], bool],
) -> Sample:
    """Begin `rate` units a second for as long as `goes_on`, asked with the number begun so far, says so.

    A latency counts from when the unit was due, so that a server that stands still is charged for all who
    would have come meanwhile. `make_unit` is given the number of the connection. The sample holds no CPU.
    Raises RefusedError when over one unit in a hundred is refused.
    """
    lanes = [_Lane(side, number, make_unit) for number in range(connections)]
    gc.collect()
    gc.disable()
    try:
        began = time.perf_counter()
        latencies, refusals = _loop(lanes, began, rate, goes_on)
        if len(refusals) > max(len(latencies) / 100, 1):
            raise RefusedError(
                f"{side.name} refused {len(refusals)} of its units, the last with {refusals[-1]}"
            )
        return Sample(tuple(latencies), len(refusals), time.perf_counter() - began, cpu=0.0)
    finally:
        gc.enable()
        for lane in lanes:
            lane.connection.close()


def _loop(
    lanes: list[_Lane], began: float, rate: float, goes_on: Callable[[int], bool]
) -> tuple[list[float], list[UnitRefusedError]]:
    latencies: list[float] = []
    refusals: list[UnitRefusedError] = []
    # select(2) waits to the microsecond, where epoll(7) as Python has it rounds up to milliseconds.
    waiting = selectors.SelectSelector()
    for lane in lanes:
        waiting.register(lane.connection.socket, selectors.EVENT_READ, lane)
    # In turn, so that all connections, and with them all workers, are asked.
    idle = deque(lanes)
    number = 0
    while (has_more := goes_on(number)) or len(idle) < len(lanes):
        patience = NO_ANSWER
        if has_more and idle:
            due = began + number / rate
            patience = due - time.perf_counter()
            if patience <= 0:
                idle.popleft().begin(due)
                number += 1
                continue
        ready = waiting.select(patience)
        if not ready and patience == NO_ANSWER:
            raise RefusedError(f"no answer for {NO_ANSWER:g} seconds")
        for key, _ in ready:
            try:
                latency = key.data.go_on()
            except UnitRefusedError as refused:
                refusals.append(refused)
            else:
                if latency is None:
                    continue
                latencies.append(latency)
            idle.append(key.data)
    waiting.close()
    return latencies, refusals
