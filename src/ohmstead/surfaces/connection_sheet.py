"""The connection sheet: what somebody needs to receive an integration's messages.

Source: Cloud2Cloud 2.0, section 4 (URI, certificate, credentials, topic, template, client id).
"""

import json
from dataclasses import dataclass
from urllib.parse import urlsplit

MQTTS_PORT = 8883
CLIENT_ID_RULE = (
    "The client id is the user name. For several connections at once, append : and 1 to 64 letters "
    "or digits, different for each."
)
PASSWORD = "PASSWORD"  # noqa: S105  (what stands where it must be put in)


@dataclass(frozen=True, slots=True)
class Sample:
    """How to connect with one tool."""

    tool: str
    text: str


def address(uri: str) -> tuple[str, int]:
    """Host and port of the MQTT service.

    >>> address("mqtts://energy.example.org:8883")
    ('energy.example.org', 8883)
    """
    parts = urlsplit(uri)
    return parts.hostname or "", parts.port or MQTTS_PORT


def samples(uri: str, username: str, topic: str, certificate: str = "") -> tuple[Sample, ...]:
    """How to receive the messages with the usual tools; the certificate is in `ca.crt`.

    Node-RED imports a flow, with the CA `certificate` (PEM) in it.
    """
    host, port = address(uri)
    return (
        Sample(
            "mosquitto_sub",
            f"mosquitto_sub -V mqttv311 -h {host} -p {port} --cafile ca.crt \\\n"
            f"  -i '{username}' -u '{username}' -P '{PASSWORD}' -t '{topic}' -q 1 -v",
        ),
        Sample(
            "Python (paho)",
            "import paho.mqtt.client as mqtt\n\n"
            f'client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "{username}",\n'
            "                     protocol=mqtt.MQTTv311)\n"
            f'client.username_pw_set("{username}", "{PASSWORD}")\n'
            'client.tls_set(ca_certs="ca.crt")\n'
            f'client.on_connect = lambda client, *_: client.subscribe("{topic}", qos=1)\n'
            "client.on_message = lambda _, __, message: print(message.topic, message.payload)\n"
            f'client.connect("{host}", {port})\n'
            "client.loop_forever()\n",
        ),
        Sample("Node-RED", _flow(host, port, username, topic, certificate)),
        Sample(
            "Home Assistant",
            f"MQTT integration\nBroker: {host}  Port: {port}\nUsername: {username}\n"
            f"Password: {PASSWORD}\nClient ID: {username}\nBroker certificate: ca.crt\n"
            "MQTT protocol: 3.1.1\n\n# configuration.yaml\nmqtt:\n  sensor:\n"
            '    - name: "Power imported"\n'
            f'      state_topic: "{topic.removesuffix("#")}MAC"\n'
            "      unique_id: MAC-power-imported\n"
            '      value_template: "{{ value_json.InstantaneousPower.Active.Positive }}"\n'
            '      unit_of_measurement: "kW"\n      device_class: power\n'
            "      state_class: measurement\n"
            '    - name: "Energy imported"\n'
            f'      state_topic: "{topic.removesuffix("#")}MAC"\n'
            "      unique_id: MAC-energy-imported\n"
            '      value_template: "{{ value_json.Energy.Active.Positive }}"\n'
            '      unit_of_measurement: "kWh"\n      device_class: energy\n'
            "      state_class: total_increasing\n",
        ),
    )


def _flow(host: str, port: int, username: str, topic: str, certificate: str) -> str:
    """A flow that Node-RED imports: server, certificate, credentials, topic and a debug node."""
    tls, broker, source, shown = (f"{username}-{end}" for end in ("tls", "broker", "in", "shown"))
    nodes = [
        {
            "id": tls,
            "type": "tls-config",
            "name": "Ohmstead",
            "caname": "ca.crt",
            "verifyservercert": True,
            "credentials": {"cadata": certificate},
        },
        {
            "id": broker,
            "type": "mqtt-broker",
            "name": "Ohmstead",
            "broker": host,
            "port": str(port),
            "tls": tls,
            "usetls": True,
            "clientid": username,
            "protocolVersion": "4",
            "keepalive": "60",
            "cleansession": False,
            "autoConnect": True,
            "credentials": {"user": username, "password": PASSWORD},
        },
        {
            "id": source,
            "type": "mqtt in",
            "name": topic,
            "topic": topic,
            "qos": "1",
            "datatype": "json",
            "broker": broker,
            "inputs": 0,
            "x": 160,
            "y": 80,
            "wires": [[shown]],
        },
        {
            "id": shown,
            "type": "debug",
            "name": "Message",
            "active": True,
            "tosidebar": True,
            "complete": "payload",
            "targetType": "msg",
            "x": 380,
            "y": 80,
            "wires": [],
        },
    ]
    return json.dumps(nodes, indent=1)
