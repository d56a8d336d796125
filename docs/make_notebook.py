"""Makes lesson.ipynb from lesson.md, the one source of both.

What the page hides in comments is the notebook's: `<!-- notebook: code` and `<!-- notebook: text`,
each up to a line `-->`. Commands, and what stands between `<!-- page -->` and `<!-- /page -->`, are
the page's alone. A comment right behind a figure says which entry of results.json it is:
`0.80<!-- train_rnn.py titles -->`, `14 seconds<!-- seconds of train_rnn.py titles -->`; no hyphens
before the flags of a command, since GitHub allows no two in such a comment.
"""

import argparse
import base64
import json
import re
import statistics
import sys
from pathlib import Path

DOCS = Path(__file__).parent
PIECE = re.compile(
    r"^```sh\n.*?^```\n"
    r"|^<!-- page -->\n.*?^<!-- /page -->\n"
    r"|^<!-- notebook: (?P<kind>code|text)\n(?P<body>.*?)^-->\n",
    flags=re.M | re.S,
)
MARK = re.compile(r"(?P<figure>\d+(?:\.\d+)?)(?P<unit>[ a-z]*)<!-- (?P<source>[^\n]*?) -->")
ONE_RUN = "one run"  # the source of a figure that results.json does not have
SECONDS = "seconds of "
PICTURE = re.compile(r"\]\(diagrams/(?P<name>[^)]+\.svg)\)")
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def stored(results):
    """What a figure may be marked with: dict of source to number.

    Args:
        results: the contents of results.json.
    """
    figures = {}
    for entry in [*results["baselines"], *results["switches"], *results["recipes"]]:
        source = entry.get("command", entry.get("name")).replace("--", "")
        figures[source] = statistics.mean(entry["accuracies"])
        if "seconds" in entry:
            figures[SECONDS + source] = statistics.median(entry["seconds"])
    return figures


def with_figures(page, results):
    """The page with its marked figures as they are stored, in as many digits as it has.

    Args:
        page: the text of lesson.md.
        results: as of `stored`.
    """
    figures = stored(results)

    def current(mark):
        if mark["source"] == ONE_RUN:
            return mark[0]
        digits = len(mark["figure"].partition(".")[2])
        start = mark.end("figure") - mark.start()
        return f"{figures[mark['source']]:.{digits}f}{mark[0][start:]}"

    return MARK.sub(current, page)


def notebook(page):
    """The notebook of a page, as a dict in Jupyter's format.

    Args:
        page: as of `with_figures`.
    """
    cells, end = [], 0
    for piece in PIECE.finditer(page):
        cells.append(_text(page[end : piece.start()]))
        if piece["kind"]:
            cells.append({"code": _code, "text": _text}[piece["kind"]](piece["body"]))
        end = piece.end()
    cells.append(_text(page[end:]))
    cells = [cell for cell in cells if cell["source"]]
    for number, cell in enumerate(cells, start=1):
        cell["id"] = f"cell-{number}"
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def as_file(page):
    """The contents of lesson.ipynb: `str`."""
    return json.dumps(notebook(page), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _code(body):
    source = _lines(body)
    return _cell("code", source) | {"execution_count": None, "outputs": []}


def _text(markdown):
    """A cell that has its diagrams within, and says which figures are AG News's."""
    pictures = {picture["name"]: _svg(picture["name"]) for picture in PICTURE.finditer(markdown)}
    markdown = PICTURE.sub(r"](attachment:\g<name>)", markdown)
    cell = _cell("markdown", _lines(MARK.sub(_as_of_ag_news, markdown)))
    return cell | ({"attachments": pictures} if pictures else {})


def _as_of_ag_news(mark):
    note = "" if mark["source"].startswith(SECONDS) else " (AG News)"
    return f"{mark['figure']}{mark['unit']}{note}"


def _cell(kind, source):
    return {"cell_type": kind, "metadata": {}, "source": source}


def _lines(text):
    return text.strip("\n").splitlines(keepends=True)


def _svg(name):
    picture = (DOCS / "diagrams" / name).read_bytes()
    return {"image/svg+xml": base64.b64encode(picture).decode("ascii")}


def main(arguments=None):
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument(
        "--figures", action="store_true", help="bring the page's figures up to date first"
    )
    options = parser.parse_args(arguments)
    file = DOCS / "lesson.md"
    page = file.read_text(encoding="utf-8")
    if options.figures:
        results = json.loads((DOCS / "results.json").read_text(encoding="utf-8"))
        page = with_figures(page, results)
        file.write_text(page, encoding="utf-8")
    (DOCS / "lesson.ipynb").write_text(as_file(page), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
