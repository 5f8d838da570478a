package workflow

import "github.com/souk-sim/souk/results/report/web"

// trainingPage is the report of a training run.
func trainingPage(f *RunFiles) (*web.Page, error) {
	m := &Summary{}
	if _, err := f.json("summary.json", m); err != nil {
		return nil, err
	}
	s, err := f.scenario()
	if err != nil {
		return nil, err
	}
	page := &web.Page{Title: m.Scenario, Kind: "Training run " + m.RunID, Question: m.Question}
	page.Sections = append(page.Sections, f.reproduction(s, "train"))
	return page, nil
}
