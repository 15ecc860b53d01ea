"""Overlapping calls, time, repetition and the end of connections, of both clients."""

import asyncio
import threading
import time

import numpy as np
import pytest
import unmask
from scripted import ScriptedServer

OVERLOADED = {"error": {"code": -32003, "type": "overloaded", "message": "full", "retry_after_ms": 30}}
HEALTHY = {"result": {"status": "ok", "queued_images": 0, "engine_busy_us": 0, "timing_us": {"total": 1}}}


class Blocking:
    """`AsyncClient` as if it blocked, so that each test below runs with both clients."""

    def __init__(self, *arguments, **options):
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._client = self._run(self._make(arguments, options))

    async def _make(self, arguments, options):
        return unmask.AsyncClient(*arguments, **options)

    def _run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(600)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._run(self._client.close())
        self._loop.call_soon_threadsafe(self._loop.stop)

    def __getattr__(self, name):
        return lambda *arguments, **options: self._run(getattr(self._client, name)(*arguments, **options))

    def embed_each(self, *arguments, **options):
        async def gather():
            return [item async for item in self._client.embed_each(*arguments, **options)]

        return self._run(gather())


both = pytest.mark.parametrize("kind", [unmask.Client, Blocking])


@both
def test_overlapping_calls_get_their_own_answers(kind, tap, samples):
    with kind(tap.path) as client:
        single = [client.embed([path]).array()[0] for path in samples]
        many = list(client.embed_each(samples * 20, in_flight=32))
        for index, result in enumerate(many):
            assert np.array_equal(result.array()[0], single[index % len(samples)])
        assert len(many) == 20 * len(samples)


def test_threads_share_a_client(tap, samples):
    with unmask.Client(tap.path) as client:
        single = [client.embed([path]).array() for path in samples]
        wrong = []

        def ask(turn):
            for index in range(20):
                which = (turn + index) % len(samples)
                if not np.array_equal(client.embed([samples[which]]).array(), single[which]):
                    wrong.append((turn, index))

        threads = [threading.Thread(target=ask, args=(turn,)) for turn in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong


@both
def test_the_live_server_drops_what_is_given_up(kind, tap, samples):
    with kind(tap.path) as client:
        with pytest.raises(unmask.CallTimeout):
            for _ in range(50):
                client.embed(samples * 6, timeout=0.002)
        assert client.embed(samples[:1]).array().shape == (1, 128)


@both
def test_overloaded_calls_are_repeated_when_the_server_says(kind):
    times = []

    def answer(message):
        times.append(time.monotonic())
        return OVERLOADED if len(times) < 4 else HEALTHY

    with ScriptedServer(answer) as server, kind(server.path) as client:
        assert client.health()["status"] == "ok"
    waits = np.diff(times)
    assert len(waits) == 3 and all(wait >= 0.030 * 2**made for made, wait in enumerate(waits))


@both
def test_repetition_is_bounded_in_number_and_time(kind):
    with ScriptedServer(lambda message: OVERLOADED) as server:
        with kind(server.path, retry=unmask.RetryPolicy(repetitions=2)) as client:
            with pytest.raises(unmask.Overloaded) as refused:
                client.health()
        assert len(server.requests) == 3 and refused.value.retry_after_ms == 30
    later = {"error": OVERLOADED["error"] | {"retry_after_ms": 3_600_000}}
    with ScriptedServer(lambda message: later) as server:
        patient = unmask.RetryPolicy(max_delay=7200)
        with kind(server.path, timeout=600, retry=patient) as client, pytest.raises(unmask.Overloaded):
            client.health()
        assert len(server.requests) == 1


@both
def test_other_errors_are_not_repeated(kind):
    error = {"error": {"code": -32602, "type": "invalid_params", "message": "no"}}
    with ScriptedServer(lambda message: error) as server, kind(server.path) as client:
        with pytest.raises(unmask.InvalidParams):
            client.health()
        assert len(server.requests) == 1


@both
def test_a_lost_connection_is_made_anew_for_computations_only(kind):
    def answer(message):
        return ScriptedServer.HANG_UP if len(server.requests) % 2 else HEALTHY

    with ScriptedServer(answer) as server, kind(server.path) as client:
        assert client.health()["status"] == "ok"
        assert [message["method"] for message in server.requests] == ["health", "health"]
        with pytest.raises(unmask.ConnectionFailed):
            client.unload("model")
        assert len(server.requests) == 3


@both
def test_a_call_that_takes_too_long_is_given_up_at_the_server_too(kind):
    answered = threading.Event()

    def answer(message):
        if message["method"] == "cancel":
            answered.set()
            return None
        return None if message["method"] == "embed" else HEALTHY

    with ScriptedServer(answer) as server, kind(server.path) as client:
        with pytest.raises(unmask.CallTimeout):
            client.embed([b"image"], timeout=2)
        assert answered.wait(600)
        embed, cancel = server.requests
        assert 0 < embed["params"]["deadline_ms"] <= 2000
        assert cancel == {"method": "cancel", "params": {"request": embed["id"]}}
        assert client.health()["status"] == "ok"


@both
def test_a_token_is_shown_once_for_each_connection(kind):
    with ScriptedServer(lambda message: HEALTHY) as server, kind(server.path, token="secret") as client:
        client.health()
        client.health()
    assert [message["method"] for message in server.requests] == ["hello", "health", "health"]
    assert server.requests[0]["params"] == {"token": "secret"}


@both
def test_nobody_there(kind, tmp_path):
    with kind(str(tmp_path / "none"), retry=unmask.RetryPolicy(repetitions=1)) as client:
        with pytest.raises(unmask.ConnectionFailed, match="nobody answers"):
            client.health()


@both
@pytest.mark.parametrize("line", [{"neither": 1}, {"id": 99, "result": {}}, {"id": None} | OVERLOADED, {"bytes": [-1]}])
def test_what_is_no_answer_ends_the_connection(kind, line):
    with ScriptedServer(lambda message: HEALTHY | line) as server, kind(server.path) as client:
        if "neither" in line:
            line["error"] = {"type": "internal", "code": 1, "message": "both a result and an error"}
        with pytest.raises(unmask.ProtocolError):
            client.health()


def test_cancelling_a_task_gives_the_request_up(tap, samples):
    async def cancel_one_of_two():
        async with unmask.AsyncClient(tap.path) as client:
            await client.connect()
            given_up = asyncio.create_task(client.embed(samples * 6))
            other = asyncio.create_task(client.embed(samples[:1]))
            await asyncio.sleep(0)  # both send
            given_up.cancel()
            with pytest.raises(asyncio.CancelledError):
                await given_up
            return (await other).array().shape

    assert asyncio.run(cancel_one_of_two()) == (1, 128)


def test_pending_replies_can_be_cancelled(tap, samples):
    with unmask.Client(tap.path) as client:
        pending = client.submit("health")
        assert pending.result(600).unwrap()["status"] == "ok" and pending.done()
        given_up = client.submit("health")
        given_up.cancel()
        assert given_up.done()
        assert client.health()["status"] == "ok"
