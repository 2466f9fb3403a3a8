"""A closed loop: so many connections, each with one unit of work under way, for so many seconds."""

import gc
import selectors
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil

from benchmarks.side import Side
from benchmarks.units import Unit
from benchmarks.wire import Connection, RefusedError


def percentile(values: Iterable[float], percent: float) -> float:
    """Return the value that `percent` of them stay within; exact, nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]


@dataclass(frozen=True)
class Sample:
    """What one run measured: the latency of each unit in seconds, wall time, and the server's CPU seconds.

    `refused` are the units that were answered with something else than their work.
    """

    latencies: tuple[float, ...]
    refused: int
    wall: float
    cpu: float

    @property
    def cpu_ms(self) -> float:
        """Server CPU milliseconds a unit."""
        return self.cpu / len(self.latencies) * 1e3

    @property
    def rate(self) -> float:
        """Units a second."""
        return len(self.latencies) / self.wall

    def percentile_ms(self, percent: float) -> float:
        """The latency in milliseconds that `percent` of the units stayed within."""
        return percentile(self.latencies, percent) * 1e3


class UnitRefusedError(RefusedError):
    """One unit was refused; the connection is as good as before."""


class _Lane:
    """One connection and the unit under way on it."""

    def __init__(self, side: Side, number: int, make_unit: Callable[[int], Unit]) -> None:
        self.connection = Connection(side.origin)
        self._number = number
        self._make_unit = make_unit
        self._began = 0.0
        self._unit: Unit

    def begin(self) -> None:
        self._began = time.perf_counter()
        self._unit = self._make_unit(self._number)
        self.connection.send(next(self._unit))

    def go_on(self) -> float | None:
        """Take what has arrived; the unit's latency in seconds when it is done, else None.

        Raises UnitRefusedError when the answer is not one to go on from.
        """
        response = self.connection.receive()
        if response is None:
            return None
        try:
            self.connection.send(self._unit.send(response))
        except StopIteration:
            return time.perf_counter() - self._began
        except RefusedError as refused:
            raise UnitRefusedError(str(refused)) from refused
        return None


def run(side: Side, make_unit: Callable[[int], Unit], *, connections: int, seconds: float) -> Sample:
    """Load one side and account for all it did, until it is quiet again.

    `make_unit` is given the number of the connection. Raises RefusedError when over one unit in a hundred is
    refused: what a server that refuses work costs says nothing.
    """
    lanes = [_Lane(side, number, make_unit) for number in range(connections)]
    gc.collect()
    gc.disable()
    try:
        cpu_before = side.service.settled_cpu()
        began = time.perf_counter()
        latencies, refusals = _loop(lanes, began + seconds)
        wall = time.perf_counter() - began
        if len(refusals) > len(latencies) / 100:
            raise RefusedError(
                f"{side.name} refused {len(refusals)} of its units, the last with {refusals[-1]}"
            )
        cpu = side.service.settled_cpu() - cpu_before
        return Sample(tuple(latencies), len(refusals), wall, cpu)
    finally:
        gc.enable()
        for lane in lanes:
            lane.connection.close()


def _loop(lanes: list[_Lane], deadline: float) -> tuple[list[float], list[UnitRefusedError]]:
    latencies: list[float] = []
    refusals: list[UnitRefusedError] = []
    waiting = selectors.DefaultSelector()
    for lane in lanes:
        waiting.register(lane.connection.socket, selectors.EVENT_READ, lane)
        lane.begin()
    under_way = len(lanes)
    while under_way:
        ready = waiting.select(timeout=20)
        if not ready:
            raise RefusedError("no answer for 20 seconds")
        for key, _ in ready:
            try:
                latency = key.data.go_on()
            except UnitRefusedError as refused:
                refusals.append(refused)
            else:
                if latency is None:
                    continue
                latencies.append(latency)
            if time.perf_counter() < deadline:
                key.data.begin()
            else:
                under_way -= 1
    waiting.close()
    return latencies, refusals
