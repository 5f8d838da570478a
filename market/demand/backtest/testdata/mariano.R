# Reference values of the Diebold–Mariano test: Rscript mariano.R > mariano.json (R 4.2.2, forecast 8.20).
# dm.test(e1, e2, h = h, power = power, varestimator = estimator) on errors; the Go function takes |error|^power.
suppressMessages(library(forecast))
set.seed(42)
number <- function(x) format(x, digits = 17)
list_of <- function(x) paste0("[", paste(number(x), collapse = ", "), "]")
cases <- c()
add <- function(e1, e2, h, power, estimator) {
  t <- dm.test(e1, e2, h = h, power = power, varestimator = estimator)
  cases <<- c(cases, sprintf('{"h": %d, "power": %d, "estimator": "%s", "statistic": %s, "p_value": %s,\n  "e1": %s,\n  "e2": %s}',
    h, power, estimator, number(unname(t$statistic)), number(unname(t$p.value)), list_of(e1), list_of(e2)))
}
for (h in c(1, 3, 6)) for (power in 1:2) {
  e1 <- as.numeric(arima.sim(list(ma = c(0.6, 0.3)), 40))
  e2 <- as.numeric(arima.sim(list(ma = c(0.6, 0.3)), 40)) * 1.4
  add(round(e1, 6), round(e2, 6), h, power, "acf")
}
# losses that alternate have a negative sum of autocovariances: Bartlett's weights
alternating <- 2 + rep(c(1, -1), 12) + round(rnorm(24) / 10, 6)
add(alternating, rep(1.95, 24), 2, 1, "bartlett")
cat('{"software": "R 4.2.2, forecast 8.20", "call": "Rscript mariano.R", "cases": [\n', paste(cases, collapse = ",\n"), "\n]}\n", sep = "")
