"""One budget in its present period: what is spent of it, what running calls hold, and whether another one fits."""

from dataclasses import dataclass
from datetime import UTC, datetime

from server import ids
from server.calls.quote import Quote
from server.errors import BudgetExceeded
from server.money.budgets import ALWAYS, Budget
from server.money.dollars import dollars

NEAR = 0.8
"""The share from which on people are warned."""
EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(slots=True)
class _Late:
    nanos: int = 0


class Line:
    """One budget in its present period."""

    __slots__ = ("_late", "budget", "guesses", "held", "spent", "start", "until", "warned")

    def __init__(self, budget: Budget, at: datetime) -> None:
        self.budget = budget
        self.held = self.guesses = 0
        """Nano-dollars that running calls hold; how many of them may cost more than they hold."""
        self.begin(at)

    def begin(self, at: datetime) -> None:
        """Enters the period that ``at`` is in. What was spent of it has to be read."""
        self.start = self.budget.starts(at) or EPOCH
        self.until = self.budget.ends(at) or ALWAYS
        self.spent: int | None = None
        self._late: _Late | None = None
        self.warned = self.budget.warned_for == self.budget.mark(at)

    def change(self, budget: Budget, at: datetime) -> None:
        """Takes the budget as it is stored now."""
        moved = budget.place != self.budget.place
        self.budget = budget
        self.warned = budget.warned_for == budget.mark(at)
        if moved:
            self.begin(at)

    def ask(self) -> "_Late":
        """What is settled from now on is not in the sum that is being read."""
        self._late = _Late()
        return self._late

    def load(self, spent: int, late: "_Late") -> None:
        """Unless another period began while it was read."""
        if self._late is late:
            self.spent, self._late = spent + late.nanos, None

    def add(self, nanos: int, at: datetime) -> None:
        """A call that began then was settled."""
        if not self.start <= at < self.until:
            return
        if self._late is not None:
            self._late.nanos += nanos
        elif self.spent is not None:
            self.spent += nanos

    @property
    def share(self) -> float:
        return (self.spent or 0) / self.budget.limit_nanos

    @property
    def near(self) -> bool:
        return self.share >= NEAR

    @property
    def room(self) -> int:
        return self.budget.limit_nanos - (self.spent or 0) - self.held

    def takes(self, quote: Quote) -> int | None:
        """Nano-dollars to hold; None: it fits only once another call has ended. Raises BudgetExceeded.

        What may come to more than there is room for is let in alone: then only one estimate can be wrong.
        """
        left = self.budget.limit_nanos - (self.spent or 0)
        if quote.expected is None or quote.most is None:
            if left <= 0:
                raise self.refusal(quote)
            return 0
        if quote.most <= self.room:
            return quote.most
        if quote.expected > left:
            raise self.refusal(quote)
        return quote.expected if quote.expected <= self.room and not self.guesses else None

    def refusal(self, quote: Quote) -> BudgetExceeded:
        now, budget = ids.now(), self.budget
        used, limit = dollars(self.spent or 0), dollars(budget.limit_nanos)
        if (self.spent or 0) >= budget.limit_nanos:
            return BudgetExceeded(f"{budget.called} is used up, {used} of {limit}: {budget.again(now)}")
        held = f", {dollars(self.held)} are held for calls that are running" if self.held else ""
        costs = "an unknown amount" if quote.expected is None else f"about {dollars(quote.expected)}"
        return BudgetExceeded(
            f"{budget.called} has {used} of {limit} spent{held}, and this may cost {costs}: {budget.again(now)}"
        )

    def headers(self) -> dict[str, str]:
        """For a program: which budget, how much of it is left, when all of it is there again, and the warning."""
        budget, spent = self.budget, self.spent or 0
        said = {
            "x-budget-scope": budget.scope,
            "x-budget-period": budget.period,
            "x-budget-limit": _amount(budget.limit_nanos),
            "x-budget-remaining": _amount(max(0, budget.limit_nanos - spent)),
        }
        if self.until != ALWAYS:
            said["x-budget-reset"] = self.until.strftime("%Y-%m-%dT%H:%M:%SZ")
        if self.near:
            said["x-budget-warning"] = f"{spent * 100 // budget.limit_nanos} % of {budget.called} is spent"
        return said


def _amount(nanos: int) -> str:
    """Dollars, without the sign."""
    return f"{nanos / ids.NANOS_PER_DOLLAR:.6f}"
