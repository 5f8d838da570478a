package market

import (
	"fmt"

	"github.com/souk-sim/souk/market/promotion"
	"github.com/souk-sim/souk/scenarios/field"
)

// terms are the promotions with the names that they may speak of.
func (cfg *Config) terms() promotion.Config {
	terms := cfg.Promotions
	terms.Decimals = 4
	terms.Products, terms.Personas, terms.Channels = nil, nil, nil
	for i := range cfg.Products {
		terms.Products = append(terms.Products, cfg.Products[i].Name)
	}
	for i := range cfg.Personas {
		terms.Personas = append(terms.Personas, cfg.Personas[i].Name)
	}
	for i := range cfg.Channels {
		terms.Channels = append(terms.Channels, cfg.Channels[i].Name)
	}
	if len(cfg.Channels) == 0 {
		terms.Channels = []string{""}
	}
	return terms
}

// checkPromotions checks the promotions, and those of ladders and reminders against them.
func (cfg *Config) checkPromotions() error {
	terms := cfg.terms()
	if _, err := promotion.New(&terms); err != nil {
		return err
	}
	named := map[string]*promotion.Promotion{}
	for i := range terms.Promotions {
		named[terms.Promotions[i].Name] = &terms.Promotions[i]
	}
	owner := map[string]string{}
	for i := range cfg.Sellers {
		s := &cfg.Sellers[i]
		for _, o := range s.Offers {
			if o.Promotion == "" {
				continue
			}
			switch p := named[o.Promotion]; {
			case p == nil:
				return field.New("sellers."+s.Name+".offers", fmt.Sprintf("promotion %q", o.Promotion), "one of the market's promotions")
			case !p.Off:
				return field.New("sellers."+s.Name+".offers", fmt.Sprintf("promotion %q, which is always on", o.Promotion), "one with off = true, for the offer to switch on")
			case owner[o.Promotion] != "" && owner[o.Promotion] != s.Name:
				return field.New("sellers."+s.Name+".offers", fmt.Sprintf("promotion %q, which %s switches already", o.Promotion, owner[o.Promotion]), "a promotion of its own")
			}
			owner[o.Promotion] = s.Name
		}
	}
	if name := cfg.Visit.Reminder.Coupon; name != "" && (named[name] == nil || !named[name].Granted) {
		return field.New("visit.reminder.coupon", fmt.Sprintf("%q", name), "one of the market's promotions, with granted = true")
	}
	return nil
}
