"""A webhook's receiver that believes GitLab only. Run it with the webhook's secrets: SECRET_TOKEN, SIGNING_TOKEN."""

from __future__ import annotations

import os
from http.server import BaseHTTPRequestHandler, HTTPServer

from reconciler import verify_webhook


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        found = verify_webhook(
            dict(self.headers),
            body,
            secret_token=os.environ.get("SECRET_TOKEN"),
            signing_token=os.environ.get("SIGNING_TOKEN"),
        )
        self.send_response(204 if found else 403)
        self.end_headers()
        if found:
            self.server.deliveries.append((self.headers["X-Gitlab-Event"], body))

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing for each request."""


class Receiving(HTTPServer):
    def __init__(self, port: int = 8080) -> None:
        super().__init__(("127.0.0.1", port), Receiver)
        self.deliveries: list[tuple[str, bytes]] = []


if __name__ == "__main__":
    Receiving().serve_forever()
