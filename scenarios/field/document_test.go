package field

import (
	"errors"
	"strings"
	"testing"
)

// TestDocumentTakesOneObjectOfItsSchema, and says what is wrong with any other.
func TestDocumentTakesOneObjectOfItsSchema(t *testing.T) {
	type document struct {
		Schema string  `json:"schema"`
		Rate   float64 `json:"rate"`
	}
	var d document
	if err := Document([]byte(`{"schema":"a/1","rate":0.5} `), "a/1", &d); err != nil || d.Rate != 0.5 {
		t.Errorf("read %v: %v", d, err)
	}
	if err := Document([]byte(`{"rate":0.25}`), "", &d); err != nil || d.Rate != 0.25 {
		t.Errorf("without a schema: read %v: %v", d, err)
	}
	for text, says := range map[string]string{
		``:                           "document: found EOF",
		`[1]`:                        "document: ",
		`{"schema":"a/1","rate":`:    "document: ",
		`{"schema":"a/1"} {}`:        "document: found more",
		`{"schema":"a/1"} x`:         "document: found more",
		`{"rate":1}`:                 `schema: found "", expected a/1`,
		`{"schema":"b/1","x":1}`:     `schema: found "b/1", expected a/1`,
		`{"schema":"a/1","x":1}`:     `unknown field "x"`,
		`{"schema":"a/1","rate":""}`: "document: ",
	} {
		if err := Document([]byte(text), "a/1", &d); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, wanted %s", text, err, says)
		}
	}
}

func FuzzDocument(f *testing.F) {
	f.Add([]byte(`{"schema":"a/1","value":2}`), "a/1")
	f.Add([]byte(`{"Schema":"a/1"} {}`), "")
	f.Fuzz(func(t *testing.T, text []byte, schema string) {
		var into struct {
			Schema string  `json:"schema"`
			Value  float64 `json:"value"`
		}
		err := Document(text, schema, &into)
		if bad, ok := errors.AsType[*Error](err); err != nil && (!ok || bad.Key != "schema" && bad.Key != "document") {
			t.Fatalf("%v tells no key", err)
		}
		if err == nil && schema != "" && into.Schema != schema {
			t.Fatalf("%q is taken for %q", into.Schema, schema)
		}
	})
}
