package sim_test

import (
	"fmt"

	"github.com/souk-sim/souk/sim"
)

// A shop opens, a shopper comes, loses patience unless served, and is served in time.
func Example() {
	type kind int
	const (
		opens kind = iota
		arrives
		isServed
		leaves
	)
	calendar := sim.New[kind]()
	calendar.Schedule(9, 0, opens)
	var patience sim.Ticket
	for at, event, ok := calendar.Next(); ok; at, event, ok = calendar.Next() {
		switch event {
		case opens:
			fmt.Println(at, "the shop opens")
			calendar.Schedule(at+0.25, 0, arrives)
		case arrives:
			fmt.Println(at, "a shopper arrives")
			patience = calendar.Schedule(at+0.5, 0, leaves)
			calendar.Schedule(at+0.25, 0, isServed)
		case isServed:
			fmt.Println(at, "is served; stays:", calendar.Cancel(patience))
		case leaves:
			fmt.Println(at, "leaves")
		}
	}
	// Output:
	// 9 the shop opens
	// 9.25 a shopper arrives
	// 9.5 is served; stays: true
}

// At one instant the lower priority value comes first, then the event scheduled first.
func ExampleCalendar_Schedule() {
	var calendar sim.Calendar[string]
	calendar.Schedule(7, 1, "the week closes")
	calendar.Schedule(7, 0, "a shopper comes")
	calendar.Schedule(7, 0, "another shopper comes")
	for at, event, ok := calendar.Next(); ok; at, event, ok = calendar.Next() {
		fmt.Println(at, event)
	}
	// Output:
	// 7 a shopper comes
	// 7 another shopper comes
	// 7 the week closes
}

// Shoppers come in a stream, whose next one is kept beside the calendar; what they do later is on it.
func ExampleCalendar_NextOr() {
	var calendar sim.Calendar[string]
	calendar.Schedule(3, 0, "closes")
	arrival := 1.0 // of the next shopper; a random gap after the last in earnest
	for calendar.Len() > 0 {
		at, event, ok := calendar.NextOr(arrival, 0, "arrives")
		if !ok {
			panic("stuck")
		}
		fmt.Println(at, event)
		if event == "arrives" {
			arrival += 0.75
			calendar.Schedule(at+0.5, 0, "decides")
		}
	}
	// Output:
	// 1 arrives
	// 1.5 decides
	// 1.75 arrives
	// 2.25 decides
	// 2.5 arrives
	// 3 closes
	// 3 decides
}

// Two sellers that answer each other without delay never let the clock move on.
func ExampleCalendar_Stuck() {
	var calendar sim.Calendar[string]
	calendar.Schedule(3, 0, "seller A undercuts")
	for at, event, ok := calendar.Next(); ok; at, event, ok = calendar.Next() {
		if event == "seller A undercuts" {
			calendar.Schedule(at, 0, "seller B undercuts")
		} else {
			calendar.Schedule(at, 0, "seller A undercuts")
		}
	}
	_, stuck := calendar.Stuck()
	fmt.Println(stuck, "at", calendar.Now())
	// Output:
	// true at 3
}
