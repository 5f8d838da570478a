"""Times scikit-learn's side of docs/benchmarks/shoppers: k-means of CDNOW's customers, one line as shoppers.R.

Arguments: cdnow_master.csv; the number of threads that OMP_NUM_THREADS allows, for the line's name. The features are days since the last purchase on 1998-06-30, purchases and money, log1p, standardised.
"""
import csv
import datetime
import statistics
import sys
import time
import warnings

import numpy as np
from sklearn.cluster import KMeans

warnings.simplefilter("ignore")
end = datetime.date(1998, 6, 30)
customers = {}
with open(sys.argv[1]) as file:
    rows = csv.reader(file)
    next(rows)
    for customer, day, _, amount in rows:
        day = day.replace("-", "")
        last = datetime.date(int(day[:4]), int(day[4:6]), int(day[6:8]))
        before = customers.get(customer, (datetime.date.min, 0, 0.0))
        customers[customer] = (max(before[0], last), before[1] + 1, before[2] + float(amount))
x = np.log1p(np.array([((end - last).days, n, money) for last, n, money in customers.values()], dtype=float))
z = (x - x.mean(0)) / x.std(0)


def fit(seed):
    start = time.perf_counter()
    inertia = KMeans(n_clusters=8, n_init=50, random_state=seed).fit(z).inertia_
    return time.perf_counter() - start, inertia


fit(0)
runs = [fit(seed) for seed in range(1, 4)]
print("KMeansOfCDNOW" + ("" if sys.argv[2] == "1" else sys.argv[2]), f"{statistics.median(s for s, _ in runs):.6f}", f"{min(i for _, i in runs):.6f}")
