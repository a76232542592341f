"""CDNOW: the 2,357 customers on which the models were published, and `lifetimes`, which carries them.

The data have no licence, so they are read from that package, which only tests install.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np

from intelligence.engine.histories import FloatArray, Histories

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import lifetimes
    from lifetimes.datasets import load_cdnow_summary_data_with_monetary_value


@cache
def columns() -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Frequency, recency, age (weeks) and mean spend of a repeat purchase."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = load_cdnow_summary_data_with_monetary_value()
    return tuple(np.asarray(table[name], float) for name in ("frequency", "recency", "T", "monetary_value"))  # type: ignore[return-value]


@cache
def histories() -> Histories:
    return Histories.of(*columns()[:3])


def peer(name: str, params: tuple[float, ...]) -> Any:
    """The fitter of `lifetimes`, told these parameters instead of its own."""
    import pandas as pd

    fitter = getattr(lifetimes, name)()
    names = {"ParetoNBDFitter": "r alpha s beta", "GammaGammaFitter": "p q v"}.get(name, "r alpha a b")
    fitter.params_ = pd.Series(params, index=names.split())
    return fitter
