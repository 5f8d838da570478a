package results

// Event is a row of events.parquet: one event of a market, its episode the path and its step the period, both 0-based. Which columns an event of
// a kind has is in docs/formats/events.md; the others are NULL, which "" and, but for Number, Time and what is a pointer, 0 stand for.
type Event struct {
	Key       `json:"-"`
	Number    int64    `parquet:"event,delta" json:"event"`                  // of the event in its episode, 0-based: the order at one instant
	Time      float64  `parquet:"time_days" json:"time_days"`                // since the episode opened
	Kind      string   `parquet:"kind,dict" json:"kind"`                     //
	Shopper   string   `parquet:"shopper,optional" json:"shopper,omitempty"` // PERIOD-NUMBER, both 1-based: the period of the first visit, and which of its shoppers
	Visit     int64    `parquet:"visit,optional" json:"visit,omitempty"`     // of the shopper, 1-based
	Customer  bool     `parquet:"customer" json:"customer,omitempty"`        // has bought before
	Persona   string   `parquet:"persona,optional,dict" json:"persona,omitempty"`
	Channel   string   `parquet:"channel,optional,dict" json:"channel,omitempty"`
	Product   string   `parquet:"product,optional,dict" json:"product,omitempty"`
	Seller    string   `parquet:"seller,optional,dict" json:"seller,omitempty"` // who does it, or sells the product
	Promotion string   `parquet:"promotion,optional,dict" json:"promotion,omitempty"`
	Why       string   `parquet:"why,optional,dict" json:"why,omitempty"`
	Units     *int64   `parquet:"units,optional" json:"units,omitempty"`
	Price     *float64 `parquet:"price,optional" json:"price,omitempty"`                 // posted, $ a unit
	Amount    *float64 `parquet:"amount,optional" json:"amount,omitempty"`               // what sellers get, $; negative where they pay
	Place     int64    `parquet:"place,optional" json:"place,omitempty"`                 // in the list, 1-based
	Dwell     *float64 `parquet:"dwell_seconds,optional" json:"dwell_seconds,omitempty"` // on the product's page
}
