# Reference values for censored_test.go: Rscript testdata/tobit_reference.R > testdata/tobit_reference.json
# R 4.2.2, survival 3.5-3, jsonlite.
library(survival)
set.seed(20)
n <- 120
x <- round(runif(n), 4)
deal <- rbinom(n, 1, 0.3)
demand <- 40 + 15 * x + 12 * deal + 9 * rnorm(n)
stock <- round(40 + 30 * runif(n), 2)
sales <- round(pmin(demand, stock), 2)
soldout <- as.integer(demand >= stock)
fit <- survreg(Surv(sales, 1 - soldout) ~ x + deal, dist = "gaussian", control = survreg.control(rel.tolerance = 1e-14, maxiter = 100))
mean_only <- survreg(Surv(sales, 1 - soldout) ~ 1, dist = "gaussian", control = survreg.control(rel.tolerance = 1e-14, maxiter = 100))
cat(jsonlite::toJSON(list(
  software = paste(R.version.string, "; survival", packageVersion("survival")),
  call = 'survreg(Surv(sales, 1 - soldout) ~ x + deal, dist = "gaussian", control = survreg.control(rel.tolerance = 1e-14, maxiter = 100))',
  sales = sales, soldout = soldout, x = x, deal = deal,
  coef = unname(coef(fit)), se = unname(sqrt(diag(vcov(fit)))), sigma = fit$scale, loglik = fit$loglik[2],
  mean = unname(coef(mean_only)), mean_sigma = mean_only$scale), digits = 12, auto_unbox = TRUE), "\n")
