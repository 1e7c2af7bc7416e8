"""Codes of an authenticator, and codes for the day it is lost."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmstead.access import codes

SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    "at_s, eight_digits",
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_codes_are_those_of_the_standard(at_s: int, eight_digits: str) -> None:
    """RFC 6238, appendix B (SHA-1); six digits are the last six (RFC 4226, 5.3)."""
    assert codes.code(SECRET, at_s) == eight_digits[2:]
    assert codes.step_of(SECRET, eight_digits[2:], at_s, 0) == at_s // 30


def test_a_step_before_and_after_is_taken_and_no_more() -> None:
    """RFC 6238, 5.2: one step of drift, for a phone whose clock is not quite right."""
    given = codes.code(SECRET, 3000)
    taken = [codes.step_of(SECRET, given, at_s, 0) for at_s in (2940, 2970, 3000, 3030, 3060)]
    assert taken == [None, 100, 100, 100, None]


def test_a_code_is_taken_once() -> None:
    """RFC 6238, 5.2: the verifier must not accept the second attempt of a code."""
    given = codes.code(SECRET, 3000)
    assert codes.step_of(SECRET, given, 3001, after=99) == 100
    assert codes.step_of(SECRET, given, 3001, after=100) is None


def test_a_code_may_be_written_in_groups() -> None:
    """Authenticators show `123 456`."""
    given = codes.code(SECRET, 3000)
    assert codes.step_of(SECRET, f" {given[:3]} {given[3:]} ", 3000, 0) == 100


@settings(max_examples=50)
@given(st.text(max_size=60))
def test_noise_is_no_code(noise: str) -> None:
    """A stranger may send anything; nothing raises."""
    if noise != codes.code(SECRET, 0):
        assert codes.step_of(SECRET, noise, 0, 5) is None
    codes.recovery_code(noise)


def test_the_picture_says_what_authenticators_read() -> None:
    """Key URI format of Google Authenticator: label, secret in base32, issuer."""
    said = urlsplit(codes.address(SECRET, "anna+x@example.org"))
    assert (said.scheme, said.netloc) == ("otpauth", "totp")
    assert said.path == "/Ohmstead:anna%2Bx%40example.org"
    query = {name: values[0] for name, values in parse_qs(said.query).items()}
    assert query == {
        "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        "issuer": "Ohmstead",
        "algorithm": "SHA1",
        "digits": "6",
        "period": "30",
    }


def test_recovery_codes_are_ten_and_differ() -> None:
    """80 random bits each, in groups that can be typed."""
    fresh = codes.new_recovery_codes()
    assert len(set(fresh)) == 10
    for each in fresh:
        assert re.fullmatch(r"([a-z2-7]{4}-){3}[a-z2-7]{4}", each)
        assert codes.recovery_code(each.upper().replace("-", " ")) == each


def test_secrets_have_160_bits() -> None:
    """RFC 4226, section 4, R6."""
    assert len(codes.new_secret()) == 20
    assert codes.new_secret() != codes.new_secret()
