package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

const (
	maxPage       = 1 << 28 // bytes of a page, uncompressed; writers make them of about 1 MiB
	maxPageHeader = 1 << 20
)

// CheckPages walks over the headers of a column's pages in a row group and refuses sizes that the file cannot have: parquet-go allocates what a damaged
// header claims, up to 2 GiB, before it reads.
func CheckPages(data io.ReaderAt, size int64, c *format.ColumnMetaData) error {
	at := c.DataPageOffset
	if d := c.DictionaryPageOffset; d > 0 && d < at {
		at = d
	}
	if at < 4 || c.TotalCompressedSize < 0 || at > size-c.TotalCompressedSize {
		return errors.New("a column that lies outside the file")
	}
	var decoder thrift.CompactProtocol
	var buffer []byte
	for end := at + c.TotalCompressedSize; at < end; {
		var header format.PageHeader
		used := int64(0)
		for room := int64(512); ; room *= 8 {
			n := min(room, end-at)
			buffer = append(buffer[:0], make([]byte, n)...)
			if _, err := data.ReadAt(buffer, at); err != nil && err != io.EOF {
				return err
			}
			r := bytes.NewReader(buffer)
			header = format.PageHeader{}
			err := thrift.NewDecoder(decoder.NewReader(r)).Decode(&header)
			if used = n - int64(r.Len()); err == nil {
				break
			}
			if n == end-at || room >= maxPageHeader {
				return err
			}
		}
		left := end - at - used
		if header.CompressedPageSize < 0 || int64(header.CompressedPageSize) > left || header.UncompressedPageSize < 0 || header.UncompressedPageSize > maxPage {
			return fmt.Errorf("a page of %d bytes, %d uncompressed, where %d are left", header.CompressedPageSize, header.UncompressedPageSize, left)
		}
		at += used + int64(header.CompressedPageSize)
	}
	return nil
}

// Whole tells whether a file ends as Parquet files do: metadata, their length, PAR1. parquet-go allocates whatever length a
// damaged file claims (4 GiB at most) before it reads.
func Whole(data io.ReaderAt, size int64) error {
	var tail [8]byte
	if size < 12 {
		return io.ErrUnexpectedEOF
	}
	if _, err := data.ReadAt(tail[:], size-8); err != nil && err != io.EOF {
		return err
	}
	if string(tail[4:]) != "PAR1" || int64(binary.LittleEndian.Uint32(tail[:4])) > size-12 {
		return errors.New("no metadata at its end")
	}
	return nil
}
