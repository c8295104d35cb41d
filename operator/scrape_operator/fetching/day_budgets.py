"""The budgets of days of a process: counted in the database a portion at a time, spent from memory."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self

import httpx

from scrape_operator.core.errors import StoreUnavailable
from scrape_operator.core.net.day_budgets import DayDemand, DayLedger, DayLimit, Unit, UsedUp, day_end, utc_day
from scrape_operator.core.ports import DayBudgetStore
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.failures import HopFailed

logger = logging.getLogger(__name__)

DAYS_KEPT = timedelta(days=31)
"""How long the database shows what was spent in a day."""

UNSPENT = frozenset({Reason.BUDGET_EXHAUSTED, Reason.STORE_UNAVAILABLE})
"""Why a request was not sent for the run that asked, whatever the server is like."""

Key = tuple[str, Unit]


@dataclass(slots=True, eq=False)
class _Account:
    """The ledger of one limit's unit today, the limit as it was seen last, and the demand that is under way."""

    ledger: DayLedger
    limit: DayLimit
    demand: asyncio.Task[None] | None = None
    is_reported: bool = False


class DayBudgets:
    """Spends within the limits of policies. For one event loop.

    `now` is the wall clock. `on_used_up` gets the key of a policy as soon as nothing is left of one of its limits.
    """

    def __init__(self, store: DayBudgetStore, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._accounts: dict[Key, _Account] = {}
        self._pruned_on: date | None = None
        self.on_used_up: Callable[[str], None] = lambda _key: None

    @property
    def used_up_policies(self) -> int:
        """How many policies have a limit of which nothing is left today."""
        today = utc_day(self._now())
        accounts = [(key, account) for (key, _unit), account in self._accounts.items() if account.ledger.day == today]
        return len({key for key, account in accounts if account.ledger.is_used_up(account.limit.limit)})

    def used_up(self, limits: Sequence[DayLimit], now: datetime) -> UsedUp | None:
        """Return the first limit of which nothing is left today, as far as this process knows; None without one."""
        for limit in limits:
            account = self._accounts.get((limit.key, limit.unit))
            if account is None or account.ledger.day != utc_day(now):
                continue
            account.limit = limit
            if account.ledger.is_used_up(limit.limit):
                return UsedUp(limit, day_end(now))
        return None

    async def load(self) -> None:
        """Read what was spent today, and delete what was spent long ago. Raises StoreUnavailable."""
        today = utc_day(self._now())
        for key, unit, counted in await self._store.read_day(today):
            account = self._accounts[key, unit] = _Account(DayLedger(today), DayLimit(key, key, unit, counted + 1))
            account.ledger.learn(counted)
        await self._prune(today)

    async def release(self) -> None:
        """Take back what is reserved and not spent: the process ends. What the database does not take is lost."""
        for account in self._accounts.values():
            ledger, rest = account.ledger, account.ledger.reserved
            if rest:
                ledger.take_rest()
                try:
                    await self._store.release_day(DayDemand(account.limit, ledger.day, rest))
                except StoreUnavailable as error:
                    logger.warning("reserved part of a day's budget is lost: %s", error)

    async def spend(self, limit: DayLimit, amount: int) -> date:
        """Spend an amount today, and return the day. An amount of 0 only checks that something is left.

        Raises:
            HopFailed: BudgetExhausted, or StoreUnavailable where the database is away and a portion is needed.

        """
        while True:
            account = self._account(limit)
            ledger = account.ledger
            if ledger.take(amount, limit.limit):
                self._report(account)
                return ledger.day
            left = ledger.left(limit.limit)
            if ledger.is_known and left < max(1, amount) and left <= ledger.reserved:
                ledger.take_rest()
                self._report(account)
                used_up = UsedUp(limit, day_end(self._now()))
                raise HopFailed(Reason.BUDGET_EXHAUSTED, f"gets no request: {used_up.message}", sent=False)
            await self._reserve(account, amount)

    def give_back(self, limit: DayLimit, amount: int, day: date) -> None:
        """Return what was spent on a day and not used. A day that is over stays as it is."""
        account = self._accounts.get((limit.key, limit.unit))
        if account is not None and account.ledger.day == day:
            account.ledger.give_back(amount)
            account.is_reported = False

    def is_today(self, day: date) -> bool:
        """Return whether a day is today."""
        return utc_day(self._now()) == day

    def _account(self, limit: DayLimit) -> _Account:
        """Return today's account of a limit, which takes the place of an earlier day's."""
        key, today = (limit.key, limit.unit), utc_day(self._now())
        account = self._accounts.get(key)
        if account is None or account.ledger.day != today:
            account = self._accounts[key] = _Account(DayLedger(today), limit)
        account.limit = limit
        return account

    async def _reserve(self, account: _Account, amount: int) -> None:
        """Reserve a portion, or wait for the demand that is under way."""
        if account.demand is None:
            account.demand = asyncio.create_task(self._demand(account, amount), name="day budget")
            account.demand.add_done_callback(lambda task: _forget(account, task))
        try:
            await asyncio.shield(account.demand)
        except StoreUnavailable as error:
            message = f"gets no request while the budget of the day cannot be counted: {error}"
            raise HopFailed(Reason.STORE_UNAVAILABLE, message, sent=False) from error

    async def _demand(self, account: _Account, amount: int) -> None:
        limit, ledger = account.limit, account.ledger
        wanted = max(limit.portion, amount - ledger.reserved)
        ledger.add(await self._store.reserve_day(DayDemand(limit, ledger.day, wanted)))
        if self._pruned_on != ledger.day:
            await self._prune(ledger.day)

    async def _prune(self, today: date) -> None:
        """Delete once a day what was spent long ago."""
        self._pruned_on = today
        try:
            await self._store.prune_days(today - DAYS_KEPT)
        except StoreUnavailable as error:
            logger.warning("old days of budgets stay for now: %s", error)

    def _report(self, account: _Account) -> None:
        """Report a limit once when nothing is left of it."""
        if not account.is_reported and account.ledger.is_used_up(account.limit.limit):
            account.is_reported = True
            logger.warning("day budget used up", extra={"policy": account.limit.policy, "unit": account.limit.unit})
            self.on_used_up(account.limit.key)


def _forget(account: _Account, task: asyncio.Task[None]) -> None:
    account.demand = None
    if not task.cancelled():
        task.exception()  # whoever waited has it


class DaySpending:
    """The limits that the requests of one session are under."""

    def __init__(self, budgets: DayBudgets, limits: Sequence[DayLimit]) -> None:
        self._budgets = budgets
        self._limits = limits

    @asynccontextmanager
    async def request(self) -> AsyncIterator["RequestCharge"]:
        """Charge one request. It is given back at the end of the block unless it is marked as sent.

        Raises:
            HopFailed: BudgetExhausted or StoreUnavailable.

        """
        charge = RequestCharge(self._budgets, self._limits)
        try:
            yield await charge.taken()
        finally:
            charge.close()

    async def metered(self, wire: httpx.AsyncByteStream) -> AsyncIterator[bytes]:
        """Yield the parts of a body, and charge the bytes as they arrive. Raises HopFailed where none are left."""
        limits = [limit for limit in self._limits if limit.unit is Unit.BYTES]
        async for part in wire:
            for limit in limits:
                await self._spend_bytes(limit, len(part))
            yield part

    async def _spend_bytes(self, limit: DayLimit, count: int) -> None:
        try:
            await self._budgets.spend(limit, count)
        except HopFailed as failure:
            message = failure.message.replace("gets no request", "is not read to the end", 1)
            raise HopFailed(failure.reason, message) from failure


class RequestCharge:
    """One request, counted under each limit. `is_sent` is set when it leaves."""

    def __init__(self, budgets: DayBudgets, limits: Sequence[DayLimit]) -> None:
        self._budgets = budgets
        self._limits = limits
        self._taken: list[tuple[DayLimit, date]] = []
        self.is_sent = False

    async def taken(self) -> Self:
        """Spend one request of each limit of requests, if something is left of each limit of bytes."""
        for limit in self._limits:
            day = await self._budgets.spend(limit, 1 if limit.unit is Unit.REQUESTS else 0)
            if limit.unit is Unit.REQUESTS:
                self._taken.append((limit, day))
        return self

    async def renew(self) -> None:
        """Charge the present day, if another one has begun since the request was charged."""
        if not all(self._budgets.is_today(day) for _, day in self._taken):
            self.close()
            await self.taken()

    def close(self) -> None:
        """Give back what was not sent."""
        if not self.is_sent:
            for limit, day in self._taken:
                self._budgets.give_back(limit, 1, day)
        self._taken.clear()
