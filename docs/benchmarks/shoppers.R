# Times R's side of docs/benchmarks/shoppers: the conditional logit of the margarine panel (first argument), median of wall clock over
# seven fits after one warm-up, one line: name seconds log-likelihood. The long data are made before the clock starts.
suppressMessages(library(survival))
wide <- read.csv(commandArgs(TRUE)[1])
brands <- names(wide)[-(1:2)]
long <- data.frame(situation = rep(seq_len(nrow(wide)), each = length(brands)), brand = factor(rep(brands, nrow(wide)), levels = brands),
                   price = as.vector(t(wide[, brands])))
long$taken <- as.integer(long$brand) == rep(wide$choice, each = length(brands))
for (b in brands[-1]) long[[b]] <- as.numeric(long$brand == b)
formula <- reformulate(c(brands[-1], "price", "strata(situation)"), "taken")
fit <- clogit(formula, long)
seconds <- replicate(7, system.time(clogit(formula, long))[["elapsed"]])
cat("LogitMargarine", format(median(seconds), digits = 6), format(fit$loglik[2], digits = 12), "\n")
