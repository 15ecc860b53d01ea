"""One load generator for both servers of a comparison: connections with one request under way on each, requests prepared
before, answers looked at no more than needed to see that they are good.

Closed loop: an answer brings the next request. Open loop: requests have their times, latency runs from them, and one
that finds no connection free waits for one.
"""

import asyncio
import json
import time
from collections import deque


class _Connection(asyncio.Protocol):
    """Sends requests; what a whole answer is, its protocol knows, and leaves its body in `body`."""

    def __init__(self, answered):
        self._answered, self._buffer = answered, bytearray()

    def connection_made(self, transport):
        self.transport = transport

    def send(self, request):
        self.transport.write(request)


class HTTP(_Connection):
    """HTTP/1.1 with keep-alive; a status of 200 is a success."""

    def data_received(self, data):
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._buffer[:end]).lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        if len(self._buffer) >= end + 4 + length:
            self.body = bytes(self._buffer[end + 4 :])
            self._buffer.clear()
            self._answered(self, head.split(b" ", 2)[1] == b"200")


class Unmask(_Connection):
    """Lines and frames; a result without failed images is a success."""

    def data_received(self, data):
        self._buffer += data
        end = self._buffer.find(b"\n")
        if end < 0:
            return
        line = json.loads(self._buffer[:end])
        if len(self._buffer) > end + sum(line.get("bytes", [])):
            self.body = bytes(self._buffer[end + 1 :])
            self._buffer.clear()
            self._answered(self, "result" in line and line["result"]["failed"] == 0)


class _Load:
    def __init__(self, requests):
        self._requests, self._turn = requests, 0
        self._began, self._free, self._due = {}, deque(), deque()
        self.latencies, self.bad, self.is_closed_loop, self.until, self.last = [], 0, True, 0.0, 0.0

    def answered(self, connection, is_good):
        now = time.perf_counter()
        self.bad += not is_good
        self.latencies.append(now - self._began[connection])
        self.last = now
        if self._due:
            self.send(connection, self._due.popleft())
        elif self.is_closed_loop and now < self.until:
            self.send(connection, now)
        else:
            self._free.append(connection)

    def send(self, connection, intended):
        self._began[connection] = intended
        self._turn += 1
        connection.send(self._requests[self._turn % len(self._requests)])

    async def closed(self, connections, seconds):
        start = time.perf_counter()
        self.until = start + seconds
        for connection in connections:
            self.send(connection, start)
        await self._all_free(connections)
        # To the last answer, so that batches that are under way at the end count in full.
        return {"per_s": len(self.latencies) / (self.last - start)}

    async def open(self, connections, seconds, rate):
        self.is_closed_loop = False
        self._free.extend(connections)
        start = time.perf_counter()
        for number in range(int(rate * seconds)):
            intended = start + number / rate
            while (wait := intended - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            if self._free:
                self.send(self._free.popleft(), intended)
            else:
                self._due.append(intended)
            await asyncio.sleep(0)
        await self._all_free(connections)
        return {"per_s": rate}

    async def _all_free(self, connections):
        while len(self._free) < len(connections) or self._due:
            await asyncio.sleep(0.01)


async def _run(protocol, address, requests, connections, seconds, rate):
    loop, load = asyncio.get_running_loop(), _Load(requests)
    opened = []
    for _ in range(connections):
        make = lambda: protocol(load.answered)  # noqa: E731
        if isinstance(address, str):
            _, connection = await loop.create_unix_connection(make, address)
        else:
            _, connection = await loop.create_connection(make, *address)
        opened.append(connection)
    before = time.process_time()
    if rate is None:
        result = await load.closed(opened, seconds)
    else:
        result = await load.open(opened, seconds, rate)
    result["client_cpu"] = (time.process_time() - before) / seconds
    for connection in opened:
        connection.transport.close()
    times = sorted(load.latencies)
    at = lambda share: times[min(len(times) - 1, int(share * len(times)))] * 1e3  # noqa: E731
    return result | {"bad": load.bad, "p50": at(0.5), "p99": at(0.99), "body": opened[0].body}


def run(protocol, address, requests, *, connections, seconds, rate=None):
    """`{per_s, p50, p99 (milliseconds), bad, client_cpu (processors), body (of one connection's last answer)}`."""
    return asyncio.run(_run(protocol, address, requests, connections, seconds, rate))
