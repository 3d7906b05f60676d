"""Only a client with the token is heard, and nothing it sends brings the agent down."""

from __future__ import annotations

import socket
import threading

import pytest
from captured import CONSENT, VIEW

from capture.agent import Agent
from capture.client import AgentClient, AgentRefused
from capture.endpoint import FolderInUse, NoAgent, read_endpoint
from capture.protocol import CAPTURE_PROTOCOL, Connection, Disconnected
from capture.recording import describe, rows, verify
from gaze2report.messages import BadMessage, Message


@pytest.fixture
def agent(tmp_path):
    agent = Agent(tmp_path, ("simulated", "replay", "mouse"))
    thread = threading.Thread(target=agent.serve, daemon=True)
    thread.start()
    while not (tmp_path / "agent.json").exists():
        thread.join(0.01)
    yield agent
    agent.end()
    thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def client(agent, tmp_path):
    client = AgentClient(tmp_path)
    yield client
    client.close()


def raw(folder):
    return socket.create_connection(("127.0.0.1", read_endpoint(folder).port), timeout=5)


@pytest.mark.parametrize(
    "hello",
    [
        Message("hello", "1", {"token": "wrong", "protocol": CAPTURE_PROTOCOL}),
        Message("hello", "1", {"protocol": CAPTURE_PROTOCOL}),
        Message("health", "1"),
        Message("hello", "1", {"token": 7, "protocol": CAPTURE_PROTOCOL}),
    ],
)
def test_a_client_without_the_token_is_sent_away(agent, tmp_path, hello):
    connection = Connection(raw(tmp_path))
    connection.send(hello)
    answer = connection.receive(5)
    assert answer.kind == "failed"
    assert read_endpoint(tmp_path).token not in str(answer.body)
    with pytest.raises(Disconnected):
        connection.receive(5)
    connection.close()


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"x" * 20_000, b"\n\xff\xfe\n"])
def test_bytes_that_are_no_hello_are_sent_away_and_others_still_served(agent, client, tmp_path, sent):
    with raw(tmp_path) as stream:
        stream.sendall(sent)
        stream.settimeout(5)
        try:
            while stream.recv(4096):
                pass
        except ConnectionResetError:
            pass
    assert client.ask("health")["pid"] > 0


def test_the_address_is_readable_by_the_user_only(agent, tmp_path):
    assert (tmp_path / "agent.json").stat().st_mode & 0o077 == 0


def test_another_protocol_is_named(agent, tmp_path):
    connection = Connection(raw(tmp_path))
    connection.send(Message("hello", "1", {"token": read_endpoint(tmp_path).token, "protocol": 99}))
    assert "capture protocol" in connection.receive(5).body["text"]
    connection.close()


def test_a_folder_has_one_agent(agent, tmp_path):
    with pytest.raises(FolderInUse):
        Agent(tmp_path, ("simulated",))


def test_without_an_agent_that_is_said(tmp_path):
    with pytest.raises(NoAgent, match="No capture agent"):
        AgentClient(tmp_path)


def start(client, recording_id="rec-1", **changed):
    client.ask("connect", backend="simulated", serial_number="SIM-60")
    return client.ask("start", recording_id=recording_id, **{"consent": CONSENT.to_body(), **changed})


def test_a_recording_from_start_to_stop(client, tmp_path):
    listed = client.ask("list")["trackers"]
    assert {info["source"] for info in listed} >= {"simulation", "mouse"}
    assert start(client)["frequency_hz"] == 60.0
    now = client.about["now_us"]
    client.ask("mark", seq=0, system_us=now, event="case_opened")
    client.ask("view", seq=0, system_us=now, view=VIEW)
    beat = client.wait_for_event("heartbeat")
    assert beat.body["recording"]["recording_id"] == "rec-1"
    state = client.ask("stop")
    assert state["counts"]["written"] == verify(tmp_path / "rec-1.gaze").n_samples > 30
    assert describe(tmp_path / "rec-1.gaze").state == "stopped"
    assert rows(tmp_path / "rec-1.gaze", "view_log")[0]["body"] == VIEW


@pytest.mark.parametrize("consent", [None, {}, {**CONSENT.to_body(), "valid_until_utc": "2020-01-01T00:00:00Z"}])
def test_a_start_without_consent_is_refused_and_leaves_nothing(client, tmp_path, consent):
    with pytest.raises(AgentRefused, match="consent") as caught:
        start(client, consent=consent)
    assert caught.value.code == "no_consent"
    assert list(tmp_path.glob("*.gaze")) == []
    assert client.ask("health")["recording"] is None


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("start", {"recording_id": "../x"}, "bad_value"),
        ("connect", {"backend": "simulated", "serial_number": "none"}, "not_found"),
        ("connect", {"backend": "other", "serial_number": "none"}, "not_found"),
        ("connect", {}, "bad_value"),
        ("stop", {}, "invalid_operation"),
        ("mark", {"seq": 0, "system_us": 0, "event": "x"}, "invalid_operation"),
        ("attach", {"recording_id": "rec-9"}, "not_found"),
        ("check", {}, "invalid_operation"),
        ("fly", {}, "bad_value"),
        ("calibrate", {"step": "enter", "x": "left"}, "bad_value"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(client, kind, body, code):
    with pytest.raises(AgentRefused) as caught:
        client.ask(kind, **body)
    assert caught.value.code == code
    assert str(caught.value)


def test_while_recording_no_other_tracker_is_taken(client):
    start(client)
    for kind, body in (
        ("connect", {"backend": "mouse", "serial_number": "MOUSE"}),
        ("start", {"recording_id": "rec-2", "consent": CONSENT.to_body()}),
        ("calibrate", {"step": "enter"}),
    ):
        with pytest.raises(AgentRefused, match="under way"):
            client.ask(kind, **body)
    client.ask("stop")


def test_live_gaze_comes_only_when_asked_for(client):
    start(client)
    with pytest.raises(TimeoutError):
        client.wait_for_event("gaze", 0.3)
    client.ask("live", is_on=True)
    gaze = client.wait_for_event("gaze").body
    assert {"left", "right", "system_us"} <= set(gaze)
    client.ask("stop")


def test_the_mouse_goes_where_it_is_told_and_is_labelled(client, tmp_path):
    client.ask("connect", backend="mouse", serial_number="MOUSE")
    client.ask("pointer", x=0.25, y=0.75)
    client.ask("start", recording_id="rec-m", consent=CONSENT.to_body())
    client.wait_for_event("heartbeat")
    client.ask("stop")
    about = describe(tmp_path / "rec-m.gaze")
    assert about.source == "mouse"
    assert about.display_area is None


def test_a_message_that_is_none_ends_that_client_only(agent, client, tmp_path):
    other = AgentClient(tmp_path)
    other._connection._socket.sendall(b"not json\n")
    assert other.wait_for_event("failed").body["code"] == "bad_message"
    with pytest.raises((Disconnected, TimeoutError)):
        other.ask("health", limit_s=5)
    assert client.ask("health")["pid"]


def test_a_connection_refuses_to_send_what_is_no_json():
    left, right = socket.socketpair(socket.AF_UNIX) if hasattr(socket, "AF_UNIX") else socket.socketpair()
    with right, pytest.raises((BadMessage, OSError)):
        Connection(left).send(Message("x", "", {"n": float("nan")}))
    left.close()
