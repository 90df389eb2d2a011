import threading
from collections.abc import Callable
from datetime import datetime

import httpx
import msgspec
import numpy as np
import pytest
from tests.simulate.worlds import world

from detak.errors import DeniedError, StoreError
from detak.event import Message
from detak.simulate import sending
from detak.simulate.browsing import Showing
from detak.simulate.config import Config
from detak.simulate.live import Drive, Live, drive
from detak.simulate.policies import POLICIES, Decided, Decisions, discount_of
from detak.simulate.scene import Scene, play
from detak.simulate.sending import Sender, batches, retry_after
from detak.simulate.shelf import make_shelf
from detak.simulate.visits import visits_of
from detak.simulate.world import HOME, World, liking_of_all

HOUR = 3_600_000
Answer = Callable[[httpx.Request], httpx.Response]


def sender(answer: Answer) -> Sender:
    return Sender("http://engine.test", "key", httpx.MockTransport(answer))


def run(
    made: World, policy: str, ask: Callable[[bytes], bytes | None] | None = None, hours: int = 12
) -> tuple[Live, list[bytes]]:
    chosen = POLICIES[policy](made, ask)
    first = made.config.midnight(1)
    live = Live(made, chosen, first, HOUR // 2)
    lines = [line for tick in live.ticks(first + hours * HOUR) for line in tick]
    return live, lines


def best(made: World) -> Callable[[bytes], bytes]:
    """An engine that knows everyone's taste, and names what each likes best."""

    def answer(question: bytes) -> bytes:
        asked = msgspec.json.decode(question)
        person = int(asked["anonymousId"][1:].split("-")[0])
        top = np.argsort(-liking_of_all(made, np.array([person]))[0])[:HOME]
        slate = [{"product_id": made.goods.product_id[one]} for one in top]
        return msgspec.json.encode({"decisions": [{"placement": "home", "decision_id": f"d{person}", "slate": slate}]})

    return answer


def test_live_is_deterministic_and_in_order_and_valid() -> None:
    made = world()
    (_, one), (_, two) = run(made, "none"), run(made, "none")
    assert one == two
    messages = [msgspec.json.decode(line, type=Message) for line in one]
    times = [message.timestamp or "" for message in messages]
    assert times == sorted(times)
    assert len({message.message_id for message in messages}) == len(messages) > 1_000


def test_what_is_liked_sells_more() -> None:
    made = World.make(Config(seed=2, shoppers=8_000, days=4))
    shop, _ = run(made, "none", hours=48)
    knowing, lines = run(made, "detak", best(made), hours=48)
    assert shop.visits == knowing.visits
    assert knowing.orders > 1.15 * shop.orders
    marked = [line for line in lines if b'"decision_id":"d' in line]
    assert any(b"Order Completed" in line for line in marked)


def test_popular_shows_what_sold() -> None:
    made = world()
    policy = POLICIES["popular"](made, None)
    shelf, visits = make_shelf(made), visits_of(made, 3)
    scene = play(made, shelf, 3, visits, (0,))
    policy.learn(scene)
    shown = policy.fill(3, visits, senders_of(scene)).slate[0]
    sold = scene.checkout.lines.bought[scene.checkout.outcome.bought[scene.checkout.lines.cart]]
    assert shown[0] in sold
    assert len(set(shown.tolist())) == HOME


def senders_of(_: Scene) -> None:
    """Nobody asks popular who comes."""
    return  # type: ignore[return-value]


def test_a_silent_engine_leaves_the_shop_as_it_is() -> None:
    made = world()
    shop, lines = run(made, "none")
    silent, same = run(made, "detak", lambda _: None)
    assert lines == same
    assert shop.orders == silent.orders


@pytest.mark.parametrize(
    "answer",
    [None, b"no json", b'{"decisions":[]}', b'{"decisions":[{"decision_id":"d","slate":[{"product_id":"?"}]}]}'],
)
def test_each_decision_that_does_not_come_is_counted(answer: bytes | None) -> None:
    made = world()
    policy = Decided(made, lambda _: answer)
    Live(made, policy, made.config.midnight(1), HOUR).advance()
    assert policy.asked == policy.unanswered > 0


def test_a_promise_moves_the_persuadable_only() -> None:
    made = world(shoppers=30_000, days=2, campaign_every=0)
    shelf, visits = make_shelf(made), visits_of(made, 1)
    slate = np.tile(made.home(1), (len(visits), 1))
    with_, without = (
        play(made, shelf, 1, visits, (0,), Showing(slate, np.full(len(visits), part))) for part in (0.2, 0.0)
    )

    def orders(scene: Scene, kind: int) -> int:
        who = scene.checkout.carts.person[scene.checkout.outcome.bought]
        return int((made.people.uplift[who] == kind).sum())

    assert orders(with_, 0) > 1.4 * orders(without, 0)
    assert orders(with_, 3) < orders(without, 3)
    assert orders(with_, 2) == pytest.approx(orders(without, 2), rel=0.15)


@pytest.mark.parametrize(("status", "header"), [(429, "0.1"), (503, "0.1"), (500, None)])
def test_a_batch_is_sent_again_until_it_is_taken(
    status: int, header: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(sending.time, "sleep", waited.append)
    bodies: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        headers = {"Retry-After": header} if header else {}
        return httpx.Response(status, headers=headers) if len(bodies) < 3 else httpx.Response(200)

    with sender(answer) as to:
        to.send([b'{"type":"track"}\n'])
    assert bodies == [b'{"batch":[{"type":"track"}]}'] * 3
    assert (to.messages, to.waits) == (1, 2)
    assert waited == [float(header or 1)] * 2


def test_a_wrong_key_and_a_refused_batch_end_the_run() -> None:
    with sender(lambda _: httpx.Response(401)) as to, pytest.raises(DeniedError, match="write key"):
        to.send([b"{}"])
    with sender(lambda _: httpx.Response(400)) as to, pytest.raises(StoreError, match="400"):
        to.send([b"{}"])


def test_a_decision_that_is_not_there_is_none() -> None:
    with sender(lambda _: httpx.Response(404)) as to:
        assert to.ask(b"{}") is None


def test_batches_hold_what_a_collector_accepts() -> None:
    lines = [b"x" * 1_000 + b"\n"] * 2_000
    made = list(batches(lines))
    assert sum(map(len, made)) == 2_000
    assert all(sum(map(len, batch)) < 500_000 and len(batch) <= 2_500 for batch in made)


@pytest.mark.parametrize(("header", "seconds"), [(None, 1.0), ("3", 3.0), ("9999", 30.0), ("soon", 1.0)])
def test_retry_after(header: str | None, seconds: float) -> None:
    assert retry_after(header) == seconds


@pytest.mark.parametrize(
    ("said", "part"),
    [
        (b"0.1", 0.1),
        (b"10", 0.1),
        (b'{"percent":15}', 0.15),
        (b'{"discount":0.2}', 0.2),
        (b'"free"', 0.0),
        (b"null", 0.0),
        (b"true", 0.0),
    ],
)
def test_promotions_are_read(said: bytes, part: float) -> None:
    answer = b'{"decisions":[{"decision_id":"1","slate":[{"product_id":"P1"}],"promotion":' + said + b"}]}"
    (decision,) = msgspec.json.decode(answer, type=Decisions).decisions
    assert discount_of(decision.promotion) == pytest.approx(part)


def test_stopping_is_heard() -> None:
    stop = threading.Event()
    stop.set()
    to = Drive("http://127.0.0.1:9", "key", first=world().config.midnight(0) - 10 * 86_400_000)
    assert drive(world(), to, stop).messages == 0


def test_a_crowd_comes_sooner_and_shops_no_faster() -> None:
    """A day's visitors within an hour, each at a person's pace and by the clock; then as many as ever."""
    made = World.make(Config(shoppers=500, days=3, bots=0.0, campaign_every=0))
    first, minute = made.config.midnight(1), 60_000
    live, plain = (Live(made, POLICIES["none"](made, None), first, minute, crowd) for crowd in (24.0, 1.0))
    crowd = [live.advance() for _ in range(60)]
    for _ in range(24 * 60):
        plain.advance()
    assert sorted(live.revenue) == sorted(plain.revenue)
    assert (day := live.visits) == plain.visits
    told = [msgspec.json.decode(line, type=Message) for lines in crowd for line in lines]
    views = {one.anonymous_id: one for one in told if one.event == "Product Viewed"}
    clicks = {one.anonymous_id: one for one in told if one.event == "Product Clicked"}
    gaps = [_moment(views[who]) - _moment(clicks[who]) for who in views.keys() & clicks.keys()]
    assert len(gaps) > 20
    assert np.median(np.abs(gaps)) > 500  # milliseconds: nobody is hurried
    for at, lines in enumerate(crowd):
        of_tick = [_moment(msgspec.json.decode(line, type=Message)) - first for line in lines]
        assert all(at * minute <= one < (at + 1) * minute for one in of_tick)
    for _ in range(60):
        live.advance()
    assert live.visits - day < day / 4


def _moment(message: Message) -> float:
    return datetime.fromisoformat(message.timestamp or "").timestamp() * 1000
