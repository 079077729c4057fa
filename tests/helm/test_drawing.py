"""The drawing of the dashboard says what Prometheus has answered, in the units and words of the dashboard."""

import re

import pytest

from tests.helm.drawing import Answers, draw
from tests.helm.panels import PANELS
from tests.helm.plotting import Curve, plot, shown

KEYS = [(panel.title, target.ref) for panel in PANELS for target in panel.targets]


def page(**given):
    """The page where only these panels, by title and letter in words, have an answer."""
    answers = dict.fromkeys(KEYS, ()) | {tuple(key.split("/")): value for key, value in given.items()}
    return draw(Answers(0, 600, answers))


def now(value, **labels):
    return {"metric": labels, "value": [600, str(value)]}


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0, "short", "0"),
        (1206, "short", "1,206"),
        (0.42, "percentunit", "42 %"),
        (0.25, "s", "250 ms"),
        (90, "s", "1.5 min"),
        (691200, "s", "8 days"),
        (5 * 2**20, "bytes", "5 MiB"),
    ],
)
def test_numbers_are_told_as_people_read_them(value, unit, said):
    assert shown(value, unit) == said


def test_where_nothing_was_answered_each_panel_says_so():
    drawn = page()
    for panel in PANELS:
        assert f"<h2>{panel.title}</h2>" in drawn
    assert "No alert fires." in drawn
    assert "No run is under way." in drawn
    assert "No data" in drawn


def test_a_number_has_the_word_and_the_colour_of_its_value():
    assert "background:#2e9f4d;color:#fff'><b>up</b>" in page(**{"Ledger/A": [now(1)]})
    assert "background:#d6303f;color:#fff'><b>down</b>" in page(**{"Ledger/A": [now(0)]})


def test_what_is_said_of_a_source_stands_in_its_line():
    given = {
        "Sources/A": [now(90, source="wiki")],
        "Sources/B": [now(20, source="wiki"), now(0, source="hr")],
    }
    lines = re.findall(r"<tr>(<td.+?)</tr>", page(**given))
    cells = [[re.sub(r"<.*?>", "", cell) for cell in line.split("</td>")] for line in lines]
    assert [one[:3] for one in cells] == [["hr", "–", "0"], ["wiki", "1.5 min", "20"]]


def test_layers_of_a_stack_stand_upon_each_other():
    curves = [Curve("a", [(0, 1), (10, 1)]), Curve("b", [(0, 2), (10, 2)])]
    options = {"bars": False, "stacked": True}
    drawn = plot(curves, (0, 10), (256, 126), "short", **options)
    first, second = re.findall(r"<path d='M([^']+)' fill='#", drawn)
    heights = [[float(point.split()[1]) for point in one.split("L")] for one in (first, second)]
    assert heights[0][:2] == heights[1][-2:]  # the second begins where the first ends
    assert heights[1][0] < heights[0][0]
