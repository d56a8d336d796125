"""What words/*.txt says, and how English is written: what the sample's stories are made of."""

import re

LINE = re.compile(r"(title|lead|more)(?:\.(\w))?(?:@(\w+))?: (.*)$")
SMALL_WORDS = set("a an and as at by for from in of off on or over the to with".split())


class Pattern:
    """What words/*.txt says about one kind of story."""

    def __init__(self, desks, men_only):
        self.desks = desks
        self.men_only = men_only
        self.lines = {"title": [], "lead": [], "more": []}  # of (group, desk, text)

    def groups(self):
        """The story's variants, as often as it has headlines for them."""
        return [group for group, _, _ in self.lines["title"] if group] or [""]

    def pick(self, part, group, desk):
        """The lines of a part that fit the variant; desk None asks for those of any desk."""
        return [
            text
            for its_group, its_desk, text in self.lines[part]
            if its_group in ("", group) and its_desk == (desk or "")
        ]


def read_material(folder):
    """Read every words file into lists, field names, story patterns and briefs."""
    lists, fields, patterns, briefs = {}, {}, [], {}
    for path in sorted(folder.glob("*.txt")):
        add = None
        for line in path.read_text(encoding="utf-8").splitlines():
            if not line or line.startswith("#"):
                continue
            if line.startswith("= list "):
                name, _, its_fields = line[len("= list ") :].partition(" : ")
                fields[name] = its_fields.split(" / ")
                add = lists.setdefault(name, [])
            elif line.startswith("= story "):
                desks, _, *flags = line[len("= story ") :].split()
                patterns.append(Pattern(desks.split("+"), "men" in flags))
                add = patterns[-1].lines
            elif line.startswith("= brief "):
                add = briefs.setdefault(line[len("= brief ") :], [])
            elif isinstance(add, dict):
                part, group, desk, text = LINE.match(line).groups()
                add[part].append((group or "", desk or "", text))
            elif add is not None:
                add.extend(item.strip() for item in line.split(";"))
    return lists, fields, patterns, briefs


def words_of(text):
    """The words of a text as a reader hears them: lower case, without punctuation."""
    return re.findall(r"[a-z0-9]+", text.lower().replace("'", ""))


def capitalised(text):
    """Make the first letter a capital, past an opening quotation mark or a dollar sign."""
    return re.sub(r"^(\W*)([a-z])", lambda found: found[1] + found[2].upper(), text)


def headline_case(title):
    """Capitalise every word but the small ones, as many papers do."""
    words = title.split(" ")
    return " ".join(word if word in SMALL_WORDS else capitalised(word) for word in words)


def with_right_articles(text):
    """Turn "a earlier" into "an earlier"; patterns are written with "a" throughout."""
    sounds_open = r"(?=[aeio]|u(?!ni|se|ti|ran)|hour|honest|heir|\$?(?:8|11\b|18\b)|X-)"
    text = re.sub(rf"\b([Aa]) {sounds_open}(?!one-|once|euro)", r"\1n ", text)
    return re.sub(r"\b([Aa]) (?=[AEIO]|U(?!ni))", r"\1n ", text)
