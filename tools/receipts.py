"""The answer of a tool that changed one row: the sentence, and the receipt that says the same."""

from passfel.household.receipt import Action, Receipt
from passfel.household.rows import Row
from passfel.tools.contract import Answer, Outcome


def receipt(row: Row, action: Action, sentence: str) -> Receipt:
    """The receipt of a row that was read back."""
    return Receipt(action=action, kind=type(row).__name__.lower(), sentence=sentence, reference=str(row.id))


def changed(row: Row, action: Action, sentence: str) -> Answer:
    """The whole answer of a tool that changed this row and nothing else."""
    return sentence, Outcome(result=row, receipts=(receipt(row, action, sentence),))
