"""The comments on a dataclass's fields, and the headings over them, for --help."""

import inspect
import re
import tokenize
from dataclasses import dataclass

HEADING = re.compile(r"#\s*--\s*(.+?)\s*--\s*$")


@dataclass(frozen=True)
class Comment:
    """What the source says of a field.

    Attributes:
        text: the comment above the field and the one behind it, as one line.
        heading: that of the last comment `# -- heading --` above it in its class, or None.
        owner: the class that has the field in its own body.
    """

    text: str
    heading: str | None
    owner: type


def of_fields(kind):
    """The comments of a dataclass's fields, those of its bases included: dict of name to `Comment`.

    A field that a class has written anew is that class's. Without source the texts are empty.
    """
    found = {}
    for owner in reversed(kind.__mro__):
        own = vars(owner).get("__annotations__", {})
        told = _of_class(owner) if own else {}
        for name in own:
            text, heading = told.get(name, ("", None))
            if not text and name in found:  # written anew without a comment
                text = found[name].text
            found[name] = Comment(text, heading, owner)
    return found


def _of_class(owner):
    """(comment, heading) of each name annotated in the body of a class, by name."""
    try:
        lines, _ = inspect.getsourcelines(owner)
        body = list(tokenize.generate_tokens(iter(lines).__next__))
    except (OSError, TypeError, SyntaxError, tokenize.TokenError):  # a class typed in, for one
        return {}
    found, heading, above = {}, None, []
    depth, name, fresh = 0, None, True  # fresh: at the beginning of a statement
    for token in body:
        depth += (token.type == tokenize.INDENT) - (token.type == tokenize.DEDENT)
        if token.type == tokenize.COMMENT:
            if fresh and (title := HEADING.match(token.string)):
                heading, above = title[1], []
            elif fresh:
                above.append(token.string.lstrip("# "))
            elif name is not None:
                found[name][0].append(token.string.lstrip("# "))
        elif token.type == tokenize.NEWLINE:
            name, fresh = None, True
        elif token.type == tokenize.NL:
            if token.line.isspace():  # a comment with an empty line below it is none of a field
                above = []
        elif fresh and token.type not in (tokenize.INDENT, tokenize.DEDENT):
            fresh = False
            if depth == 1 and token.type == tokenize.NAME:
                name = token.string
                found.setdefault(name, ([*above], heading))
            above = []
    return {name: (" ".join(texts), title) for name, (texts, title) in found.items()}
