"""Write the sample corpus: train.csv and test.csv in the form of AG News.

The stories are made from the word material in ``words/``: headline, lead and follow-up patterns
for each desk, and the lists of phrases that fill them.  One seed gives one corpus, byte for byte.
No five consecutive words of a training row occur in any test row: test sentences that would
repeat the training text are thrown away and written anew, so a test score measures what a model
learned about the desks and not which sentences it has seen.

Usage: python sample/generate.py
"""

import csv
import random
import re
from pathlib import Path

from material import capitalised, headline_case, read_material, with_right_articles, words_of

HERE = Path(__file__).resolve().parent
SEED = 11
TRAIN_ROWS = 2400
TEST_ROWS = 600
DESKS = ("world", "sports", "business", "scitech")  # labels 1 to 4, in this order

CROSSOVER_SHARE = 0.42  # stories that could sit on either of two desks
OTHER_SIDE_SHARE = 0.45  # of those, the ones that give the other desk's side a sentence
BRIEF_SHARE = 0.015  # a few rows of six or seven words
LONG_SHARE = 0.04  # a few rows of seventy words and more
NO_OVERLAP = 5  # this many consecutive words must not be shared by train and test
POOLS = {"town": 180, "surname": 400, "brand": 160, "team": 150}

CHOICE = re.compile(r"\[([^\[\]]*)\]")
SLOT = re.compile(r"\{([^{}]*)\}")
RANGE = re.compile(r"(?:(\w+):)?(\d+)-(\d+)(?:/(\d+))?$")
NAME = re.compile(r"([A-Za-z_]+)(\d*)(?:\.(\w+))?$")


class Deck:
    """A list dealt like a pack of cards: no item returns before all the others had their turn."""

    def __init__(self, items, rng):
        self.items, self.rng, self.left = list(items), rng, []

    def draw(self):
        """Take the next item, from the shuffled list again when none is left."""
        if not self.left:
            self.left = self.items[:]
            self.rng.shuffle(self.left)
        return self.left.pop()


def word_runs(text):
    """Every run of NO_OVERLAP consecutive words of a text."""
    words = words_of(text)
    return {tuple(words[i : i + NO_OVERLAP]) for i in range(len(words) - NO_OVERLAP + 1)}


class Newsroom:
    """All the material of a corpus, dealt by one random generator."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.lists, self.fields, patterns, self.briefs = read_material(HERE / "words")
        self.decks = {name: Deck(items, self.rng) for name, items in self.lists.items()}
        self.invent_names()
        self.plain, self.crossing = {}, {}
        for desk in DESKS:
            mine = [pattern for pattern in patterns if desk in pattern.desks]
            self.plain[desk] = Deck([p for p in mine if len(p.desks) == 1], self.rng)
            self.crossing[desk] = Deck([p for p in mine if len(p.desks) > 1], self.rng)

    def invent_names(self):
        """Make the towns, surnames, companies and teams that the stories of all desks share."""

        def coined(kind, count):
            """Join heads and tails at random until there are enough different stems."""
            stems = {}  # a dict keeps the order, which a set would not
            while len(stems) < count:
                head, tail = self.deal(kind + "_head"), self.deal(kind + "_tail")
                # No "Varruv": a doubled letter at the seam or four consonants read badly.
                seam = (head[-2:] + tail[:2]).lower()
                if head[-1].lower() != tail[0] and re.search("[aeiouy]", seam):
                    stems[head + tail] = True
            return list(stems)

        def formed(kind, stem):
            return self.deal(kind + "_form").replace("{" + kind + "_stem}", stem)

        def add(name, items, fields=("",)):
            self.fields[name] = list(fields)
            self.decks[name] = Deck(items, self.rng)

        add("surname", coined("surname", POOLS["surname"]))
        towns = [formed("town", stem) for stem in coined("town", POOLS["town"])]
        add("town", towns)
        brands = [formed("brand", stem) for stem in coined("brand", POOLS["brand"])]
        firms = []
        for number, brand in enumerate(brands):
            trade = self.deal("tech_trade" if number % 5 < 3 else "plain_trade")
            firms.append(f"{brand} / {trade}")
        trade_fields = ("name", "kind", "goods", "clients")
        add("firm", firms, trade_fields)
        add("plain", [firm for number, firm in enumerate(firms) if number % 5 >= 3], trade_fields)
        add("tech", [firm for number, firm in enumerate(firms) if number % 5 < 3], trade_fields)
        teams = []
        for _ in range(POOLS["team"]):
            town, nickname = self.deal("town"), self.deal("nickname")
            teams.append(f"{nickname} / {town} {nickname} / {town}")
        add("team", teams, ("name", "full", "town"))

    def deal(self, name):
        """Take the next item of a list, as it is written there."""
        return self.decks[name].draw()

    def record(self, name, story):
        """A new item of a list as a dict of its fields, unlike those the story has."""
        if name == "person":
            sex = "man" if story["men_only"] or self.rng.random() < 0.5 else "woman"
            last = self.record("surname", story)[""]
            return {"": f"{self.deal(sex)} {last}", "last": last}
        used = story["used"].setdefault(name, [])
        for _ in range(8):
            item = self.deal(name)
            if item not in used:
                break
        used.append(item)
        values = item.split(" / ") if len(self.fields[name]) > 1 else [item]
        return {"": values[0]} | dict(zip(self.fields[name], values, strict=True))

    def fill(self, text, story):
        """Expand the choices and slots of a pattern; numbered slots keep their filling.

        The last of three or more alternatives is kept back for test rows, which would otherwise
        find every wording of a short pattern taken.
        """
        while found := CHOICE.search(text):
            options = found[1].split("|")
            if story["keep_back"] and len(options) > 2:
                options.pop()
            option = self.rng.choice(options)
            text = text[: found.start()] + option + text[found.end() :]
        while found := SLOT.search(text):
            filling = self.slot(found[1], story)
            text = text[: found.start()] + filling + text[found.end() :]
        return text

    def slot(self, slot, story):
        """One slot: a number range such as n1:4-60/2, or a list such as town1 or team2.full."""
        if bounds := RANGE.match(slot):
            key, low, high, step = bounds.groups()
            value = self.rng.randrange(int(low), int(high) + 1, int(step or 1))
            return story["kept"].setdefault(key, f"{value:,}") if key else f"{value:,}"
        name, number, field = NAME.match(slot).groups()
        kept = story["kept"]
        record = kept.get(name + number) if number else None
        if record is None:
            record = self.record(name, story)
            record = {key: self.fill(value, story) for key, value in record.items()}
            if number:
                kept[name + number] = record
        return record[field or ""]

    def sentence(self, patterns, story, forbidden):
        """Fill one of the patterns; None when every attempt repeats a forbidden run of words."""
        for _ in range(60 if patterns else 0):
            attempt = dict(
                story,
                kept=dict(story["kept"]),
                used={name: items[:] for name, items in story["used"].items()},
            )
            pattern = self.rng.choice(patterns)
            text = with_right_articles(self.fill(pattern, attempt))
            if not word_runs(text) & forbidden:
                story.update(attempt)
                story["told"].add(pattern)
                return capitalised(text)
        return None

    def dateline(self, story):
        """Most agencies open with the place, some with their name only, many with neither."""
        kind, agency = self.rng.random(), self.deal("agency")
        if kind < 0.62:
            return ""
        if kind < 0.70:
            return f"{agency} - "
        country = story["kept"].get("country1")
        if country and self.rng.random() < 0.6:
            return f"{country['capital'].upper()}, {country['']} ({agency}) - "
        return f"{self.slot('town1', story).upper()} ({agency}) - "

    def brief(self, desk, story, forbidden):
        """A row of six or seven words."""
        text = self.sentence(self.briefs[desk], story, forbidden)
        title, _, description = text.partition(" / ") if text else ("", "", "")
        return title, capitalised(description)

    def row(self, desk, forbidden):
        """Write one story for a desk and return its title and description."""
        # What the story has said so far: the fillings it must keep to, items and patterns used.
        story = {
            "kept": {},
            "used": {},
            "told": set(),
            "men_only": False,
            "keep_back": not forbidden,
        }
        if self.rng.random() < BRIEF_SHARE:
            return self.brief(desk, story, forbidden)
        crossing = self.rng.random() < CROSSOVER_SHARE
        pattern = (self.crossing if crossing else self.plain)[desk].draw()
        story["men_only"] = pattern.men_only
        group = self.rng.choice(pattern.groups())

        def write(part, own_desk):
            fitting = pattern.pick(part, group, own_desk)
            patterns = [text for text in fitting if text not in story["told"]]
            return self.sentence(patterns, story, forbidden) or ""

        # Half the titles of crossing stories do not tell the desk; the text nearly always does.
        own = desk if crossing else None
        title = write("title", own if self.rng.random() < 0.5 else None)
        if not crossing:
            sentences = [write("lead" if self.rng.random() < 0.82 else "more", None)]
        elif self.rng.random() < 0.5:
            sentences = [write("more", desk)]
        else:
            lead = write("lead", desk) if self.rng.random() < 0.4 else ""
            sentences = [lead] if lead else [write("lead", None), write("more", desk)]
        if not title or not all(sentences):
            return "", ""
        if len(title.split()) < 6 and self.rng.random() < 0.5:
            title += f" {self.fill(self.deal('tail'), story)}"
        length = self.rng.triangular(8, 38, 12)
        if self.rng.random() < LONG_SHARE:
            length = 70
        while len(words_of(" ".join(sentences))) < length:
            further = write("more", own)
            if not further:
                break
            sentences.append(further)
        if crossing and self.rng.random() < OTHER_SIDE_SHARE:
            # The other desk's side of the story comes anywhere, but less often as the last word.
            other = self.rng.choice([its for its in pattern.desks if its != desk])
            place = self.rng.randrange(len(sentences) + (self.rng.random() < 0.25))
            sentences.insert(place, write("more", other))
        if self.rng.random() < 0.45:
            title = headline_case(title)
        if self.rng.random() < 0.06:
            title += f" ({self.deal('agency')})"
        return title, self.dateline(story) + " ".join(filter(None, sentences))

    def rows(self, count, forbidden=frozenset()):
        """Write count rows (label, title, description), as many for each desk, in mixed order."""
        rows = []
        for number in range(count):
            label = number % len(DESKS) + 1
            title = description = ""
            while not title or not description or word_runs(f"{title} {description}") & forbidden:
                title, description = self.row(DESKS[label - 1], forbidden)
            rows.append((label, title, description))
        self.rng.shuffle(rows)
        return rows


def write_csv(path, rows):
    """Write rows as AG News does: no header, every field quoted, quotation marks doubled."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)


def main():
    """Write both files next to this script."""
    newsroom = Newsroom(SEED)
    train = newsroom.rows(TRAIN_ROWS)
    seen = set()
    for _, title, description in train:
        seen |= word_runs(f"{title} {description}")
    test = newsroom.rows(TEST_ROWS, forbidden=seen)
    write_csv(HERE / "train.csv", train)
    write_csv(HERE / "test.csv", test)
    print(f"{len(train)} training rows and {len(test)} test rows written to {HERE}")


if __name__ == "__main__":
    main()
