package parquet

import (
	"bytes"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// A page is not longer than what is left of its column, nor the column than the file.
func TestAPageThatClaimsMoreThanTheFileIsRefused(t *testing.T) {
	for _, c := range []struct {
		compressed, uncompressed int32
		beyond                   int64
		want                     string
	}{
		{100, 100, 0, ""},
		{101, 100, 0, "a page of 101 bytes"},
		{1 << 30, 1 << 30, 0, "a page of 1073741824 bytes"},
		{-1, 100, 0, "a page of -1 bytes"},
		{100, maxPage + 1, 0, "268435457 uncompressed"},
		{100, 100, 1, "a column that lies outside the file"},
	} {
		header, err := thrift.Marshal(new(thrift.CompactProtocol), &format.PageHeader{CompressedPageSize: c.compressed, UncompressedPageSize: c.uncompressed})
		if err != nil {
			t.Fatal(err)
		}
		raw := append(append([]byte("PAR1"), header...), make([]byte, 100)...)
		size := int64(len(raw))
		err = CheckPages(bytes.NewReader(raw), size, &format.ColumnMetaData{DataPageOffset: 4, TotalCompressedSize: size - 4 + c.beyond})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
