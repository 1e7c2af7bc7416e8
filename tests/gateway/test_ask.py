"""Meters that are asked, over a line whose other end answers by the book.

Sources: Kamstrup, KMP, 6.2; EN 13757-2, 5 and EN 13757-3, 11; ETSI TS 104 001, 9; IEC 62056-21, 6.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import aclosing

import pytest

from ohmstead.errors import BadInput
from ohmstead.gateway import ask as ask_module
from ohmstead.gateway.ask import SILENT_ROUNDS, Answers, Ended, asked_at, rounds
from ohmstead.gateway.ask_iec import AskIec
from ohmstead.gateway.ask_kmp import AskKmp
from ohmstead.gateway.ask_mbus import AskMbus, more_follows, selection, short
from ohmstead.gateway.ask_mep import AskMep, key_from
from ohmstead.gateway.asking import asker
from ohmstead.gateway.backoff import Backoff
from ohmstead.gateway.source import Ask, Serial, Setting, Tcp, source_of
from ohmstead.wire import en13757, kmp
from ohmstead.wire.cipher import Keys
from ohmstead.wire.mep_requests import digest, question
from ohmstead.wire.telegram import Refused, Telegram

WAIT_S = 10
E5 = b"\xe5"


class Answering:
    """A line to a meter that says `answer(request)`; silence is reported at once."""

    def __init__(self, answer: Callable[[bytes], bytes], *, echo: bool = False) -> None:
        self.asked: list[bytes] = []
        self.settings: list[Setting] = []
        self.ended = False
        self._answer = answer
        self._echo = echo
        self._waiting = b""

    async def read(self, timeout_s: float) -> bytes:
        await asyncio.sleep(0)
        if self.ended:
            return b""
        piece, self._waiting = self._waiting[:7], self._waiting[7:]
        if not piece:
            raise TimeoutError
        return piece

    async def write(self, data: bytes) -> None:
        self.asked.append(data)
        self._waiting = (data if self._echo else b"") + self._answer(data)

    async def written(self) -> None:
        pass

    async def set(self, setting: Setting, *, keep: bool = False) -> None:
        self.settings.append(setting)

    async def close(self) -> None:
        pass


def telegrams(answers: Answers) -> list[Telegram]:
    return [found for found in answers if isinstance(found, Telegram)]


def said(answers: Answers) -> dict[str, object]:
    return {k: v.value for found in telegrams(answers) for k, v in found.values.items()}


# ---------------------------------------------------------------- KMP

REGISTERS = {13: (1, 4_500_000), 1023: (21, 1234), 1054: (33, 231), 60: None}


def kamstrup(request: bytes) -> bytes:
    """Serial number 1234567, and the registers it has of those asked for."""
    frame = kmp.opened(request[1:-1])
    assert isinstance(frame, kmp.Frame)
    body = bytes([frame.address, frame.command])
    if frame.command == kmp.GET_SERIAL:
        return kmp.sealed(kmp.FROM_METER, body + (1234567).to_bytes(4, "big"))
    for at in range(1, len(frame.data), 2):
        number = int.from_bytes(frame.data[at : at + 2], "big")
        if found := REGISTERS.get(number):
            unit, value = found
            body += number.to_bytes(2, "big") + bytes([unit, 4, 0]) + value.to_bytes(4, "big")
    return kmp.sealed(kmp.FROM_METER, body)


async def test_kmp_asks_for_what_the_meter_has() -> None:
    """One round: who it is and its registers; the next asks only for questions that had answers."""
    line, talk = Answering(kamstrup, echo=True), AskKmp()
    found = said(await talk.round(line))
    assert (found["serial"], found["1.8.0"], found["1.7.0"]) == ("1234567", 4_500_000, 1234)
    first = len(line.asked)
    assert said(await talk.round(line))["1.7.0"] == 1234
    assert len(line.asked) - first < first - 1
    assert all(len(request) < 40 for request in line.asked)


async def test_kmp_asks_again_and_gives_up() -> None:
    """A question without an answer is asked three times; a silent meter gives an empty round."""
    lost: Iterator[bool] = iter([True, True, False] * 20)
    line = Answering(lambda request: b"" if next(lost) else kamstrup(request))
    assert said(await AskKmp().round(line))["1.7.0"] == 1234
    silent = Answering(lambda _: b"")
    assert await AskKmp().round(silent) == []
    assert len(silent.asked) == 3
    deaf = Answering(lambda r: kamstrup(r) if r == kmp.request_serial() else kamstrup(r)[:3])
    assert await AskKmp().round(deaf) == []


# ---------------------------------------------------------------- M-Bus


def answer(records: bytes, address: int = 5) -> bytes:
    """A meter's answer with a long header: number 12345678, ABB, electricity."""
    head = bytes.fromhex("78563412") + bytes.fromhex("4204") + bytes([2, 2, 1, 0, 0, 0])
    body = bytes([0x08, address, 0x72]) + head + records
    return bytes([0x68, len(body), len(body), 0x68, *body, sum(body) & 0xFF, 0x16])


ENERGY = bytes.fromhex("0403 d2040000".replace(" ", ""))  # 1234 Wh
POWER = bytes.fromhex("042b 2c010000".replace(" ", ""))  # 300 W


class Slave:
    """A meter with two telegrams, that obeys the frame count bit."""

    def __init__(self, lost: int = 0) -> None:
        self.selected = False
        self._lost = lost
        self._count: int | None = None
        self._place = -1
        self._answers = [answer(ENERGY + b"\x1f"), answer(POWER)]

    def __call__(self, request: bytes) -> bytes:
        if request[0] == 0x68:
            self.selected = request[7:11] in (b"\x78\x56\x34\x12", b"\xff\x56\x34\x12")
            return E5 if self.selected else b""
        control, address = request[1], request[2]
        if address == 253 and not self.selected and control != 0x40:
            return b""
        if control == 0x40:
            self._count, self._place = None, -1
            return E5
        if control & 0x20 != self._count:
            self._count, self._place = control & 0x20, (self._place + 1) % 2
        if self._lost:
            self._lost -= 1
            return answer(ENERGY)[:-3]
        return self._answers[self._place]


@pytest.mark.parametrize("address", [None, "5", "12345678", "123456FF", "1234567842040202"])
async def test_mbus_gives_all_telegrams_of_one_meter(address: str | None) -> None:
    """Reset, selection by a secondary address (F for any digit), and REQ_UD2 with the count bit
    changing until the meter has nothing more (DIF 1F)."""
    line, talk = Answering(Slave(), echo=True), AskMbus(address, None)
    for _ in range(2):
        found = said(await talk.round(line))
        assert (found["1.8.0"], found["16.7.0"]) == (1234, 300)
    asked = [request[1] for request in line.asked if request[1] not in (0x40, 0x0B)]
    assert asked == [0x7B, 0x5B, 0x7B, 0x5B]


async def test_mbus_asks_for_a_damaged_telegram_again() -> None:
    """The count bit stays, so that the meter says the same telegram again."""
    line = Answering(Slave(lost=2))
    found = said(await AskMbus("5", None).round(line))
    assert (found["1.8.0"], found["16.7.0"]) == (1234, 300)
    assert [request[1] for request in line.asked[1:]] == [0x7B, 0x7B, 0x7B, 0x5B]


async def test_mbus_that_is_not_there_is_silent() -> None:
    """No meter selected: no question, no answer."""
    line = Answering(Slave())
    assert await AskMbus("87654321", None).round(line) == []
    assert await AskMbus("7", None).round(Answering(lambda _: b"")) == []


def test_mbus_frames_are_as_the_standard_has_them() -> None:
    """EN 13757-2, 5.4 and the M-Bus documentation 7.3: short frame, selection."""
    assert short(0x40, 1).hex() == "1040014116"
    assert selection("1234567842040202").hex() == "680b0b6853fd5278563412420402020016"
    (plain,) = [found for found in _decoded(answer(ENERGY)) if isinstance(found, Telegram)]
    (more,) = _decoded(answer(ENERGY + b"\x1f\xaa"))
    assert isinstance(more, Telegram)
    assert not more_follows(plain)
    assert more_follows(more)


def _decoded(data: bytes) -> Answers:
    return list(en13757.over_mbus(None).feed(data))


# ---------------------------------------------------------------- MEP


class Nes:
    """A meter that wants the sequence number 1000 next, and a digest under its key."""

    def __init__(self, key: bytes | None) -> None:
        self._key = key
        self._next = 1000
        self.tables: list[int] = []

    def __call__(self, request: bytes) -> bytes:
        body = request[2:]
        if self._key and digest(body[:-8], self._key) != body[-8:]:
            return bytes.fromhex("00090b") + bytes(8)
        wanted = question(request)
        if wanted.sequence != self._next:
            return bytes.fromhex("000d0c") + self._next.to_bytes(4, "big") + bytes(8)
        self._next += 1
        self.tables.append(wanted.table)
        if wanted.table == 21:
            return self._table(bytes(10))
        if wanted.table == 23:
            return self._table(b"".join(n.to_bytes(4, "little") for n in (5000, 0, 7, 8, 0, 0)))
        return bytes.fromhex("000905") + bytes(8)

    @staticmethod
    def _table(data: bytes) -> bytes:
        body = b"\0" + len(data).to_bytes(2, "big") + data + bytes(8)
        return len(body).to_bytes(2, "big") + body


@pytest.mark.parametrize("key", [None, b"VIRTUAL METER 01"])
async def test_mep_puts_its_sequence_number_right(key: bytes | None) -> None:
    """The first answer names the number that the meter wants; then table after table, with a digest
    where there is a key."""
    meter = Nes(key)
    line, talk = Answering(meter), AskMep(key)
    assert said(await talk.round(line))["1.8.0"] == 5000
    assert meter.tables == [21, 1, 2051, 28, 23]
    assert said(await talk.round(line))["1.8.0"] == 5000
    assert meter.tables[5:] == [28, 23]


async def test_mep_with_a_wrong_key_says_so() -> None:
    """2.3, ENCRYPTION KEY; nothing of the key is said."""
    found = await AskMep(b"VIRTUAL METER 02").round(Answering(Nes(b"VIRTUAL METER 01")))
    assert {one.status for one in found if isinstance(one, Refused)} == {"ENCRYPTION KEY"}
    assert "VIRTUAL" not in repr(found)


def test_mep_keys_come_as_letters_or_digits() -> None:
    """Utilities hand out 16 or 20 letters, the device wants 32 hexadecimal digits."""
    assert key_from("5649525455414C204D45544552203031") == b"VIRTUAL METER 01"
    assert key_from("VIRTUAL METER 01xxxx") == b"VIRTUAL METER 01"
    for wrong in ("short", "Z" * 32):
        with pytest.raises(BadInput, match="key") as found:
            key_from(wrong)
        assert wrong not in str(found.value)


# ---------------------------------------------------------------- IEC 62056-21

BLOCK = b"\x021-0:1.8.0(001234.5*kWh)\r\n1-0:1.7.0(0.300*kW)\r\n!\r\n\x03"


def printing(request: bytes) -> bytes:
    """A meter of mode C that can do 9600."""
    if request == b"/?!\r\n":
        return b"/OHM5VIRTUAL\r\n"
    check = 0
    for byte in BLOCK[1:]:
        check ^= byte
    return BLOCK + bytes([check])


@pytest.mark.parametrize("fastest, rate", [(19_200, 9600), (300, 300)])
async def test_iec_signs_on_and_changes_the_rate(fastest: int, rate: int) -> None:
    """6.3: request at 300 baud, acknowledgement, readout at the rate both can do; 7E1."""
    line = Answering(printing)
    found = said(await AskIec(None, fastest=fastest).round(line))
    assert (found["1.8.0"], found["1.7.0"]) == (1234.5, 0.3)
    assert line.asked == [b"/?!\r\n", b"\x06050\r\n" if rate == 9600 else b"\x06000\r\n"]
    assert [str(setting) for setting in line.settings] == ["300 7E1", f"{rate} 7E1"]


async def test_iec_that_does_not_answer_is_called_three_times() -> None:
    """A meter called by its address; silence."""
    line = Answering(lambda _: b"")
    assert await AskIec("42", fastest=300).round(line) == []
    assert line.asked == [b"/?42!\r\n"] * 3
    line = Answering(lambda request: printing(request) if request[0] == 0x2F else b"\x02torn")
    assert telegrams(await AskIec(None, fastest=300).round(line)) == []


@pytest.mark.parametrize(
    "talk",
    [AskKmp(), AskMep(None), AskMbus("1", None), AskMbus("12345678", None),
     AskIec(None, fastest=300)],
    ids=["kmp", "mep", "mbus", "secondary", "iec"],
)  # fmt: skip
async def test_a_line_that_ends_ends_the_conversation(talk: ask_module.Asker) -> None:
    """Unplugged in the middle: whoever opened the line opens it again."""
    line = Answering(lambda _: b"")
    line.ended = True
    with pytest.raises(Ended):
        await talk.round(line)


# ---------------------------------------------------------------- rounds


class Server:
    """A TCP server in front of a meter; `deaf` meters never answer."""

    def __init__(self, meter: Callable[[bytes], bytes]) -> None:
        self._meter = meter
        self.connections = 0
        self._serving: set[asyncio.Task[object] | None] = set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._serving.add(asyncio.current_task())
        while request := await reader.read(100):
            writer.write(self._meter(request))
        writer.close()

    async def __aenter__(self) -> Tcp:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return Tcp("127.0.0.1", self._server.sockets[0].getsockname()[1])

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        if serving := {task for task in self._serving if task}:
            await asyncio.wait(serving, timeout=WAIT_S)


async def test_rounds_are_paced(monkeypatch: pytest.MonkeyPatch) -> None:
    """`every`: not more often than that, over a real socket."""
    monkeypatch.setattr(ask_module, "REST_S", 0.01)
    loop = asyncio.get_running_loop()
    async with Server(kamstrup) as at, asyncio.timeout(WAIT_S):
        ask = Ask("kmp", every_s=0.2)
        async with aclosing(rounds(at, ask, asker(at, ask, None), lambda _: None)) as found:
            begun_s = loop.time()
            for _ in range(3):
                assert said(await anext(found))["1.7.0"] == 1234
    assert 0.39 < loop.time() - begun_s < 5


async def test_an_adapter_that_fell_silent_is_connected_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After five rounds without an answer a connection is taken for dead."""
    monkeypatch.setattr(ask_module, "REST_S", 0.001)
    monkeypatch.setattr(ask_module, "FIRST_BYTE_S", 0.001)
    server = Server(lambda _: b"")

    class Silent:
        settings = (Setting(),)

        async def round(self, line: object) -> Answers:
            return []

    async with server as at, asyncio.timeout(WAIT_S):
        soon = Backoff(first_s=0.001, most_s=0.001)
        found = rounds(at, Ask("kmp", every_s=0.001), Silent(), lambda _: None, backoff=soon)
        async with aclosing(found):
            for _ in range(SILENT_ROUNDS + 1):
                assert await anext(found) == []
    assert server.connections == 2


def test_only_duplex_sources_are_asked() -> None:
    """`ask=` stands with serial, tcp and listen; each protocol has its asker."""
    at = source_of("serial:/dev/x?ask=mbus&address=5")
    assert isinstance(at, Serial)
    assert asked_at(at) == (at, Ask("mbus", address="5"))
    assert asked_at(source_of("tcp://h:1")) is None
    for protocol, kind in (("kmp", AskKmp), ("mep", AskMep), ("mbus", AskMbus), ("iec", AskIec)):
        assert isinstance(asker(at, Ask(protocol), None), kind)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="16 bytes"):
        asker(at, Ask("mep"), Keys(bytes(32)))
