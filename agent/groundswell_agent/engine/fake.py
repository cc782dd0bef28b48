"""`{{ fake.email }}`: made-up data, the same in every run with the same seed, on however many agents.

A value follows from the seed, the scenario, the VU, its iteration and the value's name alone, and not
from what was made before it. Within an iteration a name gives one value: who signs up with an address
can log in with it. Nothing made here leads to anybody: hosts are below example.com.

Imported where a test asks for fake data, since the library takes 70 ms of CPU to import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from mimesis import Address, Code, Datetime, Finance, Internet, Payment, Person, Text
from mimesis.locales import Locale
from mimesis.random import Random

from groundswell.scenario.fake import FAKE_FIELDS, MOST_OTHERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from groundswell_agent.engine.values import Value
    from groundswell_agent.engine.virtual_user import VirtualUser

    Make = Callable[[], object]

_NUMBERS = {name: number for number, name in enumerate(FAKE_FIELDS)}
_DOMAIN = "example.com"
# Of cards that are still valid when somebody looks.
_FIRST_YEAR, _LAST_YEAR = 30, 39


class Maker:
    """Makes values of one locale. All providers draw from one stream of chance."""

    def __init__(self, locale: str) -> None:
        self.random = Random()
        self.makes = _makes(Locale(locale), self.random)

    def make(self, name: str, seed: int) -> object:
        """Text, or a number."""
        self.random.seed(seed)
        return self.makes[name]()


class FakeData:
    """Of one scenario on one agent; `seed` is its own."""

    def __init__(self, locale: str, seed: int) -> None:
        self._maker = Maker(locale)
        self._seed = seed

    def value(self, name: str, other: int) -> Value:
        """A function of a VU: the value of its iteration, or the n-th other one."""
        makes, random = self._maker.makes, self._maker.random
        make, base = makes[name], self._seed << 128
        place = _NUMBERS[name] * MOST_OTHERS + other
        key = f"{name}[{other}]"

        def value(vu: VirtualUser) -> object:
            known = cast("dict[str, object]", vu.fields("fake", self))
            found = known.get(key)
            if found is None:
                random.seed(base | vu.number << 80 | vu.iterations << 20 | place)
                found = known[key] = make()
            return found

        return value

    def take(self, vu: VirtualUser) -> Mapping[str, object]:
        """Nothing yet: what an iteration asks for is kept in it."""
        return {}


def _makes(locale: Locale, random: Random) -> dict[str, Make]:
    person, address = Person(locale, random=random), Address(locale, random=random)
    finance, text = Finance(locale, random=random), Text(locale, random=random)
    internet, payment = Internet(random=random), Payment(random=random)
    moment, code = Datetime(locale, random=random), Code(random=random)
    english = Text(Locale.EN, random=random)

    def host() -> str:
        return f"{english.word().lower()}.{_DOMAIN}"

    return {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "full_name": person.full_name,
        "title": person.title,
        "gender": person.gender,
        "username": person.username,
        # With chance enough that no two of a load are the same.
        "email": lambda: (
            f"{person.username().replace('_', '.')}.{random.getrandbits(32):08x}@{_DOMAIN}"
        ),
        "password": person.password,
        "phone": person.phone_number,
        "job": person.occupation,
        "nationality": lambda: str(person.nationality()),
        "address": address.address,
        "street": address.street_name,
        "house_number": address.street_number,
        "city": address.city,
        "state": address.state,
        "postal_code": address.postal_code,
        "country": address.country,
        "country_code": address.country_code,
        "latitude": address.latitude,
        "longitude": address.longitude,
        "company": finance.company,
        "currency": finance.currency_iso_code,
        "price": finance.price,
        "hostname": host,
        "url": lambda: f"https://{host()}/",
        "ipv4": internet.ip_v4,
        "ipv6": internet.ip_v6,
        "mac_address": internet.mac_address,
        "user_agent": internet.user_agent,
        "slug": lambda: internet.slug(parts_count=3),
        "word": text.word,
        "sentence": text.sentence,
        "text": lambda: text.text(quantity=5),
        "color": text.color,
        "credit_card": payment.credit_card_number,
        "cvv": payment.cvv,
        "expiry": lambda: payment.credit_card_expiration_date(_FIRST_YEAR, _LAST_YEAR),
        "date": lambda: moment.date().isoformat(),
        "time": lambda: moment.time().isoformat(timespec="seconds"),
        "datetime": lambda: moment.datetime().isoformat(timespec="seconds"),
        "isbn": code.isbn,
        "ean": code.ean,
    }
