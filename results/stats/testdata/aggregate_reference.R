# Writes aggregate_R.json: the same statistics of aggregate_reference.json's scores by R. Run: Rscript aggregate_reference.R
library(boot); library(jsonlite)
d <- fromJSON("aggregate_reference.json")
x <- as.vector(t(d$x)); stratum <- rep(1:3, each = 12)
iqm <- function(v) mean(v, trim = 0.25)
set.seed(5)
bca <- function(f) {
  b <- boot(x, function(v, i) f(v[i]), R = 100000, strata = stratum)
  L <- empinf(b, type = "jack")
  L <- L - ave(L, stratum) # leaving one out of a stratum must not change what the stratum weighs, as boot has it for stype = "w"
  list(value = b$t0, percentile = quantile(b$t, c(.025, .975), names = FALSE), bca = boot.ci(b, type = "bca", L = L)$bca[4:5], se = sd(b$t),
       acceleration = sum(L^3) / (6 * sum(L^2)^1.5))
}
p <- d$multiple$p
out <- list(software = paste(R.version.string, "boot", packageVersion("boot")),
  mean = c(call = "boot(x, mean, R = 100000, strata = stratum); boot.ci(type = 'bca', L = empinf(type = 'jack') about each stratum's mean)", bca(mean)),
  iqm = c(call = "as above, mean(v, trim = 0.25)", bca(iqm)),
  multiple = list(call = "p.adjust(p, 'holm'), p.adjust(p, 'BH')", holm = p.adjust(p, "holm"), bh = p.adjust(p, "BH")),
  power = list(call = "power.t.test(n = 10, delta = 0.5, sd = 1, type = c('paired', 'two.sample'), strict = TRUE)$power",
    paired = power.t.test(n = 10, delta = 0.5, sd = 1, type = "paired", strict = TRUE)$power,
    groups = power.t.test(n = 10, delta = 0.5, sd = 1, type = "two.sample", strict = TRUE)$power),
  needed = list(call = "ceiling(power.t.test(delta = 0.5, sd = 1, power = 0.8, type = 'paired')$n)", value = ceiling(power.t.test(delta = 0.5, sd = 1, power = 0.8, type = "paired")$n)))
write(toJSON(out, digits = 12, auto_unbox = TRUE, pretty = TRUE), "aggregate_R.json")
