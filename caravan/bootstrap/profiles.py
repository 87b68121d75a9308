"""What wires profiles for the terminal: who answers about people in a home as it stands, and who learns how they buy."""

from caravan.adapters.memory import MemoryViewStore
from caravan.adapters.scipy_fitting import ScipyFitter
from caravan.bootstrap.home import Still, open_log
from caravan.bootstrap.kinds import KINDS
from caravan.cell import Projector
from caravan.config import Settings
from caravan.flows import profiles as knowing
from caravan.flows.house import House
from caravan.insight import discovery as tasting
from caravan.insight import profiles as portraits
from caravan.kernel.clock import Instant


def profiles_beside(settings: Settings, *, with_looks: bool) -> tuple[knowing.Desk, House]:
    """Give whoever answers about the people of a home as it stands; what they looked at is read only where it is asked for."""
    still = Still(settings)
    tastes = tasting.Tastes()
    if with_looks:
        log = open_log(settings, is_reader=True)
        try:
            reader = Projector(log=log, kinds=KINDS, views=[tastes], store=MemoryViewStore())
            while reader.fold_some():
                pass
        finally:
            log.close()
    return knowing.Desk(still, lambda: tastes), still.house


def learn_profiles(house: House, *, now: Instant) -> tuple[portraits.Forecast, portraits.Checked]:
    """Learn how people buy from a house; refuses where there are too few, or SciPy is not installed."""
    orders, unit = knowing.history(house)
    return portraits.learn(orders, ScipyFitter(), unit=unit, now=now)
