"""The languages that have a two-letter code (ISO 639-1), with their names in English."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_LINES = """
aa Afar|ab Abkhazian|ae Avestan|af Afrikaans|ak Akan|am Amharic|an Aragonese|ar Arabic|as Assamese|av Avaric
ay Aymara|az Azerbaijani|ba Bashkir|be Belarusian|bg Bulgarian|bi Bislama|bm Bambara|bn Bengali/Bangla|bo Tibetan
br Breton|bs Bosnian|ca Catalan/Valencian|ce Chechen|ch Chamorro|co Corsican|cr Cree|cs Czech|cu Church Slavic
cv Chuvash|cy Welsh|da Danish|de German|dv Divehi/Maldivian|dz Dzongkha|ee Ewe|el Greek|en English|eo Esperanto
es Spanish/Castilian|et Estonian|eu Basque|fa Persian/Farsi|ff Fulah|fi Finnish|fj Fijian|fo Faroese|fr French
fy Western Frisian/Frisian|ga Irish|gd Scottish Gaelic/Gaelic|gl Galician|gn Guarani|gu Gujarati|gv Manx|ha Hausa
he Hebrew|hi Hindi|ho Hiri Motu|hr Croatian|ht Haitian Creole/Haitian|hu Hungarian|hy Armenian|hz Herero
ia Interlingua|id Indonesian|ie Interlingue|ig Igbo|ii Sichuan Yi|ik Inupiaq|io Ido|is Icelandic|it Italian
iu Inuktitut|ja Japanese|jv Javanese|ka Georgian|kg Kongo|ki Kikuyu|kj Kuanyama|kk Kazakh|kl Greenlandic/Kalaallisut
km Khmer|kn Kannada|ko Korean|kr Kanuri|ks Kashmiri|ku Kurdish|kv Komi|kw Cornish|ky Kyrgyz|la Latin
lb Luxembourgish|lg Ganda|li Limburgish|ln Lingala|lo Lao|lt Lithuanian|lu Luba-Katanga|lv Latvian|mg Malagasy
mh Marshallese|mi Maori|mk Macedonian|ml Malayalam|mn Mongolian|mr Marathi|ms Malay|mt Maltese|my Burmese|na Nauru
nb Norwegian Bokmål|nd North Ndebele|ne Nepali|ng Ndonga|nl Dutch/Flemish|nn Norwegian Nynorsk|no Norwegian
nr South Ndebele|nv Navajo|ny Chichewa/Nyanja|oc Occitan|oj Ojibwa|om Oromo|or Odia/Oriya|os Ossetian
pa Punjabi/Panjabi|pi Pali|pl Polish|ps Pashto|pt Portuguese|qu Quechua|rm Romansh|rn Rundi|ro Romanian/Moldavian
ru Russian|rw Kinyarwanda|sa Sanskrit|sc Sardinian|sd Sindhi|se Northern Sami|sg Sango|si Sinhala/Sinhalese|sk Slovak
sl Slovenian|sm Samoan|sn Shona|so Somali|sq Albanian|sr Serbian|ss Swati|st Southern Sotho/Sotho|su Sundanese
sv Swedish|sw Swahili|ta Tamil|te Telugu|tg Tajik|th Thai|ti Tigrinya|tk Turkmen|tl Tagalog/Filipino|tn Tswana
to Tonga/Tongan|tr Turkish|ts Tsonga|tt Tatar|tw Twi|ty Tahitian|ug Uyghur|uk Ukrainian|ur Urdu|uz Uzbek|ve Venda
vi Vietnamese|vo Volapük|wa Walloon|wo Wolof|xh Xhosa|yi Yiddish|yo Yoruba|za Zhuang|zh Chinese/Mandarin|zu Zulu
"""


def _read() -> Mapping[str, str]:
    entries = [entry.strip().split(" ", 1) for line in _LINES.splitlines() for entry in line.split("|")]
    return MappingProxyType({entry[0]: entry[1] for entry in entries if len(entry) > 1})


LANGUAGES: Mapping[str, str] = _read()
"""Code -> its names, with slashes between several."""
