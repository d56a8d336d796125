"""Writes invented German reviews into a spreadsheet's CSV file: semicolons, umlauts, a rare class.

python tests/make_reviews.py reviews.csv
"""

import csv
import random
import sys

COUNTS = {"positiv": 205, "neutral": 70, "negativ": 25}
PRODUCTS = (
    "Kaffeemühle Wasserkocher Rucksack Stirnlampe Kopfhörer Schreibtischstuhl Bohrmaschine Toaster "
    "Regenjacke Fahrradschloss Bürste Küchenwaage Zelt Luftpumpe Mütze Pfanne Wanduhr Tastatur"
).split()
ASPECTS = (
    "Verarbeitung Lieferung Verpackung Größe Farbe Bedienung Anleitung Qualität Haltbarkeit "
    "Beratung Ausstattung Passform Lautstärke Reinigung"
).split()
ADJECTIVES = {
    "positiv": "hervorragend tadellos großartig schön vorbildlich erfreulich sauber praktisch "
    "überzeugend prima angenehm klasse",
    "neutral": "durchschnittlich mittelmäßig üblich brauchbar gewöhnlich annehmbar ausreichend "
    "unauffällig einfach solide",
    "negativ": "mangelhaft schlecht enttäuschend miserabel ärgerlich dürftig unbrauchbar billig "
    "schlampig mühsam",
}
SENTENCES = {
    "positiv": (
        "Ich würde {p} jederzeit wieder kaufen.",
        "Klare Empfehlung!",
        "Meine Tochter ist begeistert.",
        "Übertrifft meine Erwartungen.",
        "Läuft seit Monaten ohne Probleme.",
        "Für den Preis ein echtes Schnäppchen.",
        "Genau das, was ich gesucht habe.",
        "Besser als mein altes Gerät.",
        "Hält, was der Hersteller verspricht.",
        "Sehr zufrieden, volle Punktzahl.",
    ),
    "neutral": (
        "Erfüllt seinen Zweck, mehr aber nicht.",
        "Es gibt bessere, aber auch schlechtere.",
        "Für gelegentlichen Gebrauch reicht es.",
        "Teils gut, teils weniger gut.",
        "Weder begeistert noch enttäuscht.",
        "Man bekommt, was man bezahlt.",
        "Drei Sterne, weil einiges fehlt.",
        "Geht so, ich behalte {p} trotzdem.",
    ),
    "negativ": (
        "Nach zwei Wochen war alles kaputt.",
        "Ich habe {p} zurückgeschickt.",
        "Leider rausgeworfenes Geld.",
        "Nie wieder bei diesem Händler!",
        "Der Kundendienst antwortet nicht.",
        "Riecht stark nach Plastik und bricht sofort.",
        "Finger weg!",
        "Kam beschädigt an; der Umtausch dauert ewig.",
    ),
}
FILLERS = (
    "Ich habe {p} vor drei Wochen bestellt.",
    "Gekauft als Geschenk für meinen Bruder.",
    "Die Lieferung kam am Dienstag.",
    "Wir benutzen {p} jeden Tag.",
    "Die Farbe ist wie auf dem Bild.",
    "Vorher hatte ich ein anderes Modell; das war zehn Jahre alt.",
    "Das Paket lag beim Nachbarn.",
    "Ausprobiert habe ich es im Urlaub.",
)
OTHERS = {"positiv": "neutral", "neutral": "positiv negativ", "negativ": "neutral positiv"}


def review(sentiment, rng):
    """Returns (product, text) of a review: a few sentences, one of which may be of another mind."""
    product = rng.choice(PRODUCTS)
    sentences = rng.sample(FILLERS, rng.randint(0, 2))
    for _ in range(rng.randint(1, 3)):
        mind = sentiment
        if sentences and rng.random() < 0.2:
            mind = rng.choice(OTHERS[sentiment].split())
        if rng.random() < 0.6:
            adjective = rng.choice(ADJECTIVES[mind].split())
            degree = rng.choice(("", "wirklich ", "ziemlich ", "insgesamt "))
            sentences.append(f"{rng.choice(ASPECTS)}: {degree}{adjective}.")
        else:
            sentences.append(rng.choice(SENTENCES[mind]))
    rng.shuffle(sentences)
    return product, " ".join(sentences).format(p=f"das Produkt ({product})")


def main(path):
    """Writes the reviews."""
    rng = random.Random(1)
    sentiments = [name for name, count in COUNTS.items() for _ in range(count)]
    rng.shuffle(sentiments)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["id", "produkt", "rezension", "sentiment"])
        for number, sentiment in enumerate(sentiments, start=1):
            product, text = review(sentiment, rng)
            writer.writerow([number, product, text, sentiment])


if __name__ == "__main__":
    main(*sys.argv[1:])
