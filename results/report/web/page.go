// Package web writes a report as one HTML file that needs nothing else: no network, no font, no picture beside it.
//
// A Page is a title, an answer and sections of blocks: Text, Facts, Table, Pre, and the charts Lines, Intervals, Bars, Stack, Heat and Graph. Charts are SVG drawn
// here, each for a wide and for a narrow screen; colours are those of Okabe & Ito (2008) in variables of the style sheet, so that one file serves light and dark
// screens, paper and phones. A name has the same colour in all charts of a page. What a chart shows is also told in words and in a table, for those who cannot see
// it. The script sorts tables and zooms charts, and the page is whole without it. The same input gives the same bytes.
package web

import (
	"bytes"
	_ "embed"
	"fmt"
	"html"
	"io"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

//go:embed style.css
var style string

//go:embed script.js
var script string

// Page is a report.
type Page struct {
	Title    string // what it is of: the scenario's name
	Kind     string // what it is: "Training run 9a4745285d34"
	Question string // what was asked, a sentence; may be empty
	Answer   Answer
	Names    []string // policies and learners in the order of their colours, the most important first; other names follow as they appear
	Sections []Section
}

// Answer is what was found, in words. Its one number is what most readers take with them: without a Figure there is none.
type Answer struct {
	Figure   string   // the number with sign and unit: "+8.7%"
	Interval string   // "95% interval +8.5% to +8.9%"
	Of       string   // what the figure is: "profit a week of q-learning, against the best fixed price"
	Words    []string // paragraphs
}

// Section is a chapter; the table of contents lists it.
type Section struct {
	ID     string // the fragment of its address: letters, digits and hyphens, unique in the page
	Title  string
	Blocks []Block
}

// Block is a part of a section.
type Block interface {
	write(d *document) error
}

// document is a page being written.
type document struct {
	bytes.Buffer
	hues   map[string]int
	charts int
}

func (d *document) f(format string, args ...any) { fmt.Fprintf(d, format, args...) }

// hue is the number of a name's colour, from 0.
func (d *document) hue(name string) int {
	i, known := d.hues[name]
	if !known {
		i = len(d.hues)
		d.hues[name] = i
	}
	return i
}

// esc makes text safe between tags and in attributes.
func esc(text string) string { return html.EscapeString(text) }

// Write writes the page as HTML. The error is a *field.Error about a block that cannot be drawn, or the writer's.
func (p *Page) Write(w io.Writer) error {
	d := &document{hues: map[string]int{}}
	for _, name := range p.Names {
		d.hue(name)
	}
	seen := map[string]bool{}
	for _, s := range p.Sections {
		if s.ID == "" || seen[s.ID] || strings.Trim(s.ID, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
			return field.New("section", fmt.Sprintf("%q", s.ID), "letters, digits and hyphens that no other section has")
		}
		seen[s.ID] = true
	}
	p.head(d)
	for _, s := range p.Sections {
		d.f("<section id=\"%s\" aria-labelledby=\"h-%s\">\n<h2 id=\"h-%s\">%s</h2>\n", s.ID, s.ID, s.ID, esc(s.Title))
		for _, b := range s.Blocks {
			if err := b.write(d); err != nil {
				return fmt.Errorf("section %s: %w", s.ID, err)
			}
		}
		d.f("</section>\n")
	}
	d.f("</main>\n<script>\n%s</script>\n</body>\n</html>\n", script)
	_, err := w.Write(d.Bytes())
	return err
}

// policy of the page's content: nothing may be fetched from elsewhere, whatever the page holds.
const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; connect-src 'self'"

func (p *Page) head(d *document) {
	d.f("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>%s</title>\n", esc(strings.Trim(p.Title+" · "+p.Kind, " ·")))
	d.f("<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n", policy)
	d.f("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n")
	if p.Question != "" {
		d.f("<meta name=\"description\" content=\"%s\">\n", esc(p.Question))
	}
	d.f("<link rel=\"icon\" href=\"data:,\">\n<style>\n%s</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the report</a>\n", style)
	d.f("<header>\n<p class=\"kind\">%s</p>\n<h1>%s</h1>\n", esc(p.Kind), esc(p.Title))
	if p.Question != "" {
		d.f("<p class=\"question\">%s</p>\n", esc(p.Question))
	}
	d.f("</header>\n<main id=\"main\" tabindex=\"-1\">\n")
	p.Answer.write(d)
	if len(p.Sections) > 2 {
		d.f("<nav aria-label=\"Contents\">\n<ol>\n")
		for _, s := range p.Sections {
			d.f("<li><a href=\"#%s\">%s</a></li>\n", s.ID, esc(s.Title))
		}
		d.f("</ol>\n</nav>\n")
	}
}

func (a *Answer) write(d *document) {
	if a.Figure == "" && len(a.Words) == 0 {
		return
	}
	d.f("<div class=\"answer\">\n")
	if a.Figure != "" {
		d.f("<p class=\"figure\"><strong>%s</strong> <span class=\"interval\">%s</span> <span class=\"of\">%s</span></p>\n", esc(a.Figure), esc(a.Interval), esc(a.Of))
	}
	for _, words := range a.Words {
		d.f("<p>%s</p>\n", esc(words))
	}
	d.f("</div>\n")
}

// Text is paragraphs.
type Text []string

func (t Text) write(d *document) error {
	for _, words := range t {
		d.f("<p>%s</p>\n", esc(words))
	}
	return nil
}

// List is short items under a bullet each, such as caveats.
type List []string

func (l List) write(d *document) error {
	d.f("<ul class=\"list\">\n")
	for _, words := range l {
		d.f("<li>%s</li>\n", esc(words))
	}
	d.f("</ul>\n")
	return nil
}

// Facts are names with what they stand for.
type Facts []Fact

// Fact is one of them. Code is set in a typewriter's letters.
type Fact struct {
	Name, Value string
	Code        bool
}

func (f Facts) write(d *document) error {
	d.f("<dl class=\"facts\">\n")
	for _, fact := range f {
		value := esc(fact.Value)
		if fact.Code {
			value = "<code>" + value + "</code>"
		}
		d.f("<div><dt>%s</dt><dd>%s</dd></div>\n", esc(fact.Name), value)
	}
	d.f("</dl>\n")
	return nil
}

// Pre is text whose lines and columns stay as they are, such as a scenario, behind a line that opens it.
type Pre struct {
	Title, Text string
	Open        bool // shown at once
}

func (p Pre) write(d *document) error {
	open := ""
	if p.Open {
		open = " open=\"\""
	}
	d.f("<details class=\"pre\"%s>\n<summary>%s</summary>\n<pre tabindex=\"0\" role=\"region\" aria-label=\"%s\">%s</pre>\n</details>\n", open, esc(p.Title), esc(p.Title), esc(p.Text))
	return nil
}
