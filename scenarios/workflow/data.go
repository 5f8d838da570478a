// Package workflow does what a scenario asks: it reads and checks the data, fits the models, builds the market, trains the agents,
// compares what they learned with everything else, and leaves a run directory. Each stage is a plain function.
package workflow

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
)

// Data are a scenario's logs, checked.
type Data struct {
	Panel    logs.Panel // impossible values are missing
	Findings []logs.Finding
}

// weeksPerYear is the season of the data checks, in periods.
const weeksPerYear = 52

// ReadData reads and checks the panel. The error is a *field.Error where the file or its content is bad.
func ReadData(s *scenarios.Scenario) (*Data, error) {
	name, file, err := s.Panel()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	at, ok := file.(io.ReaderAt)
	if !ok || info.IsDir() {
		return nil, &field.Error{File: name, Found: "a folder", Expected: "a file"}
	}
	panel, err := logs.Decode(name, at, info.Size(), columns(&s.Data))
	if err != nil {
		return nil, err
	}
	split := logs.Split(s.Data.Split)
	if err := split.Check(panel); err != nil {
		if bad, ok := errors.AsType[*field.Error](err); ok {
			bad.Key = "data.split." + bad.Key
		}
		return nil, err
	}
	d := &Data{}
	d.Panel, d.Findings = logs.Check(panel, weeksPerYear)
	return d, nil
}

// columns spells the column patterns out, product by product.
func columns(d *scenarios.Data) logs.Columns {
	c := logs.Columns{Period: d.Columns.Week, Customers: d.Columns.Customers}
	for i, name := range d.Products {
		at := func(pattern string) string { return strings.Replace(pattern, "#", strconv.Itoa(i+1), 1) }
		c.Products = append(c.Products, logs.ProductColumns{Name: name, Units: at(d.Columns.Units), Display: at(d.Columns.Display),
			Price: at(d.Columns.Price), LogPrice: at(d.Columns.LogPrice),
			Wholesale: at(d.Columns.Wholesale), LogWholesale: at(d.Columns.LogWholesale)})
	}
	return c
}

// forChoice is the panel without the units that the checks tell the choice model to leave out.
func (d *Data) forChoice() *choice.Panel {
	p := &choice.Panel{Brands: d.Panel.Products, Weeks: d.Panel.Periods, Price: d.Panel.Price, Wholesale: d.Panel.Wholesale,
		Display: d.Panel.Display, Customers: d.Panel.Customers}
	row := make(map[int]int)
	for t, period := range d.Panel.Periods {
		row[period] = t
		p.Units = append(p.Units, append([]float64(nil), d.Panel.Units[t]...))
	}
	for _, f := range d.Findings {
		if j := d.Panel.Index(f.Product); f.Action == logs.OutOfChoice && j >= 0 {
			p.Units[row[f.Period]][j] = missing
		}
	}
	return p
}

// trafficFalls are the periods whose traffic the checks tell the demand model to take out.
func (d *Data) trafficFalls() (periods []int) {
	for _, f := range d.Findings {
		if f.Action == logs.Dummy {
			periods = append(periods, f.Period)
		}
	}
	return periods
}
