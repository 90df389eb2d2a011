"""The process that decodes beside the one that serves: the same result, and no harm if it dies."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from detak import sink as sinking
from detak.decoding import Decoder
from detak.reading.decode import decode, heads
from detak.reading.intake import Intake
from detak.record import Meta
from detak.settings import Settings
from detak.store.log import Log
from tests.store.appending import append_wait
from tests.store.rows import keys_in
from tests.test_sink import House

RECEIVED = 1_790_000_000_000_000


def body(number: int) -> bytes:
    good = {"type": "track", "event": "Product Viewed", "anonymousId": f"a{number}", "properties": {"price": number}}
    batch = [{**good, "messageId": f"{number}-{at}"} for at in range(20)]
    return msgspec.json.encode({"batch": [*batch, {"type": "track"}, {**good, "properties": {"price": "1"}}]})


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    one = Log(tmp_path / "log", queue_bytes=2**24)
    yield one
    one.close()


@pytest.fixture
def decoder(log: Log) -> Iterator[Decoder]:
    one = Decoder(log.folder, Settings())
    yield one
    one.close()


def test_it_answers_what_decoding_here_does(log: Log, decoder: Decoder) -> None:
    for number in range(10):
        append_wait(log, Meta("web", RECEIVED), body(number))
    middle = log.read(0, 1)[-1].end
    for offset, until in ((0, log.end), (middle, log.end)):
        decoder.ask(offset, until, log.end)
        assert decoder.asked == offset
        told, decoded = decoder.answer()
        records = log.read(offset, until - offset)
        here = decode(records, Intake(Settings()))
        assert told == heads(records)
        assert decoded.events.equals(here.events)
        assert decoded.items.equals(here.items)
        assert (decoded.refused, decoded.messages) == (here.refused, here.messages)


def test_what_it_cannot_do_it_says(log: Log, decoder: Decoder) -> None:
    append_wait(log, Meta("web", RECEIVED), body(1))
    decoder.ask(3, log.end, log.end)
    with pytest.raises(ValueError, match="truncated"):
        decoder.answer()
    decoder.ask(0, log.end, log.end)
    assert decoder.answer()[1].events.num_rows == 21


@pytest.mark.parametrize("kill", [False, True])
def test_a_backlog_goes_in_once_even_if_it_dies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kill: bool) -> None:
    monkeypatch.setattr(sinking, "_HAND_OVER", 1)
    monkeypatch.setattr(sinking, "_READ_BYTES", 20_000)
    house = House(tmp_path)
    for number in range(60):
        append_wait(house.log, Meta("web", RECEIVED), body(number))
    house.sink.start()
    if kill:
        until = time.monotonic() + 20
        while (process := house.sink._decoder._process) is None and time.monotonic() < until:
            time.sleep(0.001)
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
    house.sink.call(house.sink.catch_up)
    assert len(keys_in(house.store)) == 60 * 21
    assert house.sink.behind == 0
    house.close()
