# Writes regression_reference.json: reference values for ols_test.go. Run: /usr/bin/python3 regression_reference.py
import json, numpy as np, scipy, scipy.linalg, statsmodels, statsmodels.api as sm
from statsmodels.sandbox.regression.gmm import IV2SLS

g = np.random.default_rng(7)
weeks = [w for w in range(1, 41) if w not in (9, 10, 25)]  # gaps
brands = 3
n = len(weeks) * brands
week = np.repeat(weeks, brands)
brand = np.tile(range(brands), len(weeks))
common = np.repeat(g.normal(size=len(weeks)), brands)
z = g.normal(size=(n, 3))
v = g.normal(size=(n, 2))
x = np.column_stack([z[:, 0] + 0.5 * z[:, 2] + v[:, 0], 0.4 * z[:, 1] + 0.3 * z[:, 0] + v[:, 1] + 0.5 * v[:, 0]])
w = g.normal(size=n) + common
e = 0.6 * v[:, 0] - 0.3 * v[:, 1] + common + g.normal(size=n) * (1 + np.abs(w))
y = 1 + 0.5 * w - 2 * x[:, 0] + x[:, 1] + e
one = np.ones(n)
X = np.column_stack([one, w, x])
out = dict(software=f"statsmodels {statsmodels.__version__}, numpy {np.__version__}, scipy {scipy.__version__}",
           week=week.tolist(), brand=brand.tolist(), y=y.tolist(), w=w.tolist(), x=x.tolist(), z=z.tolist())

ols = sm.OLS(y, X)
fit = ols.fit()
out["ols"] = dict(call="sm.OLS(y, X).fit()", coef=fit.params.tolist(), se=fit.bse.tolist(), r2=fit.rsquared, sigma=fit.mse_resid ** .5,
                  se_HC1=ols.fit(cov_type="HC1").bse.tolist(),
                  se_cluster_brand_week=ols.fit(cov_type="cluster", cov_kwds=dict(groups=week)).bse.tolist())
# statsmodels sums scores by period only over contiguous periods: rows of zeros stand in for the absent weeks and add nothing.
gaps = [9, 10, 25]
Xg = np.vstack([X, np.zeros((3, 4))]); yg = np.r_[y, np.zeros(3)]; wg = np.r_[week, gaps]
o = np.argsort(wg, kind="stable")
out["driscoll_kraay"] = dict(call="sm.OLS(y, X, rows of zeros in absent weeks).fit(cov_type='hac-groupsum', cov_kwds=dict(time=week, maxlags=4, use_correction=False))",
    lag=4, se=sm.OLS(yg[o], Xg[o]).fit(cov_type="hac-groupsum", cov_kwds=dict(time=wg[o], maxlags=4, use_correction=False)).bse.tolist())

Z = np.column_stack([one, w, z])
iv = IV2SLS(y, X, Z).fit()
def resid(a, b): return a - b @ np.linalg.lstsq(b, a, rcond=None)[0]
exog = np.column_stack([one, w])
F = [sm.OLS(x[:, j], Z).fit().compare_f_test(sm.OLS(x[:, j], exog).fit())[0] for j in (0, 1)]
xt, zt = resid(x, exog), resid(z, exog)
L, df = 3, n - 2 - 3
P = zt @ np.linalg.solve(zt.T @ zt, zt.T)
S = (xt.T @ xt - xt.T @ P @ xt) / df
root = scipy.linalg.inv(scipy.linalg.sqrtm(S))
cd = np.linalg.eigvalsh(root @ xt.T @ P @ xt @ root / L)[0]
sw = []
for j in (0, 1):
    d = IV2SLS(x[:, j], np.column_stack([exog, x[:, 1 - j]]), Z).fit()
    u = x[:, j] - np.column_stack([exog, x[:, 1 - j]]) @ d.params
    a, b = sm.OLS(u, Z).fit(), sm.OLS(u, exog).fit()
    sw.append((b.ssr - a.ssr) / (L - 1) / (a.ssr / df))
out["iv"] = dict(call="IV2SLS(y, X, Z).fit(); F by compare_f_test; Cragg-Donald by eigvalsh; Sanderson-Windmeijer from IV2SLS residuals",
                 coef=iv.params.tolist(), se=iv.bse.tolist(), F=F, conditional_F=sw, cragg_donald=cd)
json.dump(out, open("regression_reference.json", "w"))
print({k: v for k, v in out.items() if k in ("ols", "driscoll_kraay", "iv")})
