"""The laboratory of section 5: its certificates, broker and subscription, made as written."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from tests.gateway.mosquitto import Mosquitto


def section(corpus: Path, number: str) -> str:
    """The text of one section of the document."""
    (document,) = (corpus / "seeds").glob("002_*.txt")
    found = re.search(rf"^{number}\. .*?(?=^\d\.\d+\. )", document.read_text(), re.DOTALL | re.M)
    assert found
    return found[0]


def block(text: str) -> str:
    """Its first block of code."""
    return text.split("```\n")[1]


def ran(*words: str, folder: Path | None = None) -> None:
    """Runs a program, which must succeed."""
    subprocess.run(words, cwd=folder, check=True, capture_output=True)


class Lab:
    """The broker of section 5, with the certificates of section 5.4."""

    def __init__(self, folder: Path, corpus: Path) -> None:
        self.folder = folder
        self.corpus = corpus
        ran("bash", "-euc", block(section(corpus, "5.4")), folder=folder)
        configuration = block(section(corpus, "5.6")).split("\nRestart ")[0]
        self.listener = configuration.replace("8883", "{port}").replace(
            "/etc/mosquitto/certs", str(folder)
        )
        assert "require_certificate true" in self.listener

    def pem(self, name: str) -> str:
        return (self.folder / name).read_text()

    def json(self, broker: Mosquitto) -> dict[str, Any]:
        """5.8, mqtt.json, with the certificates that its dots stand for."""
        text = section(self.corpus, "5.8")
        sample: dict[str, Any] = json.loads(block(text))
        assert sample["url"] == "mqtt://192.168.99.186:8883"
        return sample | {
            "url": f"mqtt://127.0.0.1:{broker.port}",
            "broker": {"certificate": self.pem("ca.crt")},
            "client": {"certificate": self.pem("whatwatt.crt"), "key": self.pem("whatwatt.key")},
        }

    def subscription(self, broker: Mosquitto) -> list[str]:
        """5.7, the options of mosquitto_sub (their dashes are lost in the document)."""
        words = block(section(self.corpus, "5.7")).split("\n--insecure")[0]
        options = [word for word in words.replace("\\\n", " ").split() if word != "mosquitto_sub"]
        renamed = {"-cafile": "--cafile", "-cert": "--cert", "-key": "--key", "t": "-t"}
        renamed |= {"-insecure": "--insecure", "8883": str(broker.port)}
        renamed |= {"'lab/energy/#'": "lab/energy/#"}
        paths = {
            name: str(self.folder / name) for name in ("ca.crt", "whatwatt.crt", "whatwatt.key")
        }
        return [paths.get(word, renamed.get(word, word)) for word in options]
