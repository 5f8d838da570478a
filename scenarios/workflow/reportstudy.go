package workflow

import "github.com/souk-sim/souk/results/report/web"

// studyPage is the report of a run whose measures are its result.
func studyPage(f *RunFiles) (*web.Page, error) {
	m := &Findings{}
	if _, err := f.json("measures.json", m); err != nil {
		return nil, err
	}
	s, err := f.scenario()
	if err != nil {
		return nil, err
	}
	page := &web.Page{Title: m.Scenario, Kind: "Study, run " + m.RunID, Question: m.Question}
	page.Sections = append(page.Sections, f.reproduction(s, "train"))
	return page, nil
}
