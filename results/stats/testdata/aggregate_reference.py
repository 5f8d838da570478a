# Writes aggregate_reference.json: reference values for aggregate_test.go. Run: /usr/bin/python3 aggregate_reference.py
# The bootstraps draw their own resamples, 200,000 of them, and share no code and no random numbers with the package.
import json, numpy as np, scipy, statsmodels
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower, TTestIndPower

g = np.random.default_rng(11)
strata, rows, B = 3, 12, 200_000
x = np.round(np.exp(0.5 * g.normal(size=(strata, rows))) * np.array([[1.0], [0.8], [1.4]]), 2)  # skewed, with ties
y = np.round(0.8 * x + 0.3 * g.normal(size=x.shape), 2)
iqm = lambda v: stats.trim_mean(v, 0.25, axis=-1)
cvar = lambda v: np.sort(v, axis=-1)[..., :9].sum(-1) / 9  # worst quarter of 36: whole scores
def tail(v, share):  # Rockafellar & Uryasev (2000): the largest over c of c - E[(c - v)+]/share, reached at one of the scores
    return max(c - np.maximum(c - v, 0).mean() / share for c in v)
gap = lambda v: np.maximum(1 - v, 0).mean(-1)
draws = g.integers(rows, size=(B, strata, rows))
take = lambda t: np.take_along_axis(t[None], draws, axis=2).reshape(B, -1)
ends = lambda r: np.quantile(r, [0.025, 0.975]).tolist()
rx, ry = take(x), take(y)
def bca(r, value, without):  # Efron 1987; strata as Davison & Hinkley 1997, section 5.3.2: l = (n-1)(mean - left out), weights 1/n
    z0 = stats.norm.ppf(np.mean(r < value - 1e-12) + 0.5 * np.mean(abs(r - value) <= 1e-12))
    l = [(len(w) - 1) * (np.mean(w) - np.asarray(w)) for w in without]
    a = sum((v ** 3).sum() / len(v) ** 3 for v in l) / (6 * sum((v ** 2).sum() / len(v) ** 2 for v in l) ** 1.5)
    z = z0 + stats.norm.ppf([0.025, 0.975])
    return dict(bias=z0, acceleration=a, ends=np.quantile(r, stats.norm.cdf(z0 + z / (1 - a * z))).tolist())
leave = lambda f, t: [[f(np.delete(t.ravel(), s * rows + i)) for i in range(rows)] for s in range(strata)]
out = dict(software=f"scipy {scipy.__version__}, statsmodels {statsmodels.__version__}, numpy {np.__version__}", x=x.tolist(), y=y.tolist())
for name, f, call in (("mean", np.mean, "np.mean"), ("iqm", iqm, "scipy.stats.trim_mean(v, 0.25)"), ("median", np.median, "np.median"),
                      ("cvar", cvar, "np.sort(v)[:9].mean(): the worst quarter of 36"), ("gap", gap, "np.maximum(1 - v, 0).mean()")):
    v = f(x.ravel())
    r = f(rx, axis=-1) if f in (np.mean, np.median) else f(rx)
    out[name] = dict(call=call, value=float(v), percentile=ends(r), se=float(np.std(r)), bca=bca(r, v, leave((lambda v: tail(v, 0.25)) if f is cvar else f, x)))
out["tail"] = dict(call="max over c of c - mean(max(c - v, 0))/share", share=[0.1, 0.25, 0.37, 1.0], value=[float(tail(x.ravel(), s)) for s in (0.1, 0.25, 0.37, 1.0)])
d = iqm(rx) - iqm(ry)
out["difference"] = dict(call="trim_mean of the one less that of the other, on the same resamples", value=float(iqm(x.ravel()) - iqm(y.ravel())), percentile=ends(d), se=float(np.std(d)),
    bca=bca(d, iqm(x.ravel()) - iqm(y.ravel()), [list(np.array(a) - np.array(b)) for a, b in zip(leave(iqm, x), leave(iqm, y))]))
tau = [0.3, 0.8, float(x[0, 0]), 1.5, 9.0]
out["profile"] = dict(call="(v > t).mean(), the ends by np.quantile over resamples", thresholds=tau, value=[float((x > t).mean()) for t in tau], percentile=[ends((rx > t).mean(-1)) for t in tau])
u = [stats.mannwhitneyu(x[s], y[s]).statistic / rows ** 2 for s in range(strata)]
S = (x[:, :, None] > y[:, None, :]) + 0.5 * (x[:, :, None] == y[:, None, :])
w = np.zeros((20_000, strata, rows))
for i in range(rows): w[:, :, i] = (draws[:20_000] == i).sum(-1)
out["improvement"] = dict(call="scipy.stats.mannwhitneyu(x[s], y[s]).statistic / 144, averaged; 20,000 resamples of rows of both", value=float(np.mean(u)),
    percentile=ends(np.einsum("bsi,sij,bsj->b", w, S, w) / strata / rows ** 2))
p = [0.01, 0.04, 0.03, 0.005, 0.2, 0.03, 0.9, 0.00004]
out["multiple"] = dict(call="statsmodels.stats.multitest.multipletests(p, method='holm') and 'fdr_bh'", p=p, holm=multipletests(p, method="holm")[1].tolist(), bh=multipletests(p, method="fdr_bh")[1].tolist())
cases = [(0.5, 10, 0.05), (1.2, 5, 0.05), (0.1, 500, 0.01), (0.02, 30, 0.05), (2.5, 4, 0.001), (5.0, 60, 0.05), (1.0, 2, 0.05), (40.0, 2, 0.05), (0.01, 200000, 0.05)]
out["power"] = dict(call="1 - scipy.stats.nct.cdf(t, n-1, d*sqrt(n)) + scipy.stats.nct.cdf(-t, n-1, d*sqrt(n)), t = scipy.stats.t.ppf(1-alpha/2, n-1); statsmodels TTestPower().power(d, n, alpha)",
    cases=cases, scipy=[float(1 - stats.nct.cdf(stats.t.ppf(1 - a / 2, n - 1), n - 1, d * n ** .5) + stats.nct.cdf(-stats.t.ppf(1 - a / 2, n - 1), n - 1, d * n ** .5)) for d, n, a in cases],
    statsmodels=[float(TTestPower().power(d, n, a)) for d, n, a in cases])
q = [(0.5, 0.05, 0.8), (0.2, 0.05, 0.9), (1.5, 0.01, 0.8), (0.05, 0.005, 0.8)]
out["needed"] = dict(call="ceil(TTestPower().solve_power(d, alpha=alpha, power=power))", cases=q, value=[int(np.ceil(TTestPower().solve_power(d, alpha=a, power=w))) for d, a, w in q])
json.dump(out, open("aggregate_reference.json", "w"), indent=1)
print({k: v for k, v in out.items() if k not in ("x", "y")})
