"""Times SimPy's side of docs/benchmarks/engine: a line each of name, nanoseconds of processor time an operation and, to compare, a figure of what was simulated.

The market has 10 products and two personas, who come at random, think, take a product or nothing by a logit and pay; 100 are under way.
"""
import itertools
import random
import time
from bisect import bisect
from math import exp

import simpy


def clock(name, env, duration, operations, value=lambda: "-"):
    """Times env over a duration in which operations(), counted from its start, are done."""
    env.run(until=env.now + duration / 10)
    before, start = operations(), time.process_time()
    env.run(until=env.now + duration)
    seconds = time.process_time() - start
    print(name, f"{seconds / (operations() - before) * 1e9:.1f}", value(), flush=True)


def hold(pending, operations):
    """pending processes, each of which waits for an exponential time again and again; the times are drawn beforehand."""
    env = simpy.Environment()
    delays = itertools.cycle([random.expovariate(1) for _ in range(1 << 14)])

    def process():
        while True:
            yield env.timeout(next(delays))

    for _ in range(pending):
        env.process(process())
    env.run(until=1)  # an operation of each
    duration = operations / pending
    clock(f"Hold/{pending}", env, duration, lambda: env.now * pending)  # the rate is known: 1 for each


def mm1(customers, arrival_rate):
    """A single-server queue; the figure is the mean wait, which is 9 in the long run at 0.9 arrivals a service."""
    env = simpy.Environment()
    server = simpy.Resource(env)
    waits = []

    def customer():
        arrived = env.now
        with server.request() as request:
            yield request
            waits.append(env.now - arrived)
            yield env.timeout(random.expovariate(1))

    def source():
        while True:
            yield env.timeout(random.expovariate(arrival_rate))
            env.process(customer())

    env.process(source())
    clock("MM1", env, customers / arrival_rate, lambda: len(waits), lambda: f"{sum(waits) / len(waits):.2f}")


def mix(shoppers, under_way, products=10):
    """The market mix; the figure is the share of shoppers who buy."""
    env = simpy.Environment()
    slopes, appeals = [2.0, 2.0, 0.5], [3.0] * products  # two of three shoppers are careful
    prices = [2 + 0.1 * j for j in range(products)]
    weights = [[exp(a - slope * p) for a, p in zip(appeals, prices)] for slope in slopes]
    cumulative = [list(itertools.accumulate(w)) for w in weights]
    sold, revenue, visits = [0] * products, [0.0] * products, 0

    def shopper():
        persona = random.randrange(len(slopes))
        yield env.timeout(random.expovariate(1))
        c = cumulative[persona]
        product = bisect(c, random.random() * (c[-1] + 1))  # nothing has the weight 1
        if product < products:
            price = prices[product]
            yield env.timeout(random.expovariate(1))
            sold[product] += 1
            revenue[product] += price

    def arrivals(rate):
        nonlocal visits
        while True:
            yield env.timeout(random.expovariate(rate))
            visits += 1
            env.process(shopper())

    def sellers(interval):
        while True:
            yield env.timeout(interval)
            j = random.randrange(products)
            prices[j] = (2 + 0.1 * j) * random.choice([0.8, 0.9, 1])
            for slope, w, persona in zip(slopes, weights, range(len(slopes))):
                w[j] = exp(appeals[j] - slope * prices[j])
                cumulative[persona] = list(itertools.accumulate(w))

    rate = under_way / 1.6
    env.process(arrivals(rate))
    env.process(sellers(5_000 / rate))
    clock(f"Mix/{products}", env, shoppers / rate, lambda: visits, lambda: f"{sum(sold) / visits:.3f}")


random.seed(1)
hold(100, 1_000_000)
hold(10_000, 1_000_000)
mm1(200_000, 0.9)
mix(300_000, 100)
hold(1_000_000, 1_000_000)
