"""Currencies, and how many digits each has behind the point.  Source: ISO 4217:2015, list one."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType

from ohmstead.errors import BadInput

_BY_DIGITS: Mapping[int, str] = MappingProxyType(
    {
        0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
        2: (
            "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN"
            " BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL"
            " GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK"
            " LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO"
            " NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE"
            " SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST"
            " XCD XCG YER ZAR ZMW ZWG"
        ),
        3: "BHD IQD JOD KWD LYD OMR TND",
    }
)
DIGITS: Mapping[str, int] = MappingProxyType(
    {code: digits for digits, codes in _BY_DIGITS.items() for code in codes.split()}
)
"""Code of a currency -> digits of its smallest part, 2 for a cent."""


def currency_named(code: str) -> str:
    """`code` if it is a currency; BadInput."""
    if code not in DIGITS:
        raise BadInput(f"{code!r} is not a currency; give its three letters, like CHF or EUR")
    return code


def rounded(amount: Decimal, currency: str) -> Decimal:
    """`amount` in whole cents, or what the currency has instead; halves go away from zero.

    >>> rounded(Decimal("0.125"), "CHF"), rounded(Decimal("0.5"), "JPY")
    (Decimal('0.13'), Decimal('1'))
    """
    return amount.quantize(Decimal(1).scaleb(-DIGITS[currency]), ROUND_HALF_UP)
