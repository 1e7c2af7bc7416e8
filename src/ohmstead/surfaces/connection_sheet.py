"""The connection sheet: what somebody needs to receive an integration's messages.

Source: Cloud2Cloud 2.0, section 4 (URI, certificate, credentials, topic, template, client id).
"""

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


def samples(uri: str, username: str, topic: str) -> tuple[Sample, ...]:
    """How to receive the messages with the usual tools; the certificate is in `ca.crt`."""
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
        Sample(
            "Node-RED",
            f"Node: mqtt in\nServer: {host}  Port: {port}\nUse TLS: yes, CA certificate: ca.crt\n"
            f"Protocol: MQTT V3.1.1\nClient ID: {username}\nUsername: {username}\n"
            f"Password: {PASSWORD}\nTopic: {topic}\nQoS: 1\nOutput: a parsed JSON object\n",
        ),
        Sample(
            "Home Assistant",
            f"MQTT integration\nBroker: {host}  Port: {port}\nUsername: {username}\n"
            f"Password: {PASSWORD}\nClient ID: {username}\nBroker certificate: ca.crt\n"
            "MQTT protocol: 3.1.1\n\n# configuration.yaml\nmqtt:\n  sensor:\n"
            '    - name: "Power imported"\n'
            f'      state_topic: "{topic.removesuffix("#")}MAC"\n'
            '      value_template: "{{ value_json.InstantaneousPower.Active.Positive }}"\n'
            '      unit_of_measurement: "kW"\n      device_class: power\n'
            "      state_class: measurement\n",
        ),
    )
