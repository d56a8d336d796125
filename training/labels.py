"""Labels in a plot that overlap neither each other nor what is drawn there, and stay inside."""

import textwrap

import numpy as np

LONGEST = 60  # characters of a label; its middle gives way
WIDEST = 20  # characters of each of its lines
SIZE = 8  # points, as all lengths here
GAP = 2  # around a label, at the least
BESIDE = (3, 7)  # distances of a label from its point's marker
FARTHER = range(12, 150, 6)  # those at which a line leads to it
MOST_FAILED = 20  # of so many more some find no room anyway
ATTEMPTS = 6  # those that found no room are the first to choose in the next one
# The directions to try: right, above, left and below before those between.
ANGLES = np.radians(sorted(range(0, 360, 15), key=lambda angle: (angle % 90 > 0, angle % 45 > 0)))


def shortened(text, longest=LONGEST):
    """A text of at most so many characters, with an ellipsis in its middle where it was longer."""
    if len(text) <= longest:
        return text
    end = (longest - 1) // 2
    return f"{text[: longest - 1 - end]}…{text[len(text) - end :]}"


def place(axes, labels, radius):
    """Writes labels into axes, each beside one of its points, or farther off with a line to it.

    Args:
        axes: the Matplotlib axes, in a figure whose layout no longer changes.
        labels: dict of text to a list of the points (x, y) that it stands for.
        radius: of the markers of the points, in points.

    Returns:
        The texts that found no room: list of `str`.
    """
    sizes = {text: _size(axes, _lines(text)) for text in labels}
    best, first = None, []
    for _ in range(ATTEMPTS):
        plot = _Plot(axes, labels, sizes, radius)
        failed = plot.add_all(first)
        failed += plot.add_all([text for text in labels if text not in first])
        if best is None or len(plot.placed) > len(best.placed):
            best = plot
        if not failed or len(failed) > MOST_FAILED:
            break
        first = failed + [text for text in first if text not in failed]
    for text, arguments in best.placed.items():
        _write(axes, text, *arguments)
    return [text for text in labels if text not in best.placed]


class _Plot:
    """Axes, and what is taken in them: boxes (left, bottom, right, top) in points.

    Attributes:
        placed: dict of text to the further arguments of `_write`.
    """

    def __init__(self, axes, labels, sizes, radius):
        unit = axes.figure.dpi / 72
        self.labels, self.radius, self.placed = labels, radius, {}
        self.inside = axes.get_window_extent().extents / unit
        self.points = {text: axes.transData.transform(xy) / unit for text, xy in labels.items()}
        self.halves = {text: size / unit / 2 for text, size in sizes.items()}
        self.every = np.concatenate([np.empty((0, 2)), *self.points.values()])
        self.owners = [text for text, points in self.points.items() for _ in points]
        self.taken = _boxes(self.every, radius)

    def add_all(self, texts):
        """Places labels, all of them near before any far: those that found no room."""
        for distance in (*BESIDE, *FARTHER):
            texts = [text for text in texts if not self.add(text, distance)]
        return texts

    def add(self, text, distance):
        """Places a label, where there is room in a distance from a point: whether there is."""
        half, directions = self.halves[text], np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
        # One to the right of its point begins there, one to the left ends there.
        ends = np.sign(directions.round(6)) * half
        offsets, led = directions * (self.radius + distance) + ends, distance in FARTHER
        for point, place in zip(self.points[text], self.labels[text], strict=True):
            boxes = _boxes(point + offsets, half + GAP)
            for i in np.flatnonzero(self._are_free(boxes)):
                line = self._line(point, point + offsets[i], half)
                if self._are_free(line).all() if led else self._is_own(text, boxes[i]):
                    self.taken = np.concatenate([self.taken, boxes[i : i + 1], line])
                    self.placed[text] = place, offsets[i], half, led
                    return True
        return False

    def _are_free(self, boxes):
        """Which of some boxes are within the axes, with nothing in them."""
        inside = (boxes[:, :2] >= self.inside[:2]) & (boxes[:, 2:] <= self.inside[2:])
        begin = boxes[:, None, :2] < self.taken[:, 2:]
        end = boxes[:, None, 2:] > self.taken[:, :2]
        return inside.all(axis=1) & ~(begin & end).all(axis=2).any(axis=1)

    def _is_own(self, text, box):
        """Whether no other label's point is about as near to a box as the nearest of its own."""
        far = np.linalg.norm(np.clip(self.every, box[:2], box[2:]) - self.every, axis=1)
        own = np.array([owner == text for owner in self.owners])
        return far[own].min() + 2 * GAP < far[~own].min(initial=np.inf)

    def _line(self, point, centre, half):
        """Small boxes along the line from a point's marker to the nearest end of a label."""
        end = np.clip(point, centre - half, centre + half)
        length = np.linalg.norm(end - point)
        along = np.arange(1.5 * self.radius + 1, length - GAP - 0.5)[:, None]
        return _boxes(point + (end - point) / length * along, 0.5)


def _boxes(centres, half):
    return np.hstack([np.atleast_2d(centres - half), np.atleast_2d(centres + half)])


def _lines(text):
    return textwrap.fill(shortened(text), WIDEST, break_on_hyphens=False)


def _size(axes, text):
    """Width and height of a text, in pixels."""
    written = axes.text(0, 0, text, fontsize=SIZE, linespacing=1, parse_math=False)
    box = written.get_window_extent()
    written.remove()
    return np.array([box.width, box.height])


def _write(axes, text, point, offset, half, led):
    nearest = np.clip(0, offset - half, offset + half)  # of the label's edge to the point
    line = {"arrowstyle": "-", "color": "0.5", "linewidth": 0.7, "shrinkA": 0, "shrinkB": 3}
    line["relpos"] = tuple((nearest - offset + half) / np.maximum(2 * half, 1e-9))
    axes.annotate(
        _lines(text),
        point,
        offset,
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=SIZE,
        linespacing=1,
        parse_math=False,
        arrowprops=line if led else None,
    )
