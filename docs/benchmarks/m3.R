# R's auto.arima, ets and thetaf (defaults) on the M3 series of the given periods: Rscript docs/benchmarks/m3.R m3.csv yearly quarterly
# Prints sMAPE, the mean over series. m3.csv has columns id, period, freq, x and xx, the last two separated by blanks.
suppressMessages(library(forecast))
args <- commandArgs(TRUE)
m <- read.csv(args[1], stringsAsFactors = FALSE)
values <- function(s) as.numeric(strsplit(s, " ")[[1]])
for (p in args[-1]) {
  d <- m[m$period == p, ]
  scores <- sapply(seq_len(nrow(d)), function(i) {
    x <- ts(values(d$x[i]), frequency = d$freq[i]); xx <- values(d$xx[i]); h <- length(xx)
    smape <- function(f) mean(200 * abs(xx - f$mean) / (abs(xx) + abs(f$mean)))
    c(auto.arima = smape(forecast(auto.arima(x), h = h)), ets = smape(forecast(ets(x), h = h)), thetaf = smape(thetaf(x, h = h)))
  })
  cat(p, nrow(d), "series:", paste(rownames(scores), round(rowMeans(scores), 3)), "\n")
}
