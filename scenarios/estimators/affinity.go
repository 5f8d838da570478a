package estimators

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/market/affinity"
	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
)

// Recommender learns who likes what.
type Recommender struct {
	Reading
	Method     string   `toml:"method" default:"'bayes'" doc:"als, bayes, biases, implicit, item-neighbours (or item-item), popularity, random, sgd and others"`
	Rank       int      `toml:"rank" range:"[0,1000]" doc:"factors; 0 here and below: the method's own"`
	Lambda     float64  `toml:"lambda" range:"[0,1e9]" doc:"penalty, in the method's unit"`
	Sweeps     int      `toml:"sweeps" range:"[0,100000]" doc:"passes over the ratings"`
	Alpha      float64  `toml:"alpha" range:"[0,1e9]" doc:"implicit: confidence of a unit of feedback"`
	Neighbours int      `toml:"neighbours" range:"[0,10000]" doc:"items alike that a rating is told by"`
	Shrinkage  float64  `toml:"shrinkage" range:"[0,1e9]" doc:"of likeness, in raters of both items"`
	Similarity string   `toml:"similarity" doc:"of items: adjusted-cosine, cosine or pearson"`
	K          int      `toml:"k" default:"10" range:"[1,10000]" doc:"items of a list that is judged"`
	Relevant   *float64 `toml:"relevant" doc:"least rating of an item worth finding; left out: the mean, of implicit methods any"`
	TestEvery  int      `toml:"test_every" range:"[0,1000000]" doc:"rows 0, n, 2n … are held out, and no others; 0: the end of time, or rows by chance"`
}

// recommenderFigures are what is told of a recommender.
type recommenderFigures struct {
	Users       int            `json:"users"`
	Items       int            `json:"items"`
	Ratings     int            `json:"n_train"`
	Mean        float64        `json:"mean_train"`
	TrainRMSE   *float64       `json:"train_rmse,omitempty"`
	Objective   *float64       `json:"train_objective,omitempty"` // of biases and als with a lambda that is given
	RMSE        *float64       `json:"rmse,omitempty"`
	MAE         *float64       `json:"mae,omitempty"`
	RMSEClipped *float64       `json:"rmse_clipped,omitempty"` // of predictions within the range of the ratings
	Split       string         `json:"split"`
	Ranking     *ranked        `json:"ranking,omitempty"`
	Compared    []rankedMethod `json:"compared,omitempty"`
}

type ranked struct {
	affinity.RankingQuality
	Relevant *float64 `json:"relevant,omitempty"` // least rating; nil: any
}

// rankedMethod is how well a method does, to compare.
type rankedMethod struct {
	Method  string                   `json:"method"`
	RMSE    *float64                 `json:"rmse,omitempty"`
	MAE     *float64                 `json:"mae,omitempty"`
	Ranking *affinity.RankingQuality `json:"ranking,omitempty"`
}

// method finds the method by its name.
func (r *Recommender) method() (affinity.Method, error) {
	name := r.Method
	if name == "item-item" {
		name = "item-neighbours"
	}
	all, names := affinity.Methods(), ""
	for _, m := range all {
		if m.Name == name {
			return m, nil
		}
		names += ", " + m.Name
	}
	return affinity.Method{}, field.New("method", fmt.Sprintf("%q", r.Method), "one of "+names[2:])
}

func (r *Recommender) options(job Job) affinity.Options {
	return affinity.Options{Rank: r.Rank, Lambda: r.Lambda, Sweeps: r.Sweeps, Alpha: r.Alpha, Neighbours: r.Neighbours, Shrinkage: r.Shrinkage,
		Similarity: r.Similarity, Seed: job.Seed, Workers: job.Workers}
}

// split keeps rows to judge by; held is nil where there are none.
func (r *Recommender) split(job Job, all *affinity.Ratings) (train, held *affinity.Ratings, how string, err error) {
	switch {
	case r.TestEvery == 1:
		return nil, nil, "", field.New("test_every", 1, "2 or more, so that rows are left to learn from")
	case r.TestEvery > 1:
		train, held = all.SplitRows(func(row int) bool { return row%r.TestEvery == 0 })
		how = fmt.Sprintf("rows 0, %d, %d …", r.TestEvery, 2*r.TestEvery)
	case job.HeldOut == 0:
		return all, nil, "none", nil
	case all.Time != nil:
		train, held, err = all.SplitByTime(job.HeldOut)
		how = "the end of time"
	default:
		apart, err := heldOut(job, all.Len(), "rows")
		if err != nil {
			return nil, nil, "", err
		}
		train, held = all.SplitRows(func(row int) bool { return apart[row] })
		how = "rows by chance"
	}
	if err == nil && (train.Len() == 0 || held.Len() == 0) {
		err = field.New("rows", all.Len(), "more, so that some can be held out")
	}
	return train, held, how, err
}

// Fit implements Estimator.
func (r *Recommender) Fit(_ context.Context, job Job) (*Fit, error) {
	method, err := r.method()
	if err != nil {
		return nil, err
	}
	data, err := logs.DecodeRatings(job.Data.Name, job.Data, job.Data.Size, r.Reading.options(nil))
	if err != nil {
		return nil, err
	}
	all := &affinity.Ratings{Users: data.Users, Items: data.Items, User: data.User, Item: data.Item, Value: data.Value, Time: data.Time}
	train, held, how, err := r.split(job, all)
	if err != nil {
		return nil, r.blame(job, err)
	}
	model, err := method.Fit(train, r.options(job))
	if err != nil {
		return nil, r.blame(job, err)
	}
	own := recommenderFigures{Users: all.Users, Items: all.Items, Ratings: train.Len(), Mean: stats.Mean(train.Value), Split: how}
	f := &Fit{Model: "recommender: " + method.Summary, N: train.Len(), Customers: all.Users, LogLik: math.NaN(), Converged: true, Warnings: findings(data.Report)}
	f.Data = fmt.Sprintf("%d ratings by %d customers of %d items, %d more held out (%s)", train.Len(), all.Users, all.Items, all.Len()-train.Len(), how)
	f.Saved = saved{func() ([]byte, error) { return affinity.SaveNamed(model, data.Names) }}
	if p, ok := model.(affinity.Predictor); ok {
		if err := r.trained(p, train, &own); err != nil {
			return nil, inFile(job.Data, err)
		}
		f.Words = append(f.Words, fmt.Sprintf("RMSE %.4f of the ratings that it learnt from", *own.TrainRMSE))
	}
	if held != nil {
		if err := r.judge(job, f, &own, method, model, train, held); err != nil {
			return nil, r.blame(job, err)
		}
	}
	f.Own = own
	return f, nil
}

// blame gives an error about an option to the option, else to the file.
func (r *Recommender) blame(job Job, err error) error {
	if bad, ok := err.(*field.Error); ok && slices.Contains([]string{"rank", "lambda", "sweeps", "alpha", "neighbours", "shrinkage", "similarity", "k", "test_every"}, bad.Key) {
		return err
	}
	return inFile(job.Data, err)
}

// trained tells how well ratings that were learnt from are told, and what was made least where that is known.
func (r *Recommender) trained(p affinity.Predictor, train *affinity.Ratings, own *recommenderFigures) error {
	e, err := affinity.EvaluateRatings(p, train)
	if err != nil {
		return err
	}
	own.TrainRMSE = &e.RMSE
	m, ok := p.(*affinity.Factors)
	if !ok || r.Lambda == 0 || r.Method != "biases" && r.Method != "als" {
		return nil
	}
	objective := 0.0
	for i, v := range train.Value {
		u, item := int(train.User[i]), int(train.Item[i])
		off := v - m.Predict(u, item)
		objective += off * off
		if r.Method == "als" {
			objective += r.Lambda * (length(m.User[u*m.Rank:(u+1)*m.Rank]) + length(m.Item[item*m.Rank:(item+1)*m.Rank]))
		}
	}
	if r.Method == "biases" {
		objective += r.Lambda * (length(m.UserBias) + length(m.ItemBias))
	}
	own.Objective = &objective
	return nil
}

// length is the squared length of a vector.
func length(v []float64) (sum float64) {
	for _, x := range v {
		sum += float64(x * x)
	}
	return sum
}

// judge tells how well the method does on what was held out, and the simple ones beside it.
func (r *Recommender) judge(job Job, f *Fit, own *recommenderFigures, method affinity.Method, model affinity.Recommender, train, held *affinity.Ratings) error {
	relevant := own.Mean
	switch {
	case r.Relevant != nil:
		relevant = *r.Relevant
	case !method.Explicit && method.Name != "random" && method.Name != "popularity":
		relevant = math.Inf(-1)
	}
	f.HeldOut = []Figure{{"ratings", float64(held.Len())}}
	t := Table{Title: "on ratings held out", Rows: [][]string{{"", "RMSE", "MAE", "precision", "recall", "NDCG", "MAP", "coverage"}}}
	for i, name := range []string{method.Name, "biases", "item-mean", "popularity", "random"} {
		m := model
		if i > 0 && name == method.Name {
			continue
		}
		if i > 0 {
			var err error
			if m, err = affinity.Fit(name, train, affinity.Options{Seed: job.Seed, Workers: job.Workers}); err != nil {
				return err
			}
		}
		one, err := r.compare(name, m, train, held, relevant)
		if err != nil {
			return err
		}
		if q := one.Ranking; i == 0 {
			own.RMSE, own.MAE = one.RMSE, one.MAE
			if p, ok := m.(affinity.Predictor); ok {
				own.RMSEClipped = clippedRMSE(p, train, held)
				f.HeldOut = append(f.HeldOut, Figure{"rmse", *one.RMSE}, Figure{"mae", *one.MAE})
			}
			own.Ranking = &ranked{RankingQuality: *q}
			if !math.IsInf(relevant, 0) {
				own.Ranking.Relevant = &relevant
			}
			at := fmt.Sprintf("_at_%d", r.K)
			f.HeldOut = append(f.HeldOut, Figure{"precision" + at, q.Precision}, Figure{"recall" + at, q.Recall}, Figure{"ndcg" + at, q.NDCG}, Figure{"map" + at, q.MAP}, Figure{"coverage" + at, q.Coverage})
		}
		own.Compared = append(own.Compared, one)
		if name == "popularity" && i > 0 && one.Ranking.NDCG > own.Ranking.NDCG {
			f.Warnings = append(f.Warnings, fmt.Sprintf("what is popular is a better list for everybody (NDCG %.4f) than this method's for each (%.4f)", one.Ranking.NDCG, own.Ranking.NDCG))
		}
		row := []string{name, "–", "–"}
		if one.RMSE != nil {
			row[1], row[2] = fmt.Sprintf("%.4f", *one.RMSE), fmt.Sprintf("%.4f", *one.MAE)
		}
		for _, v := range []float64{one.Ranking.Precision, one.Ranking.Recall, one.Ranking.NDCG, one.Ranking.MAP, one.Ranking.Coverage} {
			row = append(row, fmt.Sprintf("%.4f", v))
		}
		t.Rows = append(t.Rows, row)
	}
	t.Note = fmt.Sprintf("lists of %d; worth finding is a rating of %s or more", r.K, rounded(relevant))
	if math.IsInf(relevant, -1) {
		t.Note = fmt.Sprintf("lists of %d; worth finding is all that was held out", r.K)
	}
	f.Tables = append(f.Tables, t)
	return nil
}

func (r *Recommender) compare(name string, m affinity.Recommender, train, held *affinity.Ratings, relevant float64) (rankedMethod, error) {
	one := rankedMethod{Method: name}
	if p, ok := m.(affinity.Predictor); ok {
		e, err := affinity.EvaluateRatings(p, held)
		if err != nil {
			return one, err
		}
		one.RMSE, one.MAE = &e.RMSE, &e.MAE
	}
	q, err := affinity.EvaluateRanking(m, train, held, r.K, relevant)
	one.Ranking = &q
	return one, err
}

// clippedRMSE is the RMSE of predictions within the range of the ratings learnt from.
func clippedRMSE(p affinity.Predictor, train, held *affinity.Ratings) *float64 {
	low, high, sum := slices.Min(train.Value), slices.Max(train.Value), 0.0
	for i, v := range held.Value {
		off := v - min(max(p.Predict(int(held.User[i]), int(held.Item[i])), low), high)
		sum += off * off
	}
	rmse := math.Sqrt(sum / float64(held.Len()))
	return &rmse
}
