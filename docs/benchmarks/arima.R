# Times R's side of docs/benchmarks/arima: median of wall clock over repetitions after one warm-up, one line each,
#   name seconds log-likelihood-or-AICc
# With an argument it only writes the treering series there, a value a line, for our side.
arguments <- commandArgs(TRUE)
if (length(arguments) == 1) {
  writeLines(format(as.numeric(treering), digits = 17), arguments)
  quit()
}
clock <- function(name, repetitions, fit, value) {
  f <- fit()
  seconds <- replicate(repetitions, system.time(fit())[["elapsed"]])
  cat(name, format(median(seconds), digits = 6), format(value(f), digits = 9), "\n")
}
airline <- function(x) function() arima(x, order = c(0, 1, 1), seasonal = c(0, 1, 1))
logLikelihood <- function(f) f$loglik
clock("Airline", 15, airline(log(AirPassengers)), logLikelihood)
clock("USAccDeaths", 15, airline(USAccDeaths), logLikelihood)
clock("Treering", 5, function() arima(treering, order = c(2, 0, 1)), logLikelihood)
if (suppressMessages(requireNamespace("forecast", quietly = TRUE))) {
  automatic <- function(x) function() forecast::auto.arima(x, approximation = FALSE)
  clock("AutoAirline", 5, automatic(log(AirPassengers)), function(f) f$aicc)
  clock("AutoUSAccDeaths", 5, automatic(USAccDeaths), function(f) f$aicc)
}
