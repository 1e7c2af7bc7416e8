"""MQTT topics as NATS subjects and back: the server stores and guards by subject.

`/` parts the levels of a topic and `.` those of a subject; an empty level is written `/`, a dot
inside a level `//`; the wildcards `+` and `#` are `*` and `>`.
Source: NATS documentation, MQTT, "Topics and subjects"; the conversions were held against a server.
"""

_WILD = {"+": "*", "#": ">"}
_TAME = {"*": "+", ">": "#"}


def subject(topic: str) -> str:
    """The NATS subject of an MQTT topic or filter.

    >>> subject("up/A842E39F8124"), subject("ext/+/#"), subject("/a//b.c")
    ('up.A842E39F8124', 'ext.*.>', '/.a./.b//c')
    """
    return ".".join(_WILD.get(level, level.replace(".", "//") or "/") for level in topic.split("/"))


def topic(subject: str) -> str:
    """The MQTT topic or filter of a NATS subject: the inverse of `subject`.

    >>> topic("up.A842E39F8124"), topic("/.a./.b//c"), topic("ext.*.>")
    ('up/A842E39F8124', '/a//b.c', 'ext/+/#')
    """
    levels = (_TAME.get(level, level) for level in subject.split("."))
    return "/".join("" if level == "/" else level.replace("//", ".") for level in levels)


def watched(filters: tuple[str, ...]) -> list[str]:
    """The subjects a subscriber to MQTT `filters` needs; `x/#` means `x` itself, too.

    >>> watched(("ext/7/#",))
    ['ext.7.>', 'ext.7']
    """
    return [
        pattern
        for each in filters
        for pattern in (subject(each), *([subject(each[:-2])] if each.endswith("/#") else ()))
    ]
