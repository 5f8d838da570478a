package field

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
)

// Document reads one JSON object into a struct, strictly: all its keys must be the struct's and nothing may follow. Its key schema must
// say schema, unless that is empty. Errors are of type *Error, about schema or the document.
func Document(b []byte, schema string, into any) error {
	var head struct {
		Schema string `json:"schema"`
	}
	first := json.NewDecoder(bytes.NewReader(b))
	if err := first.Decode(&head); err != nil {
		return New("document", err, "one JSON object")
	}
	if first.Decode(new(any)) != io.EOF {
		return New("document", "more after the object", "one JSON object")
	}
	if schema != "" && head.Schema != schema {
		return New("schema", fmt.Sprintf("%q", head.Schema), schema)
	}
	strict := json.NewDecoder(bytes.NewReader(b))
	strict.DisallowUnknownFields()
	if err := strict.Decode(into); err != nil {
		return New("document", err, "keys and values as "+cmp.Or(schema, "the model")+" has them")
	}
	return nil
}
