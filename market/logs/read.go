package logs

import (
	"io"
)

// Read reads a panel from a CSV or Parquet file.
func Read(path string, columns Columns) (Panel, error) {
	file, size, err := open(path)
	if err != nil {
		return Panel{}, err
	}
	defer file.Close()
	return Decode(path, file, size, columns)
}

// Decode reads a panel from size bytes of data, once from the beginning to the end; what is kept grows with the mapped
// columns only. name is used in errors. Data that begin with PAR1, or a name that ends in .parquet, make it Parquet; all
// else is CSV: a header, commas, quotes by RFC 4180, a number with a decimal point in each mapped cell. An empty cell, NA,
// NaN, NULL and a Parquet NULL are missing values.
func Decode(name string, data io.ReaderAt, size int64, columns Columns) (Panel, error) {
	roles, err := columns.roles()
	if err != nil {
		return Panel{}, err // the fault is in the mapping, not in the file
	}
	var p Panel
	for _, product := range columns.Products {
		p.Products = append(p.Products, product.Name)
	}
	wanted := make([]column, len(roles))
	for i, r := range roles {
		wanted[i] = column{name: r.name}
	}
	if err := scan(name, data, size, wanted, func(at place, cells []cell) error { return p.add(roles, cells, at) }); err != nil {
		return Panel{}, err
	}
	for j, product := range columns.Products {
		for t := range p.Display {
			if product.Display == "" {
				p.Display[t][j] = 0
			}
		}
	}
	return p, nil
}
