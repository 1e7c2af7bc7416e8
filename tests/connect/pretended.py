"""A device that behaves as the document says, or as badly as it is told to.

Source: REST/MQTT 2.0, 2.3, 4, 6.1 and 6.2.
"""

import base64
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self

MAC = "A842E39F8124"


class Pretended(ThreadingHTTPServer):
    """A device at `address`; what tests change is read at each request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.mqtt: dict[str, Any] = {
            "enable": True,
            "url": "mqtt://me:hush@old.example:1883",
            "username": "old",
            "client_id": "old-one",
            "skip_cn_check": False,
            "publish": {"topic": "old/topic", "template": "${1_7_0}"},
        }
        self.secrets: dict[str, str] = {"password": "was-secret"}
        self.interval = 30
        self.firmware = "2.8.2"
        self.password = ""
        self.connected = False
        self.meter = "OK"
        self.longest_template = 1023
        self.refuses = 0
        """The status that writing is answered with, if not 200."""
        self.missing: set[str] = set()
        self.written: list[dict[str, Any]] = []

    @property
    def address(self) -> str:
        """As the command takes it."""
        return f"127.0.0.1:{self.server_port}"

    def __enter__(self) -> Self:
        self._thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def system(self) -> dict[str, Any]:
        """2.3."""
        return {
            "device": {
                "id": MAC, "model": "WW_Go_1.1", "firmware": self.firmware,
                "license": {"type": "PLUS"},
            },
            "clouds": {"mqtc": {"enabled": True, "connected": self.connected}},
            "meter": {"status": self.meter},
        }  # fmt: skip

    def shown(self) -> dict[str, Any]:
        """4: secrets as their lengths."""
        shown = {k: v for k, v in self.mqtt.items() if k not in ("broker", "client")}
        broker = self.mqtt.get("broker", {}).get("certificate")
        found = {**shown, "password_len": len(self.secrets.get("password", ""))}
        return found | ({"broker": {"certificate_len": len(broker)}} if broker else {})

    def take(self, settings: dict[str, Any]) -> None:
        """4: POST replaces all of it."""
        self.written.append(settings)
        self.secrets = {"password": settings.get("password", "")}
        self.mqtt = {k: v for k, v in settings.items() if k != "password"}
        publish = self.mqtt["publish"]
        cut = publish["template"][: self.longest_template]
        self.mqtt["publish"] = {**publish, "template": cut}


class _Handler(BaseHTTPRequestHandler):
    server: Pretended

    def _answered(self) -> None:
        device = self.server
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        if device.password and not self._signed(device.password):
            self._say(401, b"")
        elif self.path in device.missing:
            self._say(404, b"not found")
        elif self.command == "GET":
            found = {
                "/api/v1/system": device.system(),
                "/api/v1/mqtt/settings": device.shown(),
                "/api/v1/settings": {"services": {"report_interval": device.interval}},
            }.get(self.path)
            self._say(404 if found is None else 200, json.dumps(found).encode())
        elif device.refuses:
            self._say(device.refuses, b'{"error": "bad_request", "message": "publish.template"}')
        else:
            self._write(json.loads(body))
            self._say(200, b"{}")

    def _write(self, value: dict[str, Any]) -> None:
        if self.path == "/api/v1/mqtt/settings":
            self.server.take(value)
        else:
            self.server.interval = value["services"]["report_interval"]

    def _signed(self, password: str) -> bool:
        right = base64.b64encode(f":{password}".encode()).decode()
        return self.headers.get("authorization") == f"Basic {right}"

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        if status == 401:
            self.send_header("www-authenticate", 'Basic realm="device"')
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass

    do_GET = do_POST = do_PUT = _answered
