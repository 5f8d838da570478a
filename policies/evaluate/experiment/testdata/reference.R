# Reference values of this room's tests, by R. Run here: Rscript reference.R (six minutes, for the boundaries)
library(mvtnorm); library(sandwich)
set.seed(42)
n <- 240
arm <- sample(c("a", "b", "c"), n, TRUE, c(.4, .35, .25))
stratum <- sample(c("x", "y", "z"), n, TRUE, c(.5, .3, .2))
pre <- round(rgamma(n, 2, .1), 2)
visits <- 1 + rpois(n, 2)
orders <- rbinom(n, visits, ifelse(arm == "b", .35, .25))
revenue <- round(pre * .4 + 5 * orders + 3 * (stratum == "y") + rnorm(n, 0, 4), 2)
cluster <- sample(1:24, n, TRUE)
carm <- ifelse(cluster <= 12, "a", "b")
d <- data.frame(unit = seq_len(n), arm, stratum, pre, visits, orders, revenue, cluster, carm)
write.csv(d, "reference.csv", row.names = FALSE, quote = FALSE)
out <- c()
put <- function(name, call, values) out <<- c(out, sprintf('  "%s": {"call": "%s", "values": [%s]}', name, gsub('"', "'", call), paste(sprintf("%.12g", values), collapse = ", ")))
a <- d[d$arm == "a", ]; b <- d[d$arm == "b", ]; cc <- d[d$arm == "c", ]
w <- t.test(b$revenue, a$revenue); w2 <- t.test(cc$revenue, a$revenue)
put("welch", "t.test(b$revenue, a$revenue): difference, low, high, df, p", c(diff(rev(w$estimate)), w$conf.int, w$parameter, w$p.value))
p <- c(w$p.value, w2$p.value)
put("holm", "p.adjust(p, 'holm') of both treatments", p.adjust(p, "holm"))
v <- c(.001, .2, .03, .04, .04, .9, .012)
put("holm7", "p.adjust(c(.001, .2, .03, .04, .04, .9, .012), 'holm')", p.adjust(v, "holm"))
put("bh7", "p.adjust(c(.001, .2, .03, .04, .04, .9, .012), 'BH')", p.adjust(v, "BH"))
put("srm", "chisq.test(table(arm), p = c(.4, .35, .25)): X-squared, p", { k <- chisq.test(table(d$arm), p = c(.4, .35, .25)); c(k$statistic, k$p.value) })
ratio <- function(g) { R <- sum(g$orders) / sum(g$visits); c(R, var(g$orders - R * g$visits) / mean(g$visits)^2 / nrow(g)) }
ra <- ratio(a); rb <- ratio(b)
put("delta", "R = sum(orders)/sum(visits), var(orders - R*visits)/mean(visits)^2/n by arm: a, b, standard error of b - a", c(ra[1], rb[1], sqrt(ra[2] + rb[2])))
two <- d[d$arm != "c", ]
theta <- coef(lm(revenue ~ arm + pre, two))["pre"]
ya <- a$revenue - theta * a$pre; yb <- b$revenue - theta * b$pre
k <- t.test(yb, ya)
put("cuped", "theta = coef(lm(revenue ~ arm + pre)); t.test(yb, ya) of revenue - theta*pre, arms a and b alone: difference, low, high, df, p", c(diff(rev(k$estimate)), k$conf.int, k$parameter, k$p.value))
W <- table(two$stratum) / nrow(two)
m <- function(g) tapply(g$revenue, g$stratum, mean); s2 <- function(g) tapply(g$revenue, g$stratum, var) / table(g$stratum)
put("strata", "sum W*(mean b - mean a), sqrt(sum W^2*(var b/n + var a/n)) over strata of arms a and b", c(sum(W * (m(b) - m(a))), sqrt(sum(W^2 * (s2(b) + s2(a))))))
# a ratio whose denominator is 0 for many: revenue for each order, who orders nothing has 0 over 0
two$basket <- ifelse(two$orders > 0, two$revenue, 0)
z <- function(g) { R <- sum(g$basket) / sum(g$orders); (g$basket - R * g$orders) / mean(g$orders) }
R <- tapply(two$basket, two$arm, sum) / tapply(two$orders, two$arm, sum)
two$z <- 0; for (g in c("a", "b")) two$z[two$arm == g] <- z(two[two$arm == g, ])
theta <- coef(lm(z ~ arm + pre, two))["pre"]; two$e <- two$z - theta * two$pre
M <- tapply(two$e, two$arm, mean); V <- tapply(two$e, two$arm, var) / table(two$arm)
put("cupedzero", "z = (y - R*d)/mean(d) with d = 0 for who orders nothing, theta = coef(lm(z ~ arm + pre)): R b - R a + mean(z - theta*pre) of b less of a, standard error", c(R["b"] - R["a"] + M["b"] - M["a"], sqrt(sum(V))))
m <- function(g) tapply(g$z, g$stratum, mean); s2 <- function(g) tapply(g$z, g$stratum, var) / table(g$stratum)
za <- two[two$arm == "a", ]; zb <- two[two$arm == "b", ]
put("stratazero", "the same z: R b - R a + sum W*(mean z of b - of a), sqrt(sum W^2*(var b/n + var a/n))", c(R["b"] - R["a"] + sum(W * (m(zb) - m(za))), sqrt(sum(W^2 * (s2(zb) + s2(za))))))
# a mean over rows with clusters that were randomised: least squares with leave-one-cluster-out
fit <- lm(revenue ~ carm, d)
jack <- function(g) { R <- mean(g$revenue); G <- unique(g$cluster); l <- sapply(G, function(x) mean(g$revenue[g$cluster != x])); c(R, (length(G) - 1) / length(G) * sum((l - mean(l))^2)) }
ja <- jack(d[d$carm == "a", ]); jb <- jack(d[d$carm == "b", ])
put("jackknife", "leave-one-cluster-out by arm: difference b - a, sqrt(sum of (G-1)/G*sum((l - mean(l))^2))", c(jb[1] - ja[1], sqrt(ja[2] + jb[2])))
put("power", "power.t.test(n = 50, delta = .5, sd = 1, strict = TRUE)$power; n = 12, delta = 1.1, sd = .9; n = 2000, delta = .05, sd = 1",
    c(power.t.test(n = 50, delta = .5, sd = 1, strict = TRUE)$power, power.t.test(n = 12, delta = 1.1, sd = .9, strict = TRUE)$power, power.t.test(n = 2000, delta = .05, sd = 1, strict = TRUE)$power))
put("size", "power.t.test(delta = .25, sd = 1, power = .8, strict = TRUE)$n; power.t.test(n = 400, sd = 2, power = .9, strict = TRUE)$delta",
    c(power.t.test(delta = .25, sd = 1, power = .8, strict = TRUE)$n, power.t.test(n = 400, sd = 2, power = .9, strict = TRUE, tol = 1e-10)$delta))
# boundaries by the multivariate normal law of the scores, corr = sqrt(t_i/t_j)
inside <- function(t, c) { S <- outer(t, t, function(a, b) sqrt(pmin(a, b) / pmax(a, b))); set.seed(1); if (length(t) == 1) 1 - 2 * pnorm(-c) else pmvnorm(-c, c, corr = S, algorithm = GenzBretz(maxpts = 5e6, abseps = 1e-8))[1] }
spend <- function(t, alpha = .05) 4 * (1 - pnorm(qnorm(1 - alpha / 4) / sqrt(t)))
lan <- function(t) { c <- c(); for (k in seq_along(t)) { f <- function(x) 1 - inside(t[1:k], c(c, x)) - spend(t[k]); c <- c(c, if (k == 1) -qnorm(spend(t[1]) / 2) else uniroot(f, c(1, 8), tol = 1e-9)$root) }; c }
put("lan5", "Lan & DeMets' spending, 5 looks: uniroot over pmvnorm of mvtnorm", lan((1:5) / 5))
put("lanuneven", "the same, looks at .2, .5, .6, 1", lan(c(.2, .5, .6, 1)))
writeLines(c("{", sprintf('  "software": "%s, mvtnorm %s",', R.version.string, packageVersion("mvtnorm")), paste(out, collapse = ",\n"), "}"), "reference.json")
