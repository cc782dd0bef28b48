"""The names of fake data: `{{ fake.email }}`. What makes it is the agents' business, and theirs alone to import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.scenario.suggest import did_you_mean

if TYPE_CHECKING:
    from groundswell.scenario.expressions import Name

# The name of a value, and one that it may be.
FAKE_FIELDS: dict[str, str] = {
    "first_name": "Meda",
    "last_name": "Mooney",
    "full_name": "Meda Sanford",
    "title": "Ms.",
    "gender": "Female",
    "username": "implies_1814",
    "email": "implies.1814.9f86d081@example.com",
    "password": "6(-_(]cR",
    "phone": "+18577979049",
    "job": "Massage Therapist",
    "nationality": "Romanian",
    "address": "1276 Hutchins Pass",
    "street": "Hutchins",
    "house_number": "1276",
    "city": "Poway",
    "state": "South Carolina",
    "postal_code": "67797",
    "country": "Nicaragua",
    "country_code": "NE",
    "latitude": "22.122305",
    "longitude": "44.24461",
    "company": "Hewlett-Packard",
    "currency": "USD",
    "price": "1122.9",
    "hostname": "ontario.example.com",
    "url": "https://ontario.example.com/",
    "ipv4": "159.118.124.69",
    "ipv6": "d721:dff:76c:e2ef:87b0:b125:ec1d:7da0",
    "mac_address": "00:16:3e:41:b7:0e",
    "user_agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.8; rv:38.0) Gecko/20100101",
    "slug": "diesel-fly-practice",
    "word": "harbor",
    "sentence": "Messages can be sent to and received from ports.",
    "text": "Messages can be sent to … (five sentences)",
    "color": "Purple",
    "credit_card": "3758 073021 57362",
    "cvv": "638",
    "expiry": "10/31",
    "date": "2019-05-24",
    "time": "19:16:47",
    "datetime": "2026-12-12T22:53:47",
    "isbn": "1-77979-049-6",
    "ean": "7797904969142",
}

LOCALES = (
    *("ar-ae", "ar-dz", "ar-eg", "ar-jo", "ar-kw", "ar-ma", "ar-om", "ar-qa", "ar-sa", "ar-sy"),
    *("ar-tn", "ar-ye", "az", "cs", "da", "de", "de-at", "de-ch", "el", "en", "en-au", "en-ca"),
    *("en-gb", "es", "es-mx", "et", "fa", "fi", "fr", "hr", "hu", "is", "it", "ja", "kk", "ko"),
    *("nl", "nl-be", "no", "pl", "pt", "pt-br", "ru", "sk", "sv", "tr", "uk", "zh"),
)
DEFAULT_LOCALE = "en"
MOST_OTHERS = 1000

_SUCH_AS = "such as email, full_name, city; docs/test-file.md lists all"


def refused_fake(name: Name) -> tuple[str, str] | None:
    """What is wrong with a name below `fake`, and a hint."""
    if not name.path:
        return "`fake` is many values: name one of them", _SUCH_AS
    field, *rest = name.path
    if field not in FAKE_FIELDS:
        message = f"there is no fake `{field}`"
        return message, did_you_mean(str(field), FAKE_FIELDS, _SUCH_AS)
    if len(rest) > 1 or not all(isinstance(one, int) and 0 <= one < MOST_OTHERS for one in rest):
        others = f"fake.{field}[1] is another one, up to [{MOST_OTHERS - 1}]"
        return f"`fake.{field}` has nothing in it", others
    return None
