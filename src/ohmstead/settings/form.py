"""What a settings object is made of: each field's type, range, default and meaning, said once.

A settings object is a frozen Struct.  Out of its declaration come the verbs (`replaced`, `merged`),
what is shown (`shown`, without secrets) and its schema for the OpenAPI (`schema`).  Source of the
rules: REST/MQTT 2.0, 6.1 and 4.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, TypeVar, get_args

import msgspec
from msgspec import Meta, Struct

S = TypeVar("S", bound="Form")
Json = dict[str, Any]

LENGTH = "_len"
"""What a secret's name becomes where its length is shown instead.  Source: 4, `password_len`."""

WRITE_ONLY = {"writeOnly": True}
SECRET = Meta(extra={"secret": True}, extra_json_schema=WRITE_ONLY)
"""Never shown; its length is, where there is one."""
SECRET_SHOWN_EMPTY = Meta(extra={"secret": True, "empty": True}, extra_json_schema=WRITE_ONLY)
"""Never shown; its length always is, 0 for none."""
OMITTED = Meta(extra={"omitted": True})
"""A part that is not shown while nothing in it is set."""

Name = Annotated[str, Meta(max_length=31)]
Flag = bool


class Form(Struct, frozen=True):
    """A settings object, or a part of one."""

    ALIASES: ClassVar[Mapping[str, str]] = {}
    """Names that are taken for another field when they are written."""
    TWINS: ClassVar[Mapping[str, str]] = {}
    """Aliases that are shown as well."""


def fields_of(kind: type[Form]) -> Iterator[tuple[msgspec.structs.FieldInfo, Mapping[str, Any]]]:
    """Each field, and the notes of its declaration (`secret`, `omitted`)."""
    for field in msgspec.structs.fields(kind):
        notes: dict[str, Any] = {}
        for meta in _metas(field.type):
            notes.update(meta.extra or {})
        yield field, notes


def _metas(kind: Any) -> Iterator[Meta]:
    for part in get_args(kind):
        if isinstance(part, Meta):
            yield part
        else:
            yield from _metas(part)


def part_of(field: msgspec.structs.FieldInfo) -> type[Form] | None:
    """The type of a field that is a settings object itself."""
    for kind in (field.type, *get_args(field.type)):
        if isinstance(kind, type) and issubclass(kind, Form):
            return kind
    return None


def shown(form: Form) -> Json:
    """What may be read of `form`: no secret, only its length; whole numbers without a fraction."""
    answer: Json = {}
    lengths: Json = {}
    for field, notes in fields_of(type(form)):
        value = getattr(form, field.name)
        if notes.get("secret"):
            if value or notes.get("empty"):
                lengths[field.name + LENGTH] = len(value or "")
        elif isinstance(value, Form):
            if not notes.get("omitted") or value != type(value)():
                answer[field.name] = shown(value)
        elif isinstance(value, float) and value.is_integer():
            answer[field.name] = int(value)
        else:
            answer[field.name] = value
    for twin, name in form.TWINS.items():
        answer[twin] = answer[name]
    return answer | lengths


def replaced(form: S, given: object, factory: S) -> S:
    """POST: a new object of what is given; what is not goes to its `factory` setting.

    msgspec.ValidationError names the field that is not as declared.
    """
    return _built(_over(factory, given, "$", form), type(form))


def merged(form: S, given: object) -> S:
    """PUT: `form` with what is given; null takes a secret or another optional field away.

    msgspec.ValidationError names the field that is not as declared.
    """
    return _built(_over(form, given, "$", form), type(form))


def _built(value: object, kind: type[S]) -> S:
    return msgspec.convert(value, kind)


def _over(base: Form, given: object, at: str, present: Form) -> Json:
    """The fields of `base` with those of `given` laid over them, still to be checked."""
    if not isinstance(given, dict):
        raise msgspec.ValidationError(f"Expected `object` - at `{at}`")
    wanted = _named(base, given, at, present)
    answer: Json = {}
    for field, notes in fields_of(type(base)):
        old = getattr(base, field.name)
        if field.name not in wanted:
            answer[field.name] = _plain(old)
            continue
        new = wanted[field.name]
        if isinstance(old, Form):
            below = getattr(present, field.name)
            answer[field.name] = (
                _plain(type(old)()) if new is None else _over(old, new, _path(at, field), below)
            )
        elif new is None and (notes.get("secret") or isinstance(field.default, str)):
            answer[field.name] = field.default
        else:
            answer[field.name] = _whole(new)
    return answer


def _path(at: str, field: msgspec.structs.FieldInfo) -> str:
    return f"{at}.{field.name}"


def _named(base: Form, given: Json, at: str, present: Form) -> Json:
    """`given` with its aliases by their own names.

    An object may come back as it was shown, with one of two twins changed: that one counts.
    """
    wanted = dict(given)
    for alias, name in {**base.ALIASES, **base.TWINS}.items():
        if alias not in wanted:
            continue
        other = wanted.pop(alias)
        if name not in wanted or wanted[name] == getattr(present, name):
            wanted[name] = other
        elif other not in (wanted[name], getattr(present, name)):
            raise msgspec.ValidationError(f"{alias} and {name} say different things - at `{at}`")
    return wanted


def _plain(value: object) -> object:
    return msgspec.to_builtins(value) if isinstance(value, Form) else value


def _whole(value: object) -> object:
    """JSON knows one kind of number: 30.0 is 30."""
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    return value


def schema(kind: type[Form], *, given: bool = False) -> Json:
    """The JSON schema of `kind`: secrets are `writeOnly`, lengths `readOnly`.

    `given` is the schema of what POST and PUT take: a text, a secret or a part may be null, which
    takes it back to its factory setting.
    """
    (made,), components = msgspec.json.schema_components([kind])
    del made
    answer: Json = components[kind.__name__]
    properties: Json = {}
    for field, notes in fields_of(kind):
        part = part_of(field)
        plain = schema(part, given=given) if part else answer["properties"][field.name]
        erasable = part or notes.get("secret") or isinstance(field.default, str)
        properties[field.name] = _or_null(plain) if given and erasable else plain
        if notes.get("secret") and not given:
            properties[field.name + LENGTH] = {"type": "integer", "minimum": 0, "readOnly": True}
    for twin, name in {**kind.ALIASES, **kind.TWINS}.items():
        properties[twin] = properties[name]
    words = {"description": answer["description"]} if "description" in answer else {}
    return {"type": "object", **words, "properties": properties, "additionalProperties": True}


def _or_null(plain: Json) -> Json:
    """
    >>> _or_null({"type": "string"}), _or_null({"enum": ["none", "odd"]})
    ({'type': ['string', 'null']}, {'anyOf': [{'enum': ['none', 'odd']}, {'type': 'null'}]})
    """
    if isinstance(plain.get("type"), str):
        return plain | {"type": [plain["type"], "null"]}
    return {"anyOf": [plain, {"type": "null"}]} if "enum" in plain else plain
