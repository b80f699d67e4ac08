"""How a notebook's new outputs compare with the committed ones, for nbval. A pytest plugin.

Words, integers and everything else must be the same. Numbers with a decimal point or an
exponent may differ a little, because the last digits of a loss differ from one processor to
another, and training makes such differences grow. Token ids and counts are integers: exact.
"""

import re

from nbval.plugin import IPyNbCell, IPyNbFile

ABSOLUTE = 0.02  # a difference of this much,
RELATIVE = 0.01  # plus this share of the larger number, is allowed

# 3.45, -0.1, 5e-05, 1.5e+3; not 12, not the parts of 2.13.0, not the digits of x1.5. Spaces in
# front belong to the number: it may have gained a digit or lost a sign.
DECIMAL = re.compile(r"(?<![\w.]) *([-+]?(?:\d+\.\d+(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+))(?!\w|\.\d)")


class Approximate(str):
    """A text that equals another with the same words and about the same decimal numbers."""

    def __eq__(self, other):
        words, numbers = split_numbers(self)
        other_words, other_numbers = split_numbers(other)
        return words == other_words and all(
            abs(a - b) <= ABSOLUTE + RELATIVE * max(abs(a), abs(b))
            for a, b in zip(numbers, other_numbers, strict=True)  # as many: there are as many words
        )

    def __ne__(self, other):
        return not self == other

    __hash__ = None  # equal texts would need equal hashes; about equal ones can't have them


def split_numbers(text):
    """(words, numbers): the text around each decimal number, and the numbers.

    A column is wider when one of its numbers is: a run of spaces counts as one, and spaces at
    either end of a line as none.
    """
    text = re.sub(r" ?\n ?", "\n", re.sub(r" +", " ", text)).strip(" ")
    parts = DECIMAL.split(text)
    return parts[::2], [float(number) for number in parts[1::2]]


def pytest_collectstart(collector):
    """Leave out of the comparison what is written to stderr: warnings differ between versions."""
    if isinstance(collector, IPyNbFile):
        collector.skip_compare += ("stderr",)


def pytest_itemcollected(item):
    """nbval compares what its cell's `sanitize` returns: make that compare approximately."""
    if isinstance(item, IPyNbCell):
        sanitize = item.sanitize
        item.sanitize = lambda value: Approximate(sanitize(value)) if isinstance(value, str) else value
