# Writes counts_reference.json: reference values for quantity_test.go, by scipy's optimiser on likelihoods made of scipy.stats
# distributions. Run: /usr/bin/python3 counts_reference.py
import json, numpy as np, scipy
from scipy import optimize, stats

g = np.random.default_rng(11)
y, deal = [], []
while len(y) < 400:
    d = int(g.integers(2))
    v = int(g.poisson(np.exp(0.6 + 0.3 * d) * g.gamma(2.5, 1 / 2.5)))
    if v:
        y.append(v); deal.append(d)
y, deal = np.array(y), np.array(deal)

def poisson(p):
    l = np.exp(p[0] + p[1] * deal)
    return -(stats.poisson.logpmf(y, l) - np.log1p(-stats.poisson.pmf(0, l))).sum()

def negbin(p):
    mu, r = np.exp(p[0] + p[1] * deal), np.exp(-p[2])
    q = r / (r + mu)
    return -(stats.nbinom.logpmf(y, r, q) - np.log1p(-stats.nbinom.pmf(0, r, q))).sum()

o = dict(method="Nelder-Mead", options=dict(xatol=1e-10, fatol=1e-12, maxiter=20000, maxfev=20000))
a, b = optimize.minimize(poisson, [0, 0], **o), optimize.minimize(negbin, [0, 0, -1], **o)
json.dump(dict(software=f"scipy {scipy.__version__}, numpy {np.__version__}", call="optimize.minimize(-sum logpmf(y) - log(1 - pmf(0)), method='Nelder-Mead')",
               y=y.tolist(), deal=deal.tolist(), poisson=dict(coef=a.x.tolist(), loglik=-a.fun),
               negative_binomial=dict(coef=b.x[:2].tolist(), dispersion=float(np.exp(b.x[2])), loglik=-b.fun)), open("counts_reference.json", "w"))
print(a.x, a.fun, b.x, b.fun)
