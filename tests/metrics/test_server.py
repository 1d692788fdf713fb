"""The port of its own: one path, bounded, and gone at the end."""

import http.client
import socket

import pytest
from prometheus_client.parser import text_string_to_metric_families

from petmsg.errors import Misconfigured
from petmsg.metrics.registry import new_registry
from petmsg.metrics.server import MetricsServer


def ask(port: int, path: str, method: str = "GET") -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type", ""), answer.read().decode()
    finally:
        connection.close()


def test_metrics_are_answered_and_nothing_else() -> None:
    registry = new_registry(list)
    with MetricsServer(registry, host="127.0.0.1", port=0) as server:
        status, content_type, text = ask(server.port, "/metrics")
        assert (status, content_type[:10]) == (200, "text/plain")
        assert {each.name for each in text_string_to_metric_families(text)} >= {
            "petmsg_database_up"
        }
        assert ask(server.port, "/metrics", "HEAD")[2] == ""
        for path in ("/", "/metrics/", "/healthz", "/stripe", "/metrics/x"):
            assert ask(server.port, path)[0] == 404
        assert ask(server.port, "/metrics", "POST")[0] == 404
    with pytest.raises(ConnectionRefusedError):
        ask(server.port, "/metrics")


def test_a_silent_client_does_not_stop_the_others() -> None:
    with (
        MetricsServer(new_registry(list), host="127.0.0.1", port=0) as server,
        socket.create_connection(("127.0.0.1", server.port)),
    ):
        assert ask(server.port, "/metrics")[0] == 200


def test_a_port_that_is_taken_is_told() -> None:
    with MetricsServer(new_registry(list), host="127.0.0.1", port=0) as server:
        with pytest.raises(Misconfigured, match="metrics on port") as refused:
            MetricsServer(new_registry(list), host="127.0.0.1", port=server.port)
        assert refused.value.code == "cannot_listen"
    with pytest.raises(Misconfigured, match="not"):
        MetricsServer(new_registry(list), host="no such host", port=0)
