"""JSON Lines of Segment messages."""

import gzip
import json
from pathlib import Path

import msgspec
import pytest

from detak.errors import SourceError

from .files import READING, find, ids, read

TRACK = {"type": "track", "event": "Product Viewed", "userId": "u1", "messageId": "m1"}


def lines(path: Path, *written: object) -> Path:
    """A file of lines; what is not text is written as JSON."""
    path.write_text("".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in written))
    return path


def test_what_the_spec_does_not_know_survives(tmp_path: Path) -> None:
    consent = {"categoryPreferences": {"Advertising": False, "Analytics": True}}
    event = TRACK | {"properties": {"product_id": "p", "own": {"x": 1}}, "context": {"consent": consent}}
    (message,) = read("auto", lines(tmp_path / "s.jsonl", event)).messages
    assert (message.message_id, message.user_id) == ("m1", "u1")
    assert message.context is not None
    assert message.context.consent is not None
    assert message.context.consent.category_preferences == consent["categoryPreferences"]
    assert msgspec.json.decode(msgspec.json.encode(message))["properties"] == event["properties"]


def test_batches_and_gzip_and_time_zones(tmp_path: Path) -> None:
    page = {"type": "page", "anonymousId": "a", "timestamp": "2024-01-01T00:00:00+07:00"}
    line = json.dumps({"batch": [TRACK, page], "sentAt": "2024-01-01T00:00:00Z"})
    path = tmp_path / "s.json.gz"
    path.write_bytes(gzip.compress((line + "\n").encode()))
    found = read("auto", path)
    assert found.rows == [1]
    assert [message.timestamp for message in found.messages] == [None, "2023-12-31T17:00:00.000000Z"]


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        ("{", "", "is not JSON"),
        ("[1]", "", "is not what it should be: expected object, got array"),
        ({"type": "track"}, "event", "is missing: a track needs the name of what happened"),
        ({"event": "x"}, "", "is not what it should be: object missing required field type"),
        ({"type": "dance"}, "type", "is none of track, identify, page, screen, group, alias"),
        (TRACK | {"timestamp": "2024-13-45"}, "timestamp", "is no date or time that exists"),
        (TRACK | {"event": {"a": 1}}, "event", "is not what it should be: expected str | null, got object"),
        ({"batch": []}, "batch", "is empty"),
        ({"batch": [TRACK, {"type": "track"}]}, "event", "is missing: a track needs the name of what happened"),
        ('{"type":"track","event":"x","properties":' + "[" * 100_000, "", "is JSON nested too deeply"),
    ],
)
def test_bad_lines_are_kept_aside(tmp_path: Path, line: object, field: str, reason: str) -> None:
    found = read("segment", lines(tmp_path / "s.jsonl", TRACK, line, "", TRACK))
    assert [(reject.row, reject.field) for reject in found.rejects] == [(2, field)]
    assert found.rejects[0].reason == reason
    assert [list(parcel.rows) for parcel in found.parcels] == [[1], [4]]


def test_an_odd_context_costs_neither_the_event_nor_its_consent(tmp_path: Path) -> None:
    refused = {"consent": {"categoryPreferences": {"Analytics": False}}, "page": "home"}
    unsure = {"consent": "yes"}
    found = read("segment", lines(tmp_path / "s.jsonl", TRACK | {"context": refused}, TRACK | {"context": unsure}))
    (message,) = found.messages
    assert message.context is not None
    assert message.context.consent is not None
    assert message.context.consent.category_preferences == {"Analytics": False}
    assert [(reject.row, reject.field) for reject in found.rejects] == [(2, "consent")]


def test_the_consent_of_a_batch_is_that_of_its_messages(tmp_path: Path) -> None:
    consent = {"consent": {"categoryPreferences": {"Analytics": False}}}
    own = {"consent": {"categoryPreferences": {"Analytics": True}}}
    batch = {"batch": [TRACK, TRACK | {"context": own}], "context": consent}
    said = [message.context for message in read("auto", lines(tmp_path / "s.jsonl", batch)).messages]
    assert [one.consent.category_preferences for one in said if one and one.consent] == [
        {"Analytics": False},
        {"Analytics": True},
    ]


def test_a_message_without_an_id_is_what_it_says(tmp_path: Path) -> None:
    bare = {key: value for key, value in TRACK.items() if key != "messageId"}
    path = lines(tmp_path / "s.jsonl", bare, bare | {"userId": "u2"}, bare)
    one, two, again = ids(find("segment", path), path)
    assert one == again != two


def test_a_file_that_breaks_off_says_where(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl.gz"
    whole = gzip.compress(b"".join(json.dumps(TRACK | {"messageId": str(i)}).encode() + b"\n" for i in range(5_000)))
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match=r"breaks off after line \d+"):
        list(find("segment", path).read(path, READING))


def test_an_empty_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is empty"):
        read("segment", lines(tmp_path / "s.jsonl"))
