"""The catalogue's labels in the languages of the pages."""

from collections.abc import Mapping
from types import MappingProxyType

from ohmstead.reading.catalogue import Quantity

GERMAN: Mapping[str, str] = MappingProxyType(
    {
        "Power factor": "Leistungsfaktor",
        "Energy imported": "Energie bezogen",
        "Energy exported": "Energie eingespeist",
        "Reactive energy imported": "Blindenergie bezogen",
        "Reactive energy exported": "Blindenergie eingespeist",
        "Reactive energy Q1, imported inductive": "Blindenergie Q1, bezogen induktiv",
        "Reactive energy Q2, imported capacitive": "Blindenergie Q2, bezogen kapazitiv",
        "Reactive energy Q3, exported inductive": "Blindenergie Q3, eingespeist induktiv",
        "Reactive energy Q4, exported capacitive": "Blindenergie Q4, eingespeist kapazitiv",
        "Maximum demand, import": "Höchste Leistung, Bezug",
        "Maximum demand, export": "Höchste Leistung, Einspeisung",
        "Power imported": "Leistung bezogen",
        "Power exported": "Leistung eingespeist",
        "Reactive power imported": "Blindleistung bezogen",
        "Reactive power exported": "Blindleistung eingespeist",
        "Apparent power": "Scheinleistung",
        "Voltage": "Spannung",
        "Current": "Strom",
        "Signed current": "Strom mit Richtung",
        "Net power, import minus export": "Leistung, Bezug minus Einspeisung",
        "Net reactive power": "Blindleistung, Bezug minus Einspeisung",
        "Voltage between L1 and L2": "Spannung zwischen L1 und L2",
        "Voltage between L2 and L3": "Spannung zwischen L2 und L3",
        "Voltage between L1 and L3": "Spannung zwischen L1 und L3",
        "Voltage distortion": "Verzerrung der Spannung",
        "Current distortion": "Verzerrung des Stroms",
        "Frequency": "Frequenz",
    }
)
"""A family's English label -> the German one."""


def german(quantity: Quantity) -> str:
    """The German label of a quantity: its family's, with the phase or tariff.

    KeyError when the family has none yet, which a test finds before anybody else does.
    """
    for word, german_word in ((", phase ", ", Phase "), (", tariff ", ", Tarif ")):
        family, found, which = quantity.label.partition(word)
        if found:
            return f"{GERMAN[family]}{german_word}{which}"
    return GERMAN[quantity.label]


def labels(quantity: Quantity) -> dict[str, str]:
    """Language -> label."""
    return {"en": quantity.label, "de": german(quantity)}
