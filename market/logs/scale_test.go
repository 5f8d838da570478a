package logs

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/souk-sim/souk/sim/rng"
)

// receipt is a line of a receipt as big logs have them.
type receipt struct {
	Customer int64   `parquet:"customer_id"`
	Basket   int64   `parquet:"basket_id"`
	Time     string  `parquet:"date"`
	Product  string  `parquet:"product_id,dict"`
	Quantity int32   `parquet:"quantity"`
	Amount   float64 `parquet:"amount"`
}

// receipts gives n lines, three a basket, of n/10 customers and 5,000 products.
func receipts(n int, yield func(receipt) error) error {
	stream := rng.New(1, 0).Family("sales").At()
	var s receipt
	for i := range n {
		if i%3 == 0 {
			s.Customer, s.Basket = int64(stream.Intn(n/10)), int64(40_000_000_000+i)
			s.Time = day(17000 + 365*i/n).Format("2006-01-02")
		}
		s.Product, s.Quantity = fmt.Sprint("P", stream.Intn(5000)), int32(1+stream.Intn(4))
		s.Amount = float64(50+stream.Intn(1500)) / 100
		if err := yield(s); err != nil {
			return err
		}
	}
	return nil
}

// bigLog writes n sales to a file of its own, of the kind that the extension says.
func bigLog(t testing.TB, n int, extension string) string {
	path := filepath.Join(t.TempDir(), "sales"+extension)
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if extension == ".parquet" {
		err = receiptParquet(file, n)
	} else {
		w := bufio.NewWriter(file)
		fmt.Fprintln(w, "customer_id,basket_id,date,product_id,quantity,amount")
		if err = receipts(n, func(s receipt) error {
			_, err := fmt.Fprintf(w, "%d,%d,%s,%s,%d,%.2f\n", s.Customer, s.Basket, s.Time, s.Product, s.Quantity, s.Amount)
			return err
		}); err == nil {
			err = w.Flush()
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func receiptParquet(file io.Writer, n int) error {
	w := parquet.NewGenericWriter[receipt](file, parquet.MaxRowsPerRowGroup(1<<17))
	room := make([]receipt, 0, 1024)
	err := receipts(n, func(s receipt) error {
		if room = append(room, s); len(room) < cap(room) {
			return nil
		}
		_, err := w.Write(room)
		room = room[:0]
		return err
	})
	if err != nil {
		return err
	}
	if _, err = w.Write(room); err != nil {
		return err
	}
	return w.Close()
}

// BenchmarkTransactions reads 200,000 lines; B/row is all that was allocated, garbage included.
func BenchmarkTransactions(b *testing.B) {
	for _, extension := range []string{".csv", ".parquet"} {
		b.Run(extension[1:], func(b *testing.B) {
			const n = 200_000
			path := bigLog(b, n, extension)
			b.ReportAllocs()
			for b.Loop() {
				if x, err := ReadTransactions(path, Options{}); err != nil || len(x.Customer) != n {
					b.Fatal(err, len(x.Customer))
				}
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
