"""`ohmstead admin token …`: made, listed with its last use, revoked."""

from tests.cli.test_admin import Run, Said, environment, run, said

__all__ = ["environment", "run", "said"]  # fixtures


def test_a_token_is_made_listed_and_revoked(said: Said, run: Run) -> None:
    """docs/api.md, tokens: printed once, narrowed and ending as asked, gone once revoked."""
    said("org", "add", "Works")
    said("user", "add", "anna@example.org", "--role", "admin")
    add = ("token", "add", "--owner", "anna@example.org", "--scope", "write")
    made = said(*add, "--organisation", "Works", "--expires", "30", "--name", "a script")
    assert made["token"].startswith("oht_")
    assert (made["scope"], made["organisation"], made["used_at"]) == ("write", 1, None)
    (listed,) = said("token", "list", "--owner", "anna@example.org")
    assert listed == {name: value for name, value in made.items() if name != "token"}
    assert said("token", "revoke", str(made["id"])) == {"revoked": made["id"]}
    wrong = run(*add, "--organisation", "Nobody")
    assert wrong.returncode == 1
    assert "'Nobody' is neither the number nor the name of an organisation" in wrong.stderr
