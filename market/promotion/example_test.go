package promotion_test

import (
	"fmt"

	"github.com/souk-sim/souk/market/promotion"
)

// A cart meets a promotion on units, one on sets, spend-and-save and a coupon.
func Example() {
	promotions, err := promotion.New(&promotion.Config{
		Decimals: 2,
		Products: []string{"tea", "soap"},
		Promotions: []promotion.Promotion{
			{Name: "tea week", Kind: "percentage", Products: []string{"tea"}, Options: &promotion.Percentage{Percent: 10}},
			{Name: "three for two", Kind: "buy-get", Products: []string{"soap"}, Options: &promotion.BuyGet{Buy: 2, Get: 1, Percent: 100}},
			{Name: "满30减4", Kind: "spend", Options: &promotion.Spend{Tiers: []promotion.Tier{{Spend: 30, Amount: 4}}, Repeat: true}},
			{Name: "welcome", Kind: "coupon", First: true, Options: &promotion.Coupon{Amount: 5}},
		}})
	if err != nil {
		fmt.Println(err)
		return
	}
	names := []string{"tea week", "three for two", "满30减4", "welcome"}
	used := promotions.NewUsage()
	var order promotion.Order
	cart := []promotion.Line{{Product: 1, Quantity: 3, Price: 400}, {Product: 0, Quantity: 2, Price: 2000}}
	promotions.Price(&order, cart, 0, promotion.Customer{ID: 0, First: true}, used)
	for i, line := range order.Lines {
		fmt.Printf("%d of %d: %d", line.Quantity, line.Product, line.Price*int64(line.Quantity))
		for _, a := range order.Adjustments {
			if a.Line == i {
				fmt.Printf(" −%d %s", a.Amount, names[a.Promotion])
			}
		}
		fmt.Printf(" = %d\n", line.Paid)
	}
	fmt.Println("to pay:", order.Total, "booked:", used.Commit(&order))
	fmt.Println("one tea comes back:", order.Return(0, 1))
	// Output:
	// 2 of 0: 4000 −400 tea week −327 满30减4 −409 welcome = 2864
	// 3 of 1: 1200 −400 three for two −73 满30减4 −91 welcome = 636
	// to pay: 3500 booked: true
	// one tea comes back: 1432
}
