# Reference values for offpolicy_test.go, from the formulas of the papers, with numpy alone: python3 reference.py writes log.jsonl and reference.json.
# numpy 1.24.2. The world has three states and three offers; episodes end by chance or after four steps; the logger explores.
import json
import numpy as np

rng = np.random.default_rng(7)
PRICES, GAMMA, HORIZON, N, FOLDS = [1.0, 2.0, 3.0], 0.9, 4, 60, 3
MU = np.array([[0.6, 0.2, 0.2], [0.2, 0.5, 0.3], [0.25, 0.25, 0.5]])
PI = 0.3 / 3 + 0.7 * np.eye(3)[[1, 1, 1]]  # explore(fixed:2,0.3)

episodes, lines = [], []
for u in range(N):
    x, steps = int(rng.integers(3)), []
    for t in range(HORIZON):
        a = int(rng.choice(3, p=MU[x]))
        r = round(float(PRICES[a] * (1 + x) / (1 + a) + rng.normal()), 3)
        steps.append((x, a, r))
        x = int((x + a + rng.integers(2)) % 3)
        if rng.random() < 0.2:
            break
    episodes.append(steps)
    for t, (x, a, r) in enumerate(steps):
        lines.append(json.dumps({"version": 1, "unit": str(u), "step": t, "last": t == len(steps) - 1, "observation": {"x": x}, "action": a, "price": PRICES[a],
                                 "propensity": MU[x, a], "reward": r, "discount": GAMMA}))
open("log.jsonl", "w").write("\n".join(lines) + "\n")

X = np.array([s[0] for e in episodes for s in e], float)


def scaled(v):
    return np.clip((v - v.mean()) / v.std(), -4, 4)


Z1 = scaled(X)
Z = np.stack([np.ones_like(X), Z1, scaled(Z1**2)], 1)
BASIS = {int(x): Z[i] for i, x in enumerate(X)}


def fit(model, rows):  # rows of (state, action, y); returns q[state, action]
    s, a, y = (np.array(c) for c in zip(*rows))
    y = y.astype(float)
    if model == "constant":
        return np.full((3, 3), y.mean())
    if model == "tabular":
        q = np.zeros((3, 3))
        for j in range(3):
            prior = (y[a == j].sum() + y.mean()) / ((a == j).sum() + 1)
            for c in range(3):
                m = (a == j) & (s == c)
                q[c, j] = (y[m].sum() + prior) / (m.sum() + 1)
        return q
    A = np.array([BASIS[i] for i in s])
    shared = np.linalg.solve(A.T @ A + (1e-9 + 1e-6 * len(y)) * np.eye(3), A.T @ y)
    q = np.zeros((3, 3))
    for j in range(3):
        B = A[a == j]
        own = np.linalg.solve(B.T @ B + np.eye(3), B.T @ (y[a == j] - B @ shared))
        for c in range(3):
            q[c, j] = BASIS[c] @ (shared + own)
    return q


def fqe(model, units):  # q[t][state, action]
    q, v = [None] * HORIZON, np.zeros((HORIZON + 1, 3))
    for t in reversed(range(HORIZON)):
        rows = [(e[t][0], e[t][1], e[t][2] + (GAMMA * v[t + 1][e[t + 1][0]] if t + 1 < len(e) else 0)) for u, e in enumerate(episodes) if u in units and t < len(e)]
        q[t] = fit(model, rows)
        v[t] = (PI * q[t]).sum(1)
    return q, v


rho = [np.cumprod([PI[x, a] / MU[x, a] for x, a, _ in e]) for e in episodes]
gain = np.array([sum(GAMMA**t * s[2] for t, s in enumerate(e)) for e in episodes])
last = np.array([r[-1] for r in rho])
pad = np.array([[r[min(t, len(r) - 1)] for t in range(HORIZON)] for r in rho])
out = {
    "ips": (last * gain).mean(),
    "snips": (last * gain).sum() / last.sum(),
    "per-decision": np.mean([sum(GAMMA**t * r[t] * e[t][2] for t in range(len(e))) for e, r in zip(episodes, rho)]),
    "per-decision weighted": sum(GAMMA**t * sum(r[t] * e[t][2] for e, r in zip(episodes, rho) if t < len(e)) / pad[:, t].sum() for t in range(HORIZON)),
    "effective": last.sum() ** 2 / (last**2).sum(),
}

SHARES = []  # marginal weights of decisions, by step
d, total = np.bincount([e[0][0] for e in episodes], minlength=3) / N, 0.0  # marginalised: d_t(s), with weights that sum to 1 in a state
for t in range(HORIZON):
    rows = [(e, e[t][0], PI[e[t][0], e[t][1]] / MU[e[t][0], e[t][1]]) for e in episodes if t < len(e)]
    mass, then = np.bincount([s for _, s, _ in rows], [w for _, _, w in rows], minlength=3), np.zeros(3)
    SHARES.append([d[s] * w / mass[s] for _, s, w in rows])
    for e, s, w in rows:
        total += GAMMA**t * d[s] * w / mass[s] * e[t][2]
        if t + 1 < len(e):
            then[e[t + 1][0]] += d[s] * w / mass[s]
    d = then
out["marginalised"] = total

for model in ["linear", "tabular", "constant"]:
    q, v = fqe(model, set(range(N)))
    out["fqe " + model] = np.mean([v[0][e[0][0]] for e in episodes])
    out["marginalised dr " + model] = out["fqe " + model] + sum(
        GAMMA**t * m * (e[t][2] + (GAMMA * v[t + 1][e[t + 1][0]] if t + 1 < len(e) else 0) - q[t][e[t][0], e[t][1]])
        for t in range(HORIZON) for m, e in zip(SHARES[t], [e for e in episodes if t < len(e)]))
    dr, opening, parts, small = [], [], np.zeros(HORIZON), {}
    taus = sorted(np.concatenate(rho))  # switch-dr: the threshold of least estimated variance and squared bias among these
    taus = sorted({taus[int(p * (len(taus) - 1))] for p in [0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 1]})
    held = [fqe(model, {u for u in range(N) if u % FOLDS != f}) for f in range(FOLDS)]
    for u, (e, r) in enumerate(zip(episodes, rho)):
        q, v = held[u % FOLDS]
        deltas = [GAMMA**t * r[t] * (e[t][2] + (GAMMA * v[t + 1][e[t + 1][0]] if t + 1 < len(e) else 0) - q[t][e[t][0], e[t][1]]) for t in range(len(e))]
        opening.append(v[0][e[0][0]])
        dr.append(opening[-1] + sum(deltas))
        for tau in taus:
            small.setdefault(tau, []).append(opening[-1] + sum(x for x, weight in zip(deltas, r) if weight <= tau))
        parts[: len(e)] += deltas
    out["dr " + model] = np.mean(dr)
    out["tau " + model] = min(taus, key=lambda tau: np.var(small[tau]) / N + (np.mean(dr) - np.mean(small[tau])) ** 2)
    out["switch-dr " + model] = np.mean(small[out["tau " + model]])
    out["weighted dr " + model] = np.mean(opening) + (parts / pad.sum(0)).sum()

json.dump(out, open("reference.json", "w"), indent=1)
