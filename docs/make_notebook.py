"""Makes lesson.ipynb from lesson.md, and updates numbers in the pages from results.json.

Comments in lesson.md contain the cells that only the notebook has: `<!-- notebook: code` or
`<!-- notebook: text`, up to a line `-->`. Shell commands, and text between `<!-- page -->` and
`<!-- /page -->`, are left out of the notebook. The comment after a number names its entry in
results.json: `0.80<!-- train_rnn.py titles -->`, `9 seconds<!-- seconds of train_rnn.py best -->`.
It omits the hyphens before flags, because GitHub shows a comment that contains `--`.

    python docs/make_notebook.py
"""

import json
import re
import statistics
from pathlib import Path

import nbformat
from nbformat import v4

DOCS = Path(__file__).parent
PIECE = re.compile(
    r"^```sh\n.*?^```\n"
    r"|^<!-- page -->\n.*?^<!-- /page -->\n"
    r"|^<!-- notebook: (code|text)\n(.*?)^-->\n",
    flags=re.M | re.S,
)
MARK = re.compile(r"(?P<figure>\d+(?:\.\d+)?)(?P<unit>[ a-z]*)<!-- (?P<source>[^\n]*?) -->")
ONE_RUN = "one run"  # the source of a number that is not in results.json
SECONDS = "seconds of "


def stored(results):
    """Returns a dict from source comment to number.

    Args:
        results: the contents of results.json.
    """
    figures = {}
    for entry in [*results["baselines"], *results["switches"], *results["recipes"]]:
        source = entry.get("name", entry.get("command")).replace("--", "")
        figures[source] = statistics.mean(entry["accuracies"])
        if entry.get("seconds"):
            figures[SECONDS + source] = statistics.median(entry["seconds"])
    few = results["few_rows"]
    for name, accuracies in few["accuracies"].items():
        for rows, seeds in zip(few["rows"], accuracies, strict=True):
            figures[f"{name} {rows}"] = statistics.mean(seeds)
    return figures


def with_figures(page, results):
    """Returns the page with each marked number replaced by the stored one, in as many digits.

    Args:
        page: the text of a page.
        results: the contents of results.json.
    """
    figures = stored(results)

    def update(mark):
        if mark["source"] == ONE_RUN:
            return mark[0]
        digits = len(mark["figure"].partition(".")[2])
        start = mark.end("figure") - mark.start()
        return f"{figures[mark['source']]:.{digits}f}{mark[0][start:]}"

    return MARK.sub(update, page)


def notebook(page):
    """Returns the contents of lesson.ipynb.

    Args:
        page: the text of lesson.md.
    """
    text, *pieces = PIECE.split(page)  # text, then (kind, content, text) of each piece
    cells = [_text_cell(text)]
    for kind, content, text in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True):
        if kind == "code":
            cells.append(v4.new_code_cell(content.strip("\n")))
        elif kind == "text":
            cells.append(_text_cell(content))
        cells.append(_text_cell(text))
    cells = [cell for cell in cells if cell.source]
    for number, cell in enumerate(cells, start=1):
        cell.id = f"cell-{number}"  # nbformat's own are random
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return nbformat.writes(v4.new_notebook(cells=cells, metadata=metadata)) + "\n"


def _text_cell(markdown):
    """A Markdown cell with its accuracies marked as AG News's."""
    return v4.new_markdown_cell(MARK.sub(_without_comment, markdown).strip("\n"))


def _without_comment(mark):
    note = "" if mark["source"].startswith(SECONDS) else " (AG News)"
    return f"{mark['figure']}{mark['unit']}{note}"


def main():
    """Updates README.md, results.md and lesson.md, and writes lesson.ipynb."""
    results = json.loads((DOCS / "results.json").read_text(encoding="utf-8"))
    for file in (DOCS.parent / "README.md", DOCS / "results.md", DOCS / "lesson.md"):
        page = with_figures(file.read_text(encoding="utf-8"), results)
        file.write_text(page, encoding="utf-8")
    (DOCS / "lesson.ipynb").write_text(notebook(page), encoding="utf-8")


if __name__ == "__main__":
    main()
