"""What schemathesis must leave alone: nothing it makes up may lock it out, or leave the machine."""

from typing import Any

import schemathesis


def _part(body: Any, *names: str) -> Any:
    """What stands at the end of these names; None where there is no such object."""
    for name in names:
        body = body.get(name) if isinstance(body, dict) else None
    return body if isinstance(body, dict) else None


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """No password, no connection to a broker, no call of an action that exists."""
    del context, kwargs
    system = _part(case.body, "system")
    if system and system.get("protection") is True:
        system["protection"] = False
    whole = _part(case.body)
    if case.operation.path.endswith("/mqtt/settings") and whole and whole.get("enable") is True:
        whole["enable"] = False
    if case.operation.path.endswith("/actions/call") and isinstance(case.query.get("id"), str):
        case.query["id"] += case.query["id"] and " none"
