"""Countries: their ISO 3166-1 codes, how many people live there, and the World Bank's income groups.

People: United Nations, World Population Prospects 2024, total population on 1 July 2024 (medium variant), in
millions, rounded to 0.1; territories below 50,000 people are left out. Income groups: World Bank, fiscal year 2025
(published 1 July 2024, by national income per head of 2023); `-` where it classes none. XKX is no ISO code but the
one in use for Kosovo. Names are short English ones; others that are usual stand behind a slash.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import NamedTuple

PEOPLE_SOURCE = "UN World Population Prospects 2024, 1 July 2024"
INCOME_SOURCE = "World Bank income groups, fiscal year 2025"


class IncomeGroup(StrEnum):
    """The World Bank's groups of countries, by income per head."""

    LOW = "low"
    LOWER_MIDDLE = "lower-middle"
    UPPER_MIDDLE = "upper-middle"
    HIGH = "high"


class Country(NamedTuple):
    """One country or territory.

    Attributes:
        code: Three letters.
        people: In millions.
        income: None where the World Bank classes none.
    """

    code: str
    name: str
    people: float
    income: IncomeGroup | None


_GROUPS = dict(zip("LMUH", IncomeGroup, strict=True))

_TABLE = """\
ABW AW 0.1 H Aruba
AFG AF 42.6 L Afghanistan
AGO AO 37.9 M Angola
ALB AL 2.8 U Albania
AND AD 0.1 H Andorra
ARE AE 11.0 H United Arab Emirates/UAE
ARG AR 45.7 U Argentina
ARM AM 3.0 U Armenia
ATG AG 0.1 H Antigua and Barbuda
AUS AU 26.7 H Australia
AUT AT 9.1 H Austria
AZE AZ 10.3 U Azerbaijan
BDI BI 14.0 L Burundi
BEL BE 11.7 H Belgium
BEN BJ 14.5 M Benin
BFA BF 23.5 L Burkina Faso
BGD BD 173.6 M Bangladesh
BGR BG 6.8 H Bulgaria
BHR BH 1.6 H Bahrain
BHS BS 0.4 H Bahamas
BIH BA 3.2 U Bosnia and Herzegovina
BLR BY 9.1 U Belarus
BLZ BZ 0.4 U Belize
BMU BM 0.1 H Bermuda
BOL BO 12.4 M Bolivia
BRA BR 212.0 U Brazil
BRB BB 0.3 H Barbados
BRN BN 0.5 H Brunei/Brunei Darussalam
BTN BT 0.8 M Bhutan
BWA BW 2.5 U Botswana
CAF CF 5.3 L Central African Republic
CAN CA 39.7 H Canada
CHE CH 8.9 H Switzerland
CHL CL 19.8 H Chile
CHN CN 1419.3 U China
CIV CI 31.9 M Côte d'Ivoire/Cote d'Ivoire/Ivory Coast
CMR CM 29.1 M Cameroon
COD CD 109.3 L DR Congo/Democratic Republic of the Congo
COG CG 6.3 M Congo/Republic of the Congo
COL CO 52.9 U Colombia
COM KM 0.9 M Comoros
CPV CV 0.5 M Cabo Verde/Cape Verde
CRI CR 5.1 U Costa Rica
CUB CU 11.0 U Cuba
CUW CW 0.2 H Curaçao/Curacao
CYM KY 0.1 H Cayman Islands
CYP CY 1.4 H Cyprus
CZE CZ 10.7 H Czechia/Czech Republic
DEU DE 84.6 H Germany
DJI DJ 1.2 M Djibouti
DMA DM 0.1 U Dominica
DNK DK 6.0 H Denmark
DOM DO 11.4 U Dominican Republic
DZA DZ 46.8 U Algeria
ECU EC 18.1 U Ecuador
EGY EG 116.5 M Egypt
ERI ER 3.5 L Eritrea
ESH EH 0.6 - Western Sahara
ESP ES 47.9 H Spain
EST EE 1.4 H Estonia
ETH ET 132.1 L Ethiopia
FIN FI 5.6 H Finland
FJI FJ 0.9 U Fiji
FRA FR 66.5 H France
FRO FO 0.1 H Faroe Islands
FSM FM 0.1 M Micronesia
GAB GA 2.5 U Gabon
GBR GB 69.1 H United Kingdom/UK/Great Britain
GEO GE 3.8 U Georgia
GGY GG 0.1 H Guernsey
GHA GH 34.4 M Ghana
GIN GN 14.8 M Guinea
GLP GP 0.4 - Guadeloupe
GMB GM 2.8 L Gambia
GNB GW 2.2 L Guinea-Bissau
GNQ GQ 1.9 U Equatorial Guinea
GRC GR 10.0 H Greece
GRD GD 0.1 U Grenada
GRL GL 0.1 H Greenland
GTM GT 18.4 U Guatemala
GUF GF 0.3 - French Guiana
GUM GU 0.2 H Guam
GUY GY 0.8 H Guyana
HKG HK 7.4 H Hong Kong
HND HN 10.8 M Honduras
HRV HR 3.9 H Croatia
HTI HT 11.8 M Haiti
HUN HU 9.7 H Hungary
IDN ID 283.5 U Indonesia
IMN IM 0.1 H Isle of Man
IND IN 1450.9 M India
IRL IE 5.3 H Ireland
IRN IR 91.6 U Iran
IRQ IQ 46.0 U Iraq
ISL IS 0.4 H Iceland
ISR IL 9.4 H Israel
ITA IT 59.3 H Italy
JAM JM 2.8 U Jamaica
JEY JE 0.1 H Jersey
JOR JO 11.6 M Jordan
JPN JP 123.8 H Japan
KAZ KZ 20.6 U Kazakhstan
KEN KE 56.4 M Kenya
KGZ KG 7.2 M Kyrgyzstan
KHM KH 17.6 M Cambodia
KIR KI 0.1 M Kiribati
KOR KR 51.7 H South Korea/Republic of Korea/Korea
KWT KW 4.9 H Kuwait
LAO LA 7.8 M Laos
LBN LB 5.8 M Lebanon
LBR LR 5.6 L Liberia
LBY LY 7.4 U Libya
LCA LC 0.2 U Saint Lucia
LKA LK 23.1 M Sri Lanka
LSO LS 2.3 M Lesotho
LTU LT 2.9 H Lithuania
LUX LU 0.7 H Luxembourg
LVA LV 1.9 H Latvia
MAC MO 0.7 H Macao/Macau
MAR MA 38.1 M Morocco
MDA MD 3.0 U Moldova
MDG MG 32.0 L Madagascar
MDV MV 0.5 U Maldives
MEX MX 130.9 U Mexico
MKD MK 1.8 U North Macedonia/Macedonia
MLI ML 24.5 L Mali
MLT MT 0.5 H Malta
MMR MM 54.5 M Myanmar/Burma
MNE ME 0.6 U Montenegro
MNG MN 3.5 U Mongolia
MOZ MZ 34.6 L Mozambique
MRT MR 5.2 M Mauritania
MTQ MQ 0.3 - Martinique
MUS MU 1.3 U Mauritius
MWI MW 21.7 L Malawi
MYS MY 35.6 U Malaysia
MYT YT 0.3 - Mayotte
NAM NA 3.0 U Namibia
NCL NC 0.3 H New Caledonia
NER NE 27.0 L Niger
NGA NG 232.7 M Nigeria
NIC NI 6.9 M Nicaragua
NLD NL 18.2 H Netherlands
NOR NO 5.6 H Norway
NPL NP 29.7 M Nepal
NZL NZ 5.2 H New Zealand
OMN OM 5.3 H Oman
PAK PK 251.3 M Pakistan
PAN PA 4.5 H Panama
PER PE 34.2 U Peru
PHL PH 115.8 M Philippines
PNG PG 10.6 M Papua New Guinea
POL PL 38.5 H Poland
PRI PR 3.2 H Puerto Rico
PRK KP 26.5 L North Korea
PRT PT 10.4 H Portugal
PRY PY 6.9 U Paraguay
PSE PS 5.5 M Palestine/West Bank and Gaza
PYF PF 0.3 H French Polynesia
QAT QA 3.0 H Qatar
REU RE 0.9 - Réunion/Reunion
ROU RO 19.0 H Romania
RUS RU 144.8 H Russia/Russian Federation
RWA RW 14.3 L Rwanda
SAU SA 34.0 H Saudi Arabia
SDN SD 50.4 L Sudan
SEN SN 18.5 M Senegal
SGP SG 5.8 H Singapore
SLB SB 0.8 M Solomon Islands
SLE SL 8.6 L Sierra Leone
SLV SV 6.3 U El Salvador
SOM SO 19.0 L Somalia
SRB RS 6.7 U Serbia
SSD SS 11.9 L South Sudan
STP ST 0.2 M São Tomé and Príncipe/Sao Tome and Principe
SUR SR 0.6 U Suriname
SVK SK 5.5 H Slovakia
SVN SI 2.1 H Slovenia
SWE SE 10.6 H Sweden
SWZ SZ 1.2 M Eswatini/Swaziland
SYC SC 0.1 H Seychelles
SYR SY 24.7 L Syria
TCD TD 20.3 L Chad
TGO TG 9.5 L Togo
THA TH 71.7 U Thailand
TJK TJ 10.6 M Tajikistan
TKM TM 7.5 U Turkmenistan
TLS TL 1.4 M Timor-Leste
TON TO 0.1 U Tonga
TTO TT 1.5 H Trinidad and Tobago
TUN TN 12.3 M Tunisia
TUR TR 87.5 U Türkiye/Turkey
TWN TW 23.2 H Taiwan
TZA TZ 68.6 M Tanzania
UGA UG 50.0 L Uganda
UKR UA 37.9 U Ukraine
URY UY 3.4 H Uruguay
USA US 345.4 H United States/USA/United States of America
UZB UZ 36.4 M Uzbekistan
VCT VC 0.1 U Saint Vincent and the Grenadines
VEN VE 28.4 - Venezuela
VIR VI 0.1 H Virgin Islands (U.S.)
VNM VN 101.0 M Vietnam/Viet Nam
VUT VU 0.3 M Vanuatu
WSM WS 0.2 M Samoa
XKX XK 1.7 U Kosovo
YEM YE 40.6 L Yemen
ZAF ZA 64.0 U South Africa
ZMB ZM 21.3 M Zambia
ZWE ZW 16.6 M Zimbabwe
"""


@cache
def countries() -> dict[str, Country]:
    """Return every country by its code of three letters."""
    return {line[:3]: _country(line) for line in _TABLE.splitlines()}


def _country(line: str) -> Country:
    code, _, people, group, names = line.split(" ", 4)
    return Country(code, names.split("/")[0], float(people), _GROUPS.get(group))


def find_country(text: str) -> Country | None:
    """Return the country of a code of two or three letters, or of a name, case aside."""
    code = _codes().get(text.strip().casefold())
    return countries()[code] if code else None


@cache
def _codes() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _TABLE.splitlines():
        code, short, _, _, names = line.split(" ", 4)
        found |= {one.casefold(): code for one in (code, short, *names.split("/"))}
    return found
