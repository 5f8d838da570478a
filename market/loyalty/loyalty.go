// Package loyalty holds models of when customers come back and when they are lost, of customers who owe a shop nothing
// and never say goodbye: BG/NBD and Pareto/NBD for the visits, Gamma–Gamma for what a visit is worth. They are fitted
// by maximum likelihood on three numbers a customer, and drive simulated shoppers.
//
// Time is in whatever unit the customers' Recency and T are in: rates are per that unit. The package knows customers by
// their numbers in the caller's slice alone.
package loyalty

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// Customer is what the models need to know of one: a summary of the purchases from the first one on, which began the
// acquaintance and does not count itself.
type Customer struct {
	Frequency int     // repeat purchases
	Recency   float64 // time from the first purchase to the last, 0 without repeats
	T         float64 // time from the first purchase to the end of observation
	Spend     float64 // mean amount of a repeat purchase, money; 0 without repeats
	Holdout   int     // purchases after the end of observation, if the log went on
	// HoldoutSpend is their mean amount, 0 without any.
	HoldoutSpend float64
}

// Model is a law of repeat purchases with given parameters. Times must be finite and 0 or more.
type Model interface {
	// LogLikelihood is the log density of c's repeat purchases, as the paper of the model has it.
	LogLikelihood(c Customer) float64
	// Alive is the probability that c has not lapsed by T.
	Alive(c Customer) float64
	// Expected is the mean number of repeat purchases of a new customer within t of the first one.
	Expected(t float64) float64
	// Conditional is the mean number of purchases of c within t after T.
	Conditional(c Customer, t float64) float64
	// Probability is that of exactly x repeat purchases within t of the first one.
	Probability(x int, t float64) float64
	// Parameters are those of the model, in the order of Estimates.Names.
	Parameters() []float64
	// Draw makes a new customer, by a fixed number of draws.
	Draw(stream *rng.Stream) Shopper
}

// maximumFrequency bounds the tables a fit makes.
const maximumFrequency = 100_000

// check reports why c cannot be the i-th customer.
func (c Customer) check(i int) error {
	key := func(name string) string { return fmt.Sprintf("customer %d: %s", i+1, name) }
	finite := func(v float64) bool { return v >= 0 && !math.IsInf(v, 1) }
	switch {
	case c.Frequency < 0 || c.Frequency > maximumFrequency:
		return field.New(key("frequency"), c.Frequency, "a count of repeat purchases from 0 to 100000")
	case !finite(c.T):
		return field.New(key("T"), c.T, "a finite time, 0 or more")
	case !finite(c.Recency):
		return field.New(key("recency"), c.Recency, "a finite time, 0 or more")
	case c.Recency > c.T:
		return field.New(key("recency"), fmt.Sprintf("%v with T %v", c.Recency, c.T), "a last purchase within the time of observation")
	case c.Frequency == 0 && c.Recency > 0:
		return field.New(key("recency"), fmt.Sprintf("%v without a repeat purchase", c.Recency), "0")
	case c.Frequency > 0 && c.Recency == 0:
		return field.New(key("recency"), fmt.Sprintf("0 with %d repeat purchases", c.Frequency), "a time after the first purchase: merge purchases of one moment")
	case math.IsNaN(c.Spend) || math.IsInf(c.Spend, 0):
		return field.New(key("spend"), c.Spend, "a finite amount")
	case c.Holdout < 0:
		return field.New(key("holdout"), c.Holdout, "a count, 0 or more")
	case math.IsNaN(c.HoldoutSpend) || math.IsInf(c.HoldoutSpend, 0):
		return field.New(key("holdout spend"), c.HoldoutSpend, "a finite amount")
	}
	return nil
}

// checkCustomers reports why no model can be fitted to them.
func checkCustomers(customers []Customer) error {
	repeats := 0
	for i, c := range customers {
		if err := c.check(i); err != nil {
			return err
		}
		if c.Frequency > 0 {
			repeats++
		}
	}
	switch {
	case len(customers) < 2:
		return field.New("customers", len(customers), "at least two: the models are of how customers differ")
	case repeats == 0:
		return field.New("customers", fmt.Sprintf("no repeat purchase of %d customers", len(customers)), "at least one customer who came back: r and alpha are not identified without")
	}
	return nil
}

// checkParameters reports the first that is not a positive number, with a margin for the arithmetic.
func checkParameters(names []string, values []float64) error {
	for i, v := range values {
		if !(v >= 1e-30 && v <= 1e30) {
			return field.New(names[i], v, "a number from 1e-30 to 1e30")
		}
	}
	return nil
}
