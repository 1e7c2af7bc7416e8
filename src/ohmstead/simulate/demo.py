"""The five meters of the demo."""

from dataclasses import dataclass

from ohmstead.simulate.meter import model_named


@dataclass(frozen=True, slots=True)
class DemoMeter:
    """A simulated meter with a name, and the gateway that reads it."""

    id: str
    name_en: str
    name_de: str
    model: str
    seed: int
    mac: str
    """Of the gateway: made up, with the bit for locally administered addresses set."""

    @property
    def zone(self) -> str:
        """The time zone of the site."""
        return model_named(self.model).zone


def demo_meters() -> tuple[DemoMeter, ...]:
    """Five meters of different kinds; the second one exports what its roof makes."""
    return (
        DemoMeter("home", "Home by the canal", "Haus am Kanal", "p1-dsmr5", 1, "024F484D0001"),
        DemoMeter(
            "sun", "House with a solar roof", "Haus mit Solardach", "hdlc-aidon", 2, "024F484D0002"
        ),
        DemoMeter(
            "heat-pump",
            "House with a heat pump",
            "Haus mit Wärmepumpe",
            "p1-heat-pump",
            3,
            "024F484D0003",
        ),
        DemoMeter("bakery", "Bakery", "Bäckerei", "p1-shop", 4, "024F484D0004"),
        DemoMeter(
            "car", "House with an electric car", "Haus mit Elektroauto", "p1-se", 5, "024F484D0005"
        ),
    )
