"""Times statsmodels' side of docs/benchmarks/arima: the airline model with its defaults, one line each as arima.R.

Arguments: the two series, a value a line.
"""
import statistics
import sys
import time
import warnings

import numpy as np
from statsmodels.tsa.statespace.sarimax import SARIMAX

warnings.simplefilter("ignore")


def clock(name, y):
    def fit():
        return SARIMAX(y, order=(0, 1, 1), seasonal_order=(0, 1, 1, 12)).fit(disp=False)

    value = fit().llf
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        fit()
        seconds.append(time.perf_counter() - start)
    print(name, f"{statistics.median(seconds):.6f}", f"{value:.6f}")


clock("Airline", np.log(np.loadtxt(sys.argv[1])))
clock("USAccDeaths", np.loadtxt(sys.argv[2]))
