package affinity

import (
	"fmt"

	"github.com/souk-sim/souk/scenarios/field"
)

// A Recommender scores items for a user. It is read-only after the fit: any number of goroutines may ask it.
type Recommender interface {
	// Size is the number of users and items that it knows.
	Size() (users, items int)
	// Score fills one score an item, the higher the better (only the order matters, unless the model is a Predictor), without
	// allocating. A user of −1, or beyond those known, gets what is thought of somebody unknown. len(scores) is the number of items.
	Score(user int, scores []float64)
}

// A Predictor is a Recommender whose scores are ratings on the scale of those it learnt from.
type Predictor interface {
	Recommender
	// Predict is the rating expected of a user for an item; of either, −1 or a number beyond those known is unknown.
	Predict(user, item int) float64
}

// Options of a fit. What is zero takes the method's default; what a method does not use is ignored.
type Options struct {
	Rank       int      // factors
	Lambda     float64  // penalty, in the method's own unit
	Sweeps     int      // passes over the ratings
	Alpha      float64  // confidence of a unit of implicit feedback
	Neighbours int      // neighbours that predict
	Shrinkage  float64  // of similarities, in common raters
	Similarity string   // of items: adjusted-cosine, cosine or pearson
	Content    Features // of the items, read by the neural methods; none where empty
	Seed       uint64   // of the random numbers that a fit starts from
	Workers    int      // goroutines, 0 = one; no result depends on it
}

func (o Options) validate() error {
	for _, c := range []struct {
		key   string
		value float64
	}{{"rank", float64(o.Rank)}, {"lambda", o.Lambda}, {"sweeps", float64(o.Sweeps)}, {"alpha", o.Alpha},
		{"neighbours", float64(o.Neighbours)}, {"shrinkage", o.Shrinkage}, {"workers", float64(o.Workers)}} {
		if !(c.value >= 0 && c.value < 1<<31) {
			return field.New(c.key, c.value, "0 (the method's default) or more")
		}
	}
	return nil
}

// Method is one way to learn who likes what.
type Method struct {
	Name     string
	Summary  string
	Explicit bool // predicts ratings: its models are Predictors
	Fit      func(*Ratings, Options) (Recommender, error)
}

// Methods are all there are, baselines first.
func Methods() []Method {
	return []Method{
		{"random", "a fixed random order of the items for each user", false, fitted(FitRandom)},
		{"popularity", "the items that most users took or rated", false, fitted(FitPopularity)},
		{"global-mean", "the mean of all ratings", true, fitted(FitGlobalMean)},
		{"user-mean", "the user's mean rating", true, fitted(FitUserMean)},
		{"item-mean", "the item's mean rating", true, fitted(FitItemMean)},
		{"biases", "how users and items differ from the mean, by a ridge", true, fitted(FitBiases)},
		{"item-neighbours", "from the user's ratings of the items most alike", true, fitted(FitNeighbours)},
		{"item-cosine", "items most alike those that the user took", false, fitted(FitItemCosine)},
		{"als", "ratings factorised by alternating least squares", true, fitted(FitALS)},
		{"sgd", "ratings factorised by stochastic gradient descent", true, fitted(FitSGD)},
		{"bayes", "ratings factorised by variational Bayes, which needs no penalty", true, fitted(FitBayes)},
		{"implicit", "purchases or clicks factorised by implicit alternating least squares", false, fitted(FitImplicit)},
		{"neural", "ratings by embeddings of users and items through a neural network", true, fitted(FitNeural)},
		{"neural-implicit", "purchases or clicks by embeddings through a neural network", false, fitted(FitNeuralImplicit)},
	}
}

// fitted hides which model a fit gives, and is nil where it gave an error.
func fitted[M Recommender](fit func(*Ratings, Options) (M, error)) func(*Ratings, Options) (Recommender, error) {
	return func(r *Ratings, o Options) (Recommender, error) {
		m, err := fit(r, o)
		if err != nil {
			return nil, err
		}
		return m, nil
	}
}

// Fit learns by the method of that name.
func Fit(method string, r *Ratings, o Options) (Recommender, error) {
	names := ""
	for _, m := range Methods() {
		if m.Name == method {
			return m.Fit(r, o)
		}
		names += ", " + m.Name
	}
	return nil, field.New("method", fmt.Sprintf("%q", method), "one of "+names[2:])
}

func ready(r *Ratings, o Options) error {
	if err := o.validate(); err != nil {
		return err
	}
	return r.Validate()
}
