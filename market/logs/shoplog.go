package logs

import "io"

// Options say how a shop log is read: transactions, baskets, ratings or clicks. The zero value finds the columns by their usual names.
type Options struct {
	// Columns map a role (customer, time, amount, …: each reader lists its own) to the file's column. The column of a role that is left out is
	// looked for by its usual names; an empty name says that an optional role is not to be read. Several columns with a + between them
	// are summed, or for a time are year, month and day.
	Columns map[string]string `toml:"columns" json:"columns,omitempty"`
	// Roles are the optional roles that are wanted; nil: all that the file has. They are the caller's to know, not the user's.
	Roles []string `toml:"-" json:"-"`
	// Repair says what becomes of bad and doubtful rows; empty is Report.
	Repair Repair `toml:"repair" json:"repair,omitempty"`
	// End is the last day that the log can have, 2024-01-31; empty: any. Later rows are impossible.
	End string `toml:"end" json:"end,omitempty"`
	// Layout of baskets: BasketLines, BasketRows, or empty to tell by the file.
	Layout string `toml:"layout" json:"layout,omitempty"`
	// Key makes pseudonyms (see Pseudonyms) of the customers' ids; nil: they have their dense numbers alone.
	Key []byte `toml:"-" json:"-"`
}

// Repair says what becomes of rows with defects.
type Repair string

// The repairs. Whatever becomes of it, every defect is counted in the Report.
const (
	RepairReport Repair = "report" // rows that cannot serve (a needed value missing or impossible) are left out; repeated rows and outliers stay
	RepairDrop   Repair = "drop"   // repeated rows but the first, and outliers, are left out too
	RepairRefuse Repair = "refuse" // the first row that cannot serve is an error
)

// Layouts of a file of baskets.
const (
	BasketLines = "lines" // a basket a line: items with commas or blanks between them, no header
	BasketRows  = "rows"  // a table with a row for each item of a basket
)

// Report is what was found in a shop log while it was read. Nothing in it names a person.
type Report struct {
	Rows    int               `json:"rows"` // data rows of the file
	Kept    int               `json:"kept"`
	Columns map[string]string `json:"columns"` // role → column that was read
	Defects []Defect          `json:"defects,omitempty"`
	Notes   []string          `json:"notes,omitempty"` // roles that were not read because several columns could have them
}

// Defect is one kind of what is wrong or doubtful in a column.
type Defect struct {
	Kind     Kind   `json:"kind"`
	Column   string `json:"column,omitempty"`
	Rows     int    `json:"rows"`
	Action   Action `json:"action"`
	Examples []int  `json:"examples"` // the first of the rows, at most five: lines of a CSV, rows of a Parquet file, from 1
}

// Lines are the lines of a shop's receipts, in the order of the file. Optional columns are nil where the file has none.
type Lines struct {
	Customer []int32   // number, by first appearance
	Time     []int64   // seconds since 1970-01-01 by the clock of the place; of a file that numbers its days, since its day 0
	Amount   []float64 // paid; nil where Options.Roles do without
	Quantity []float64 // NaN is missing, here and below
	Discount []float64 // money off, not below 0
	Product  []int32   // index of Transactions.Products, -1 is missing, here and below
	Basket   []int32   // number, by first appearance
	Channel  []int32   // index of Transactions.Channels
}

// Transactions are purchases, with what was brought back apart.
type Transactions struct {
	Lines
	Returns   Lines    // lines of a negative amount, as the file has them
	Customers int      // of both
	Baskets   int      // of both
	Products  []string // in the order of their numbers, or of their names where not all are whole numbers
	Channels  []string // likewise
	Daily     bool     // Time tells the day alone
	Pseudonym []int    // of each customer; nil without Options.Key
	Report    Report
}

// Baskets are sets of items, in the order of the file.
type Baskets struct {
	Names   []string // of items, in the order of their ids (of numbers where all are whole numbers): the ids, or the labels where ReadLabels gave some
	Offsets []int    // basket b has Item[Offsets[b]:Offsets[b+1]]
	Item    []int32  // index of Names, ascending in each basket
	Report  Report
}

// Ratings say who likes what, in the order of the file.
type Ratings struct {
	Users, Items int
	User         []int32 // number, by first appearance
	Item         []int32 // index of Names
	Value        []float64
	Time         []int64  // seconds since 1970-01-01; nil where the file has none
	Names        []string // of items, in the order of their ids (of numbers where all are whole numbers)
	Pseudonym    []int    // of each user; nil without Options.Key
	Report       Report
}

// Clicks are what visitors looked at, sorted by visitor, then by order or time, then as in the file. Optional columns are nil where the file has none.
type Clicks struct {
	Visitors  int
	Visitor   []int32   // number, by first appearance: of a session, or of a customer where the file has no sessions
	Sessions  bool      // a visitor is a session
	Customer  []int32   // of each session: its customer's number, by first appearance; nil where the file has only one of the two
	Customers int       // of Customer
	Time      []int64   // seconds since 1970-01-01, by the clock of the place, or since the log's own beginning
	Daily     bool      // Time tells the day alone
	State     []int32   // index of States
	States    []string  // in the order of their numbers, or of their names where not all are whole numbers
	Item      []int32   // index of Items, -1 is missing
	Items     []string  // likewise
	Price     []float64 // NaN is missing
	Country   []int32   // index of Countries, -1 is missing
	Countries []string  // likewise
	Pseudonym []int     // of each customer; nil without Options.Key or a column of customers
	Report    Report
}

// ReadTransactions reads the receipts of a CSV or Parquet file.
func ReadTransactions(path string, o Options) (Transactions, error) {
	return read(path, o, DecodeTransactions)
}

// ReadBaskets reads the baskets of a text, CSV or Parquet file.
func ReadBaskets(path string, o Options) (Baskets, error) { return read(path, o, DecodeBaskets) }

// ReadRatings reads the ratings of a CSV or Parquet file.
func ReadRatings(path string, o Options) (Ratings, error) { return read(path, o, DecodeRatings) }

// ReadClicks reads the clicks of a CSV or Parquet file.
func ReadClicks(path string, o Options) (Clicks, error) { return read(path, o, DecodeClicks) }

func read[T any](path string, o Options, decode func(string, io.ReaderAt, int64, Options) (T, error)) (T, error) {
	file, size, err := open(path)
	if err != nil {
		var none T
		return none, err
	}
	defer file.Close()
	return decode(path, file, size, o)
}
