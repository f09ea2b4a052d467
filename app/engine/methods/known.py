"""The methods that a product can choose."""

from app.engine.bank.index import Metric
from app.engine.methods.anomalydino import ANOMALYDINO
from app.engine.methods.method import Method
from app.engine.methods.patchcore import PATCHCORE
from app.engine.options import MethodName, Preprocessing

METHODS: dict[MethodName, Method] = {method.name: method for method in (ANOMALYDINO, PATCHCORE)}


def metric_of(preprocessing: Preprocessing) -> Metric:
    """By what a bank compares rows."""
    return method_of(preprocessing).metric(preprocessing.fit)


def method_of(preprocessing: Preprocessing) -> Method:
    """The method that made a bank, or would."""
    return METHODS[preprocessing.method]
