"""The nouns that captions use, with what a sentence must know of them: article and plural, in English and German.

The decision here: a short table of the terms that photos often show; for all other terms a caption takes the bare
label, without article or plural. Refused: guessing the gender of a German word.
"""

from __future__ import annotations

from dataclasses import dataclass

# English term, gender of the German word (m, f, n; Pl: plural only), the word, its plural.
# "-" for the plural: it is not counted and takes no article, in English neither. "~" stands for a space.
_TABLE = """
accordion n Akkordeon Akkordeons; airplane n Flugzeug Flugzeuge; airport m Flughafen Flughäfen; animal n Tier Tiere
antelope f Antilope Antilopen; ape m Menschenaffe Menschenaffen; apple m Apfel Äpfel; architecture f Architektur -
artichoke f Artischocke Artischocken; artwork n Kunstwerk Kunstwerke; athlete m Sportler Sportler
autumn~leaves n Herbstlaub -; baby n Baby Babys; backpack m Rucksack Rucksäcke; bag f Tasche Taschen
bagel m Bagel Bagels; ball m Ball Bälle; balloon m Luftballon Luftballons; banana f Banane Bananen
banjo n Banjo Banjos; barn f Scheune Scheunen; baseball~bat m Baseballschläger Baseballschläger
baseball~glove m Baseballhandschuh Baseballhandschuhe; basket m Korb Körbe; bassoon n Fagott Fagotte
bathroom n Badezimmer Badezimmer; beach m Strand Strände; bear m Bär Bären; bed n Bett Betten
bedroom n Schlafzimmer Schlafzimmer; bee f Biene Bienen; beer n Bier -; beetle m Käfer Käfer
bell~pepper f Paprika Paprikas; bench f Sitzbank Sitzbänke; berries Pl Beeren -; bicycle n Fahrrad Fahrräder
big~cat f Großkatze Großkatzen; bird m Vogel Vögel; bird~of~prey m Greifvogel Greifvögel
birthday~cake m Geburtstagskuchen Geburtstagskuchen; bison m Bison Bisons; blossom f Blüte Blüten; boat n Boot Boote
book n Buch Bücher; bottle f Flasche Flaschen; bouquet m Blumenstrauß Blumensträuße; bowl f Schüssel Schüsseln
boy m Junge Jungen; bread n Brot -; bridal~couple n Brautpaar Brautpaare; bride f Braut Bräute; bridge f Brücke Brücken
broccoli m Brokkoli -; building n Gebäude Gebäude; burger m Burger Burger; burrito m Burrito Burritos; bus m Bus Busse
butterfly m Schmetterling Schmetterlinge; cabbage m Kohl -; cactus m Kaktus Kakteen; cake m Kuchen Kuchen
camel n Kamel Kamele; camera f Kamera Kameras; camper n Wohnmobil Wohnmobile; candle f Kerze Kerzen; canoe n Kanu Kanus
car n Auto Autos; carousel n Karussell Karussells; carriage f Kutsche Kutschen; carrot f Karotte Karotten
castle f Burg Burgen; cat f Katze Katzen; cathedral f Kathedrale Kathedralen; cauliflower m Blumenkohl -
cave f Höhle Höhlen; cello n Cello Celli; cemetery m Friedhof Friedhöfe; chair m Stuhl Stühle
chapel f Kapelle Kapellen; cheese m Käse -; chicken n Huhn Hühner; child n Kind Kinder
Christmas~tree m Weihnachtsbaum Weihnachtsbäume; church f Kirche Kirchen; city f Stadt Städte
clarinet f Klarinette Klarinetten; cliff f Klippe Klippen; clock f Uhr Uhren; clothing f Kleidung -
cloud f Wolke Wolken; coast f Küste Küsten; coffee m Kaffee -; computer m Computer Computer
computer~keyboard f Tastatur Tastaturen; computer~mouse f Computermaus Computermäuse
construction~crane m Baukran Baukräne; cookie m Keks Kekse; coral f Koralle Korallen
coral~reef n Korallenriff Korallenriffe; corn m Mais -; costume n Kostüm Kostüme; couple n Paar Paare; cow f Kuh Kühe
crab f Krabbe Krabben; crocodile n Krokodil Krokodile; cruise~ship n Kreuzfahrtschiff Kreuzfahrtschiffe
cucumber f Gurke Gurken; cup f Tasse Tassen; cyclist m Radfahrer Radfahrer; dancer m Tänzer Tänzer
deer m Hirsch Hirsche; desert f Wüste Wüsten; desk m Schreibtisch Schreibtische; dessert m Nachtisch Nachtische
document n Dokument Dokumente; dog m Hund Hunde; dolphin m Delfin Delfine; donut m Donut Donuts; door f Tür Türen
dragonfly f Libelle Libellen; dress n Kleid Kleider; drink n Getränk Getränke; drum f Trommel Trommeln
duck f Ente Enten; eagle m Adler Adler; egg n Ei Eier; elephant m Elefant Elefanten; family f Familie Familien
farm m Bauernhof Bauernhöfe; father m Vater Väter; fence m Zaun Zäune; Ferris~wheel n Riesenrad Riesenräder
field n Feld Felder; fig f Feige Feigen; fire n Feuer -; fire~engine n Feuerwehrauto Feuerwehrautos
fire~hydrant m Hydrant Hydranten; fireworks n Feuerwerk -; fish m Fisch Fische; flag f Fahne Fahnen
flamingo m Flamingo Flamingos; flower f Blume Blumen; flute f Flöte Flöten; food n Essen -; forest m Wald Wälder
fork f Gabel Gabeln; fountain m Springbrunnen Springbrunnen; fox m Fuchs Füchse; French~horn n Waldhorn Waldhörner
frisbee n Frisbee Frisbees; frog m Frosch Frösche; fruit n Obst -; furniture Pl Möbel -; garden m Garten Gärten
gift n Geschenk Geschenke; giraffe f Giraffe Giraffen; girl n Mädchen Mädchen; glacier m Gletscher Gletscher
glass n Glas Gläser; glasses f Brille -; goat f Ziege Ziegen; golf~ball m Golfball Golfbälle; goose f Gans Gänse
grapes Pl Trauben -; grass n Gras -; groom m Bräutigam Bräutigame; guinea~pig n Meerschweinchen Meerschweinchen
guitar f Gitarre Gitarren; hamster m Hamster Hamster; handbag f Handtasche Handtaschen; harbor m Hafen Häfen
harmonica f Mundharmonika Mundharmonikas; harp f Harfe Harfen; hat m Hut Hüte; hedgehog m Igel Igel
helicopter m Hubschrauber Hubschrauber; helmet m Helm Helme; heron m Reiher Reiher; hippopotamus n Nilpferd Nilpferde
horse n Pferd Pferde; hot~air~balloon m Heißluftballon Heißluftballons; hot~dog m Hotdog Hotdogs; house n Haus Häuser
ice~cream f Eiscreme -; insect n Insekt Insekten; island f Insel Inseln; jellyfish f Qualle Quallen
jewelry m Schmuck -; kangaroo n Känguru Kängurus; kitchen f Küche Küchen; kite m Drachen Drachen
kitten n Kätzchen Kätzchen; knife n Messer Messer; koala m Koala Koalas; lake m See Seen; lamb n Lamm Lämmer
lamp f Lampe Lampen; landscape f Landschaft Landschaften; laptop m Laptop Laptops; leaf n Blatt Blätter
lemon f Zitrone Zitronen; lemur m Lemur Lemuren; library f Bibliothek Bibliotheken; lighthouse m Leuchtturm Leuchttürme
lion m Löwe Löwen; living~room n Wohnzimmer Wohnzimmer; lizard f Eidechse Eidechsen; llama n Lama Lamas
lobster m Hummer Hummer; man m Mann Männer; map f Landkarte Landkarten; market m Markt Märkte; mask f Maske Masken
meadow f Wiese Wiesen; meat n Fleisch -; microphone n Mikrofon Mikrofone; microwave f Mikrowelle Mikrowellen
monkey m Affe Affen; monument n Denkmal Denkmäler; moon m Mond Monde; mosque f Moschee Moscheen; mother f Mutter Mütter
motorcycle n Motorrad Motorräder; mountain m Berg Berge; mouse f Maus Mäuse; museum n Museum Museen
mushroom m Pilz Pilze; musical~instrument n Musikinstrument Musikinstrumente; musician m Musiker Musiker
necktie f Krawatte Krawatten; oboe f Oboe Oboen; orange f Orange Orangen; orchid f Orchidee Orchideen
organ f Orgel Orgeln; otter m Otter Otter; oven m Backofen Backöfen; owl f Eule Eulen; painting n Gemälde Gemälde
palace m Palast Paläste; palm~tree f Palme Palmen; panda m Panda Pandas; park m Park Parks
parking~meter f Parkuhr Parkuhren; parrot m Papagei Papageien; pasta Pl Nudeln -; peacock m Pfau Pfauen
penguin m Pinguin Pinguine; pet n Haustier Haustiere; phone n Telefon Telefone; photographer m Fotograf Fotografen
piano n Klavier Klaviere; pier m Steg Stege; pig n Schwein Schweine; pigeon f Taube Tauben; pineapple f Ananas Ananas
pizza f Pizza Pizzen; plant f Pflanze Pflanzen; playground m Spielplatz Spielplätze
police~officer m Polizist Polizisten; pomegranate m Granatapfel Granatäpfel; potato f Kartoffel Kartoffeln
potted~plant f Topfpflanze Topfpflanzen; pretzel f Brezel Brezeln; pumpkin m Kürbis Kürbisse; puppy m Welpe Welpen
rabbit n Kaninchen Kaninchen; racket m Schläger Schläger; rainbow m Regenbogen Regenbogen
refrigerator m Kühlschrank Kühlschränke; remote~control f Fernbedienung Fernbedienungen; reptile n Reptil Reptilien
restaurant n Restaurant Restaurants; rice m Reis -; river m Fluss Flüsse; rock m Felsen Felsen; rocket f Rakete Raketen
roof n Dach Dächer; rose f Rose Rosen; rugby~ball m Rugbyball Rugbybälle; ruin f Ruine Ruinen
sailboat n Segelboot Segelboote; salad m Salat Salate; salamander m Salamander Salamander; sand~dune f Düne Dünen
sandwich n Sandwich Sandwiches; saxophone n Saxofon Saxofone; scissors f Schere -; sculpture f Skulptur Skulpturen
sea n Meer Meere; seafood Pl Meeresfrüchte -; seagull f Möwe Möwen; seal f Robbe Robben; shark m Hai Haie
sheep n Schaf Schafe; shell f Muschel Muscheln; ship n Schiff Schiffe; shoe m Schuh Schuhe; shop n Geschäft Geschäfte
sign n Schild Schilder; sink n Waschbecken Waschbecken; skateboard n Skateboard Skateboards; skis Pl Ski -
skyline f Skyline Skylines; skyscraper m Wolkenkratzer Wolkenkratzer; smartphone n Smartphone Smartphones
smoke m Rauch -; snail f Schnecke Schnecken; snake f Schlange Schlangen; snowboard n Snowboard Snowboards
snowman m Schneemann Schneemänner; soccer~ball m Fußball Fußbälle; sofa n Sofa Sofas; soup f Suppe Suppen
spider f Spinne Spinnen; spider~web n Spinnennetz Spinnennetze; spoon m Löffel Löffel
sports~car m Sportwagen Sportwagen; squirrel n Eichhörnchen Eichhörnchen; stadium n Stadion Stadien
stage f Bühne Bühnen; stairs Pl Treppen -; starfish m Seestern Seesterne; station m Bahnhof Bahnhöfe
statue f Statue Statuen; stop~sign n Stoppschild Stoppschilder; stork m Storch Störche; strawberry f Erdbeere Erdbeeren
street f Straße Straßen; street~sign n Verkehrsschild Verkehrsschilder; suit m Anzug Anzüge; suitcase m Koffer Koffer
sunflower f Sonnenblume Sonnenblumen; sunglasses f Sonnenbrille -; surfboard n Surfbrett Surfbretter; sushi n Sushi -
swan m Schwan Schwäne; swimming~pool n Schwimmbecken Schwimmbecken; table m Tisch Tische; tableware n Geschirr -
taxi n Taxi Taxis; tea m Tee -; teddy~bear m Teddybär Teddybären; teenager m Teenager Teenager
television m Fernseher Fernseher; temple m Tempel Tempel; tennis~ball m Tennisball Tennisbälle; tent n Zelt Zelte
theater n Theater Theater; tiger m Tiger Tiger; toaster m Toaster Toaster; toilet f Toilette Toiletten
tomato f Tomate Tomaten; tool n Werkzeug Werkzeuge; toothbrush f Zahnbürste Zahnbürsten; tower m Turm Türme
toy n Spielzeug Spielzeuge; tractor m Traktor Traktoren; traffic~light f Ampel Ampeln; train m Zug Züge
tram f Straßenbahn Straßenbahnen; tree m Baum Bäume; trombone f Posaune Posaunen; truck m Lastwagen Lastwagen
trumpet f Trompete Trompeten; tulip f Tulpe Tulpen; tunnel m Tunnel Tunnel; turtle f Schildkröte Schildkröten
umbrella m Regenschirm Regenschirme; uniform f Uniform Uniformen; valley n Tal Täler; vase f Vase Vasen
vegetable n Gemüse -; vehicle n Fahrzeug Fahrzeuge; village n Dorf Dörfer; vineyard m Weinberg Weinberge
violin f Geige Geigen; volcano m Vulkan Vulkane; wading~bird m Stelzvogel Stelzvögel; wall f Wand Wände
watch f Armbanduhr Armbanduhren; water n Wasser -; waterfall m Wasserfall Wasserfälle; wave f Welle Wellen
weapon f Waffe Waffen; wedding~cake f Hochzeitstorte Hochzeitstorten; wedding~dress n Brautkleid Brautkleider
wedding~ring m Ehering Eheringe; whale m Wal Wale; wild~boar n Wildschwein Wildschweine
windmill f Windmühle Windmühlen; window n Fenster Fenster; wine m Wein -; wine~glass n Weinglas Weingläser
wolf m Wolf Wölfe; woman f Frau Frauen; xylophone n Xylofon Xylofone; zebra n Zebra Zebras
zucchini f Zucchini Zucchini
"""
_PLURALS = {
    **{word: word for word in ("antelope", "bison", "deer", "fish", "sheep", "zucchini")},
    "bird of prey": "birds of prey",
    "cactus": "cacti",
    "child": "children",
    "computer mouse": "computer mice",
    "goose": "geese",
    "knife": "knives",
    "leaf": "leaves",
    "man": "men",
    "mouse": "mice",
    "potato": "potatoes",
    "tomato": "tomatoes",
    "wolf": "wolves",
    "woman": "women",
}
_SOUNDS_LIKE_YOU = ("uni", "euro", "ukulele")
_UNCOUNTED_ENGLISH = {"vegetable": "vegetables"}
_ARTICLES = {"m": "ein", "f": "eine", "n": "ein"}


@dataclass(frozen=True, slots=True)
class Noun:
    """One word of one language as a caption needs it."""

    one: str  # "a dog", "eine Katze", "food"
    many: str  # "dogs"; "" for what is not counted


def terms() -> tuple[str, ...]:
    """Every term of the table."""
    return tuple(_GERMAN)


def known(term: str) -> bool:
    """Has the table this term?"""
    return term in _GERMAN


def noun(term: str, label: str, language: str) -> Noun:
    """The forms of a term; of one that the table does not know the bare label alone."""
    entry = _GERMAN.get(term)
    if entry is None:
        return Noun(label, "")
    return entry if language == "de" else _english(term, counted=bool(entry.many))


def _english(term: str, counted: bool) -> Noun:
    if not counted:
        word = _UNCOUNTED_ENGLISH.get(term, term)
        return Noun(word, "")
    vowel = term.startswith(tuple("aeiou")) and not term.startswith(_SOUNDS_LIKE_YOU)
    return Noun(f"{'an' if vowel else 'a'} {term}", _PLURALS.get(term) or _plural(term))


def _plural(word: str) -> str:
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "ch", "sh")) else f"{word}s"


def _read(table: str) -> dict[str, Noun]:
    found = {}
    for entry in table.replace("\n", ";").split(";"):
        if entry.strip():
            term, gender, word, many = (part.replace("~", " ") for part in entry.split())
            one = word if many == "-" else f"{_ARTICLES[gender]} {word}"
            found[term] = Noun(one, "" if many == "-" else many)
    return found


_GERMAN = _read(_TABLE)
