"""Passes requests on to the emulator, as requests to a host or below a path that have no address of their own here."""

import contextlib
import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from emulator import Emulator
from processes import LOOPBACK

# Each connection has its own.
OF_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Server(ThreadingHTTPServer):
    """Takes as many connections as all callers of a test open at once: those beyond five would be reset on a busy machine."""

    request_queue_size = 1024
    daemon_threads = True


@contextlib.contextmanager
def forward(emulator: Emulator, prefix: str = "", headers: dict[str, str] | None = None) -> Iterator[int]:
    """A server for the time of the context. It puts the prefix before each path, and sets these headers. Yields its port."""
    address = emulator.endpoint.removeprefix("http://")
    ours = {"host": address} | (headers or {})

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            dropped = {"connection", *ours}
            kept = {name: value for name, value in self.headers.items() if name.lower() not in dropped}
            connection = http.client.HTTPConnection(address, timeout=120)
            with contextlib.closing(connection):
                connection.request(self.command, prefix + self.path, body or None, kept | ours)
                answer = connection.getresponse()
                content = answer.read()
            self.send_response_only(answer.status, answer.reason)
            for name, value in answer.getheaders():
                if name.lower() not in OF_CONNECTION:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

        def log_message(self, *_) -> None:
            """Says nothing: the emulator logs requests."""

    server = Server((LOOPBACK, 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
