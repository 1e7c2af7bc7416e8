"""MQTT topics as NATS subjects, and back."""

from hypothesis import given
from hypothesis import strategies as st

from ohmstead.broker import topics

LEVELS = st.lists(st.text(st.sampled_from("aZ09._-"), max_size=4), min_size=1, max_size=5)


@given(LEVELS)
def test_every_topic_comes_back(levels: list[str]) -> None:
    """NATS documentation, MQTT topics: the conversion loses nothing."""
    topic = "/".join(levels)
    assert topics.topic(topics.subject(topic)) == topic
