"""The MQTT broker: a NATS server as our child, who may do what on it, and what arrived."""
