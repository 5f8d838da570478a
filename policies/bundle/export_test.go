package bundle

import (
	"encoding/json"
	"testing/fstest"
)

// Rehash makes the manifest of a tampered folder consistent with its files, as a forger would.
func Rehash(folder fstest.MapFS) {
	var m Manifest
	if json.Unmarshal(folder[manifestName].Data, &m) != nil {
		return
	}
	for i := range m.Files {
		if f := folder[m.Files[i].Name]; f != nil {
			m.Files[i].Bytes, m.Files[i].SHA256 = len(f.Data), hash(f.Data)
		}
	}
	m.Revision, _ = revision(m)
	data, _ := indented(&m)
	folder[manifestName] = &fstest.MapFile{Data: data}
}
