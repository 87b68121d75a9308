"""The countries of the demo: where its buyers live and what they may be called."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Country:
    """A country, as far as the demo needs it; names are parted by bars."""

    code: str  # ISO 3166 alpha-2
    name: str
    region: str  # within Europe, a parcel crosses no ocean
    hours_east: int  # of Greenwich, in whole hours and without daylight saving
    buyers: float  # how many of the buyers live here, against the others
    first_names: str
    last_names: str
    cities: tuple[tuple[str, str], ...]  # with a pattern of the postcode: # is a digit, @ a letter

    @property
    def is_european(self) -> bool:
        """Whether it lies in Europe."""
        return self.region == "Europe"


COUNTRIES = (
    Country(
        code="DE", name="Germany", region="Europe", hours_east=1, buyers=17,
        first_names=(
            "Anna|Lukas|Mia|Jonas|Lena|Felix|Katrin|Jürgen|Sabine|Tobias|Franziska|Björn|Heike|Malte|Annika|Rüdiger"
        ),
        last_names=(
            "Albers|Brandtner|Christiansen|Dörfler|Eichhorst|Fröbel|Gerster|Hohmann|Jansen|Kestner|Lindemann|"
            "Möllers|Oberthür|Strauch|Weidlich"
        ),
        cities=(
            ("Berlin", "10###"), ("Hamburg", "20###"), ("München", "80###"),
            ("Köln", "50###"), ("Leipzig", "04###"), ("Freiburg", "79###"),
        ),
    ),
    Country(
        code="FR", name="France", region="Europe", hours_east=1, buyers=14,
        first_names=(
            "Camille|Hugo|Léa|Antoine|Chloé|Mathieu|Élodie|Bastien|Margaux|Thibault|Inès|Guillaume|Solène|Rémi"
        ),
        last_names=(
            "Aubertin|Barbier|Castelin|Delorme|Fauconnet|Garnaud|Hervieu|Jolivet|Lacombe|Marchetti|Périllat|"
            "Rousselin|Tessier|Vauquelin"
        ),
        cities=(
            ("Paris", "750##"), ("Lyon", "6900#"), ("Nantes", "44###"),
            ("Toulouse", "31###"), ("Lille", "59###"), ("Rennes", "35###"),
        ),
    ),
    Country(
        code="NL", name="Netherlands", region="Europe", hours_east=1, buyers=10,
        first_names="Sanne|Daan|Femke|Bram|Lotte|Joris|Maaike|Thijs|Anouk|Ruben|Noortje|Sjoerd",
        last_names=(
            "van den Akker|Bosman|de Graaf|Hoekstra|Kuiper|van der Linden|Meijerink|Oosthoek|Postma|Ruijter|"
            "Terpstra|Wielinga"
        ),
        cities=(
            ("Amsterdam", "10## @@"), ("Utrecht", "35## @@"), ("Rotterdam", "30## @@"),
            ("Groningen", "97## @@"), ("Den Haag", "25## @@"),
        ),
    ),
    Country(
        code="IT", name="Italy", region="Europe", hours_east=1, buyers=9,
        first_names="Giulia|Matteo|Chiara|Lorenzo|Martina|Davide|Elisa|Nicolò|Federica|Simone|Beatrice|Tommaso",
        last_names=(
            "Amadori|Bellandi|Carraro|Donadello|Ferrante|Gambini|Locatelli|Marchesini|Nardelli|Pedrotti|Santoro|"
            "Zanella"
        ),
        cities=(
            ("Milano", "201##"), ("Roma", "001##"), ("Torino", "101##"),
            ("Bologna", "401##"), ("Firenze", "501##"), ("Palermo", "901##"),
        ),
    ),
    Country(
        code="ES", name="Spain", region="Europe", hours_east=1, buyers=9,
        first_names="Lucía|Pablo|Carmen|Álvaro|Marta|Sergio|Nuria|Iker|Rocío|Javier|Begoña|Íñigo",
        last_names="Aguirre|Belmonte|Cifuentes|Escudero|Galván|Herranz|Ibáñez|Lozano|Montes|Peñalver|Quiroga|Zamora",
        cities=(
            ("Madrid", "280##"), ("Barcelona", "080##"), ("Valencia", "460##"),
            ("Sevilla", "410##"), ("Bilbao", "480##"),
        ),
    ),
    Country(
        code="PT", name="Portugal", region="Europe", hours_east=0, buyers=5,
        first_names="Inês|João|Mariana|Tiago|Beatriz|Gonçalo|Catarina|Rui|Leonor|Duarte",
        last_names="Almeida|Barroso|Carvalhal|Figueira|Gouveia|Lourenço|Magalhães|Nogueira|Quintela|Sequeira|Valadão",
        cities=(("Lisboa", "1###-###"), ("Porto", "4###-###"), ("Braga", "47##-###"), ("Coimbra", "30##-###")),
    ),
    Country(
        code="SE", name="Sweden", region="Europe", hours_east=1, buyers=6,
        first_names="Elsa|Oskar|Linnéa|Axel|Frida|Nils|Ebba|Gustav|Åsa|Mattias|Tuva|Håkan",
        last_names=(
            "Almqvist|Bergström|Dahlin|Ekholm|Forsgren|Hedlund|Lindqvist|Nyberg|Sjödin|Wallander|Åkerlund|Öhman"
        ),
        cities=(
            ("Stockholm", "11# ##"), ("Göteborg", "41# ##"), ("Malmö", "21# ##"),
            ("Uppsala", "75# ##"), ("Umeå", "90# ##"),
        ),
    ),
    Country(
        code="PL", name="Poland", region="Europe", hours_east=1, buyers=7,
        first_names="Zofia|Jakub|Hanna|Mateusz|Agnieszka|Paweł|Kinga|Wojciech|Małgorzata|Łukasz|Julia|Bartosz",
        last_names=(
            "Adamiak|Borkowska|Czarnecki|Dąbek|Gołębiak|Jasiński|Krawiec|Lisowska|Olszak|Piątek|Sowa|Wróblewska|"
            "Zielonka"
        ),
        cities=(
            ("Warszawa", "0#-###"), ("Kraków", "3#-###"), ("Gdańsk", "80-###"),
            ("Wrocław", "5#-###"), ("Poznań", "6#-###"),
        ),
    ),
    Country(
        code="GB", name="United Kingdom", region="Europe", hours_east=0, buyers=9,
        first_names="Olivia|Harry|Amelia|George|Isla|Oliver|Freya|Callum|Nadia|Rhys|Imogen|Aaron|Priya|Ewan",
        last_names=(
            "Ashdown|Barlow|Carmody|Dunmore|Everett|Fairclough|Hathersage|Kirkbride|Lockwood|Merrick|Pembridge|"
            "Tarrant|Whitlock"
        ),
        cities=(
            ("London", "SE## #@@"), ("Bristol", "BS# #@@"), ("Edinburgh", "EH# #@@"),
            ("Manchester", "M## #@@"), ("Leeds", "LS# #@@"),
        ),
    ),
    Country(
        code="US", name="United States", region="America", hours_east=-6, buyers=6,
        first_names="Emma|Noah|Ava|Ethan|Grace|Caleb|Maya|Logan|Hazel|Miles|Ruby|Owen",
        last_names=(
            "Abernathy|Bellamy|Calloway|Delgado|Easton|Ferris|Holloway|Kincaid|Langley|Merriweather|Prescott|"
            "Winslow"
        ),
        cities=(
            ("Portland", "972##"), ("Chicago", "606##"), ("Austin", "787##"),
            ("Boston", "021##"), ("Denver", "802##"),
        ),
    ),
    Country(
        code="JP", name="Japan", region="Asia", hours_east=9, buyers=4,
        first_names="Haruka|Kenta|Yui|Daichi|Sakura|Ren|Misaki|Takumi|Aoi|Shota",
        last_names="Akiyama|Fujisaki|Hanamori|Inagaki|Kawamoto|Minami|Nishida|Okabe|Shirakawa|Tsukuda",
        cities=(("Tokyo", "15#-####"), ("Osaka", "53#-####"), ("Kyoto", "60#-####"), ("Nagoya", "46#-####")),
    ),
    Country(
        code="CN", name="China", region="Asia", hours_east=8, buyers=3,
        first_names="Jia|Wei|Lin|Haoran|Xinyi|Bo|Meiling|Zihan|Yuchen|Lan",
        last_names="Bai|Cao|Deng|Fang|Gao|Jiang|Lu|Qian|Shen|Xu|Zhou",
        cities=(("Shanghai", "2000##"), ("Hangzhou", "3100##"), ("Beijing", "1000##"), ("Chengdu", "6100##")),
    ),
    Country(
        code="IN", name="India", region="Asia", hours_east=5, buyers=3,
        first_names="Aarav|Ananya|Kabir|Diya|Rohan|Meera|Vivaan|Lakshmi|Arjun|Tara",
        last_names="Bhattal|Chaudhari|Deshmukh|Iyengar|Kulkarni|Menonkar|Nambiar|Pillai|Rathore|Sengupta",
        cities=(("Mumbai", "4000##"), ("Bengaluru", "5600##"), ("Kochi", "6820##"), ("Jaipur", "3020##")),
    ),
)  # fmt: skip
BY_CODE = {country.code: country for country in COUNTRIES}
