// Package scenarios holds the TOML files that describe what a run is to do: their schema, the reader that checks them with line
// numbers, overrides, and the canonical form that gives a run its identity. A scenario reads like the set-up paragraph of a paper.
package scenarios

import (
	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/market/promotion"
)

// Scenario is a scenario file, checked, with every default written in. It is of one World: the fields of others are empty.
type Scenario struct {
	Name       string           `toml:"name" required:"true" doc:"what runs are called: letters, digits, -, _ and ."`
	Question   string           `toml:"question" doc:"what the scenario asks, in one sentence; the report opens with it"`
	Seed       int64            `toml:"seed" default:"1" range:"[0,9007199254740992]" doc:"master seed of every random stream"`
	Data       Data             `toml:"data" world:"category" doc:"the logs, and how they are split by time"`
	Time       Time             `toml:"time" world:"category,market" doc:"the calendar of an episode"`
	Demand     Demand           `toml:"demand" world:"category" doc:"how many customers come"`
	Choice     Choice           `toml:"choice" world:"category" doc:"what they take, or nothing"`
	Market     Market           `toml:"market" world:"category" doc:"how the world is simulated"`
	Stock      Stock            `toml:"stock" world:"category" doc:"how the shelf is filled"`
	Traffic    Traffic          `toml:"traffic" world:"market" doc:"how many shoppers come, and when"`
	Channels   []market.Channel `toml:"channels" world:"market" doc:"where they come from; left out: one without a name or costs"`
	Personas   []market.Persona `toml:"personas" world:"market" required:"true" doc:"kinds of shoppers: what they think of products and prices"`
	Products   []Product        `toml:"products" world:"market" required:"true" doc:"what is sold"`
	Reference  market.Reference `toml:"reference" world:"market" doc:"what shoppers remember prices to be"`
	Visit      market.Visit     `toml:"visit" world:"market" doc:"how a visit unfolds"`
	Loyalty    Loyalty          `toml:"loyalty" world:"market" doc:"whether shoppers come back"`
	Promotions promotion.Config `toml:"promotions" world:"market" doc:"how promotions add up"`
	Promotion  []Promotion      `toml:"promotion" world:"market" doc:"the promotions, in any order"`
	Sellers    []Seller         `toml:"sellers" world:"category,market" required:"true" doc:"who sets prices: those with a brain follow it, the one without is the learner's"`
	Game       Game             `toml:"game" world:"game" required:"true" doc:"the game that is played, period after period"`
	Problem    Problem          `toml:"problem" world:"problem" required:"true" doc:"one seller's pricing problem in closed form"`
	Agents     []Agent          `toml:"agents" world:"category,market,game,problem" doc:"the learners; each learns alone in the learning seller's place, of a game those that its firms name together"`
	Sessions   Sessions         `toml:"sessions" world:"game" doc:"how often the game is played, and how long"`
	Train      Train            `toml:"train" world:"category,market,problem" doc:"how long and how often they learn"`
	Evaluate   Evaluate         `toml:"evaluate" world:"category,market,problem" doc:"how policies are compared, on customers that training never met"`
	Regret     *Regret          `toml:"regret" world:"problem" doc:"learners live once each and earn while they learn; left out: they train, and are judged by what they learned"`
	Sweep      *Sweep           `toml:"sweep" world:"category,market,game,problem" doc:"what souk sweep tries: keys of the scenario at several values"`
	Bench      *Bench           `toml:"bench" world:"category,market,problem" doc:"what souk bench compares; left out: all [[agents]] in 10 runs, and evaluate.against"`
	ABTest     *ABTest          `toml:"abtest" world:"category,market" doc:"a randomised experiment: the learning seller tries several policies at once on one market, open or a chain's; souk abtest runs it"`
	Loop       *Loop            `toml:"loop" world:"market" doc:"how a policy is refitted and retrained from its own log; souk loop does it"`
	Optimize   *Optimize        `toml:"optimize" world:"category,market,problem" doc:"the calendar of offers that souk optimize plans; left out: as profitable as can be"`
	Shoppers   Shoppers         `toml:"shoppers" doc:"who the shoppers are, one by one: models fitted to logs of people, or given by hand"`
	Paper      Paper            `toml:"paper" world:"game,problem" doc:"the publication whose results are reproduced"`
	Variants   []Variant        `toml:"variants" world:"game,problem" doc:"what is played beside the scenario itself, each with some keys set otherwise"`
	Published  []Published      `toml:"published" world:"game,problem" doc:"what was published, row by row, and how near to it a reproduction must come"`
	Quick      Quick            `toml:"quick" world:"game,problem" doc:"the smaller sample of souk reproduce --quick"`

	source    Source   // for the data's paths
	overrides []string // of its keys
	document  *document
}

// Data names the logs and their columns. In column patterns # stands for the product's number, counted from 1 in the order of products.
type Data struct {
	Panel    string   `toml:"panel" required:"true" doc:"CSV or Parquet file, one row a period: a path relative to the scenario, or bundled:NAME"`
	SHA256   string   `toml:"sha256" doc:"digest of the panel; filled in when the scenario is resolved, checked when given"`
	FirstDay string   `toml:"first_day" required:"true" doc:"date on which period 1 begins, as 1989-09-14 in quotation marks"`
	Terms    string   `toml:"terms" doc:"who made the data and how they may be used; goes into every bundle"`
	Products []string `toml:"products" required:"true" doc:"names of the products, in column order"`
	Columns  Columns  `toml:"columns" doc:"which columns hold what"`
	Split    Split    `toml:"split" doc:"periods to fit on, to choose on and to judge on"`
}

// Columns maps what the models need to the panel's columns. A price column is in $ or, when its key begins
// with log_, in the natural log of $; exactly one of each pair is given.
type Columns struct {
	Week         string `toml:"week" default:"'week'" doc:"period number"`
	Customers    string `toml:"customers" default:"'customers'" doc:"customers who came through the doors"`
	Units        string `toml:"units" default:"'units_#'" doc:"units sold"`
	Display      string `toml:"display" default:"'display_#'" doc:"share of stores that display the product, or 0 and 1; an empty text: no such column, 0 throughout (choice.display = false)"`
	Price        string `toml:"price" doc:"shelf price, $"`
	LogPrice     string `toml:"log_price" doc:"natural log of the shelf price in $"`
	Wholesale    string `toml:"wholesale" doc:"wholesale price, $"`
	LogWholesale string `toml:"log_wholesale" doc:"natural log of the wholesale price in $"`
}

// Split gives first and last period of each part.
type Split struct {
	Train      [2]int `toml:"train" required:"true" range:"[0,1000000]" doc:"first and last period to fit on"`
	Validation [2]int `toml:"validation" required:"true" range:"[0,1000000]" doc:"first and last period to choose models on"`
	Test       [2]int `toml:"test" required:"true" range:"[0,1000000]" doc:"first and last period to judge models on; history is replayed from here"`
}

// Time is the calendar of an episode.
type Time struct {
	Period  string `toml:"period" default:"'week'" oneof:"week" default-market:"'day'" oneof-market:"hour,day,week" doc:"step of the demand model, at whose end accounts are drawn up"`
	Start   int    `toml:"start,omitzero" world:"category" range:"[0,1000000]" doc:"period in which an episode opens; left out: the first of the test split"`
	Horizon int    `toml:"horizon" default:"52" default-market:"28" range:"[1,10000]" doc:"periods in an episode"`
	End     string `toml:"end" default:"'truncate'" oneof:"truncate,terminate" doc:"truncate: we stop looking, the shop goes on; terminate: the market closes"`
}

// Demand is the time-series model of customers a period, fitted on the training and validation periods.
type Demand struct {
	Model      string   `toml:"model" default:"'arima'" doc:"arima, another demand model by its name, or best: of candidates, the one that forecasts the validation periods best"`
	Candidates []string `toml:"candidates" doc:"what best chooses from; left out: those that are chosen from in seconds"`
	Series     string   `toml:"series" default:"'customers'" oneof:"customers" doc:"what it models"`
	Transform  string   `toml:"transform" default:"'log'" oneof:"log,none" doc:"scale on which the model is linear; with none, fewer than no customers in a path count as none"`
	Order      Order    `toml:"order" default:"'auto'" doc:"of arima: [p, d, q], or auto: chosen by AICc"`
	Harmonics  int      `toml:"harmonics" default:"2" range:"[0,13]" doc:"pairs of yearly sine and cosine regressors"`
	Holidays   []string `toml:"holidays" oneof:"christmas,independence-day,labor-day,memorial-day,new-year,thanksgiving,before christmas,before independence-day,before labor-day,before memorial-day,before new-year,before thanksgiving" doc:"periods that have a dummy because a holiday falls in them, or in the next (before ...)"`
	Outliers   Outliers `toml:"outliers" default:"'found'" doc:"periods that a dummy takes out: a list, or found: the falls of traffic that the data checks find"`
}

// Choice is the model of what shoppers take. The validation periods decide which terms are shared by all products, which each has
// for itself and which stay out; a term that is false here stays out in any case.
type Choice struct {
	Model          string    `toml:"model" default:"'share-logit'" oneof:"share-logit" doc:"share-logit: aggregate logit with an outside option (Berry 1994)"`
	Estimator      string    `toml:"estimator" default:"'auto'" oneof:"auto,ols,2sls" doc:"auto: two-stage least squares where the instruments are strong, else ordinary least squares"`
	ReferencePrice Reference `toml:"reference_price" doc:"what shoppers remember prices to be"`
	Display        bool      `toml:"display" default:"true" doc:"display may enter utility"`
	Trend          bool      `toml:"trend" default:"true" doc:"a linear trend may"`
	Season         bool      `toml:"season" default:"true" doc:"a yearly sine and cosine may"`
	Lent           bool      `toml:"lent" default:"true" doc:"a dummy for Lent may"`
	Quantity       Quantity  `toml:"quantity" doc:"how many units a purchase has; aggregate data do not tell it"`
}

// Reference is the reference price r' = memory·r + (1−memory)·price (Winer 1986; Kopalle, Rao & Assunção 1996).
type Reference struct {
	Memory Memory `toml:"memory" default:"'validate'" doc:"carry-over in [0, 1), a list of candidates, or validate: 0, 0.1, …, 0.9, 0.95; the validation periods choose"`
	Gain   bool   `toml:"gain" default:"true" doc:"a price below the reference price may add utility"`
	Loss   bool   `toml:"loss" default:"true" doc:"a price above it may take utility away"`
}

// Quantity is a count truncated at zero with log mean intercept + deal·d before truncation, d in [0, 1] being how far the product is on
// deal: Poisson, or negative binomial with variance μ + dispersion·μ².
type Quantity struct {
	Intercept  float64 `toml:"intercept" default:"0.0" range:"[-20,5]" doc:"log mean before truncation"`
	Deal       float64 `toml:"deal" default:"0.0" range:"[-5,5]" doc:"what a deal adds to it"`
	Dispersion float64 `toml:"dispersion" default:"0.0" range:"[0,100]" doc:"0: Poisson"`
	Provenance string  `toml:"provenance" doc:"where the numbers come from"`
}

// Market says how the world is simulated.
type Market struct {
	Resolution string `toml:"resolution" default:"'sampled'" oneof:"sampled,expected" doc:"sampled: every shopper; expected: demand in closed form"`
	Stores     Stores `toml:"stores" doc:"how many stores' worth of customers are simulated"`
	Shock      bool   `toml:"shock" default:"true" doc:"weekly AR(1) utility shocks with the residuals' variance"`
}

// Stores scales the market: it simulates the customers of so many stores out of the chain whose customers the data count.
type Stores struct {
	Chain    float64 `toml:"chain" default:"1.0" range:"[1,1000000]" doc:"stores whose customers the data count together"`
	Train    float64 `toml:"train" default:"0.05" range:"(0,1000000]" doc:"stores' worth of customers while learning"`
	Evaluate float64 `toml:"evaluate" default:"1.0" range:"(0,1000000]" doc:"stores' worth of customers while comparing policies"`
}

// TrainShare and EvaluateShare are the shares of the chain's customers that are simulated.
func (s Stores) TrainShare() float64    { return s.Train / s.Chain }
func (s Stores) EvaluateShare() float64 { return s.Evaluate / s.Chain }

// Stock is the replenishment of the shelf.
type Stock struct {
	Policy       string  `toml:"policy" default:"'base-stock'" oneof:"base-stock,ample" doc:"base-stock: order up to the cover at each review; ample: never out"`
	CoverDays    float64 `toml:"cover_days" default:"10" range:"(0,365]" doc:"days of expected sales that an order fills up to"`
	Safety       float64 `toml:"safety" default:"2.0" range:"[0,10]" doc:"safety stock, in standard deviations of the cover's sales"`
	LeadTimeDays int     `toml:"lead_time_days" default:"2" range:"[0,365]" doc:"from order to receipt"`
}

// Seller sets prices.
type Seller struct {
	Name    string             `toml:"name" required:"true" doc:"unique"`
	Copies  int                `toml:"copies" world:"market" range:"[1,1000]" doc:"so many sellers in its place, NAME-1, NAME-2, …, among whom its products are dealt out"`
	Prices  []string           `toml:"prices" shorthand:"true" doc:"products it prices; left out: all that no other seller prices"`
	Review  Review             `toml:"review" default:"'1 week'" default-market:"'1 day'" doc:"when it reviews its offer: a time such as \"1 week\", or a table"`
	Offers  Offers             `toml:"offers" world:"category" doc:"the ladder of prices it may post: a list, or { from, to, rungs }"`
	Ladder  Ladder             `toml:"offers" world:"market" required:"true" doc:"what it may post, for one product: a list of prices or { from, to, rungs }; for any number: { levels }, multiples of their list prices, or { grid = [[prices of the first], …] }, every combination; promotions = [names] in these tables: each price alone and with each of them; or a list of { price or level, promotion }, of which several products may have { prices, promotion }"`
	Opening *float64           `toml:"opening" world:"market" doc:"price, or level, with which an episode opens; left out: that nearest to the list price, without a promotion if possible"`
	Limit   *Limit             `toml:"limit" doc:"offers it may not make"`
	Reward  *Reward            `toml:"reward" doc:"what it is after"`
	State   map[string]Feature `toml:"state" doc:"what it sees; souk scenario features lists what there is"`
	Knows   []string           `toml:"knows" world:"market" doc:"features for its state that no seller could know: rivals' stock, what shoppers are; what it then earns, no shop can"`
	Brain   *Brain             `toml:"brain" world:"category" doc:"the rule it follows; left out: an agent learns in its place"`
	Rule    *Rule              `toml:"brain" world:"market" doc:"the rule it follows; left out: an agent learns in its place"`
	Agent   string             `toml:"agent" world:"market" doc:"one of [[agents]] by which it learns too, by itself, while an agent learns in the learning seller's place"`
}

// Review says when a seller may change its offer.
type Review struct {
	Every      Span `toml:"every,omitzero" shorthand:"true" doc:"time between reviews; left out of a table: only when triggered"`
	Random     bool `toml:"random" world:"market" doc:"exponential times of that mean in place of equal ones"`
	StockBelow int  `toml:"stock_below" world:"market" default:"0" range:"[0,1000000000]" doc:"a unit sold that leaves less than this of a product calls a review; 0: none does"`
	RivalMoved bool `toml:"rival_moved" world:"market" doc:"another seller's new offer calls one"`
	Delay      Span `toml:"delay" world:"market" default:"'1 hour'" doc:"from the trigger to the review"`
}

// Limit forbids offers, while learning too. Floor and Ceiling take them off the ladder, the others mask them while they are too far from a price.
// All become guardrails of the policy (env.Limit), which its bundle proves.
type Limit struct {
	BelowReference float64 `toml:"below_reference" default:"0.0" range:"[0,1000000]" doc:"$ by which a price may fall below the reference price; 0: any"`
	AboveReference float64 `toml:"above_reference,omitzero" range:"[0,1000000]" doc:"$ by which a price may rise above the reference price; 0: any"`
	Change         float64 `toml:"change,omitzero" range:"[0,1000000]" doc:"$, or with levels the level, by which an offer may differ from the one that stands; 0: any"`
	Floor          float64 `toml:"floor,omitzero" range:"[0,1000000]" doc:"price, or level, below which nothing is offered; 0: none"`
	Ceiling        float64 `toml:"ceiling,omitzero" range:"[0,1000000]" doc:"price, or level, above which nothing is offered; 0: none"`
	// Markup is a pointer because 0 forbids sales at a loss.
	Markup *float64 `toml:"markup" range:"(-1,1000000]" doc:"share of the observed unit cost by which a price lies above it at least; 0: no price below cost; left out: the cost does not matter"`
}

// Times is how many times the unit cost a price is at least; 0: the cost does not matter.
func (l *Limit) Times() float64 {
	if l.Markup == nil {
		return 0
	}
	return 1 + *l.Markup
}

// allows tells whether a price is within floor and ceiling.
func (l *Limit) allows(price float64) bool {
	const slack = 1e-9 // prices may be computed
	return price >= l.Floor-slack && (l.Ceiling == 0 || price <= l.Ceiling+slack)
}

// Reward is what a period earns.
type Reward struct {
	Of          string  `toml:"of" default:"'category-profit'" oneof:"category-profit,brand-profit,revenue" default-market:"'profit'" oneof-market:"profit,revenue" doc:"profit of all products of a category, profit or revenue of its own"`
	Discount    float64 `toml:"discount" default:"0.95" default-market:"0.99" range:"[0,1)" doc:"worth of the next period's reward today"`
	Holding     float64 `toml:"holding" world:"category" default:"0.002" range:"[0,1]" doc:"cost of holding stock, share of its wholesale value a period"`
	LostUnit    float64 `toml:"lost_unit" default:"0.0" range:"[0,1000000]" doc:"penalty for a unit asked for and not in stock, $"`
	PriceChange float64 `toml:"price_change" default:"0.0" range:"[0,1000000]" doc:"cost of a new price, $"`
}

// Feature is how the state encodes a number it sees.
type Feature struct {
	Bins  int       `toml:"bins,omitzero" range:"[2,10000]" doc:"cells of equal width; 2 when there are no edges either"`
	From  *float64  `toml:"from" doc:"lower end of the first cell; left out: the feature's least usual value"`
	To    *float64  `toml:"to" doc:"upper end of the last cell; left out: the feature's greatest usual value"`
	Edges []float64 `toml:"edges" doc:"increasing borders between cells, in place of bins"`
}

// Brain is a rule in a seller's place, fitted from the data.
type Brain struct {
	Rule         string  `toml:"rule" required:"true" oneof:"markov-deals" doc:"markov-deals: regular prices and deals as a Markov chain over typical prices"`
	Depth        float64 `toml:"depth" default:"0.05" range:"(0,1)" doc:"how far below the regular price a deal begins, as a share of it"`
	Window       int     `toml:"window" default:"13" range:"[1,1000]" doc:"periods before and after that make the regular price"`
	Recent       int     `toml:"recent" default:"104" range:"[1,100000]" doc:"last periods, which set the level of prices and costs"`
	RegularRungs int     `toml:"regular_rungs" default:"3" range:"[1,20]" doc:"typical regular prices, at most"`
	DealRungs    int     `toml:"deal_rungs" default:"4" range:"[1,20]" doc:"typical deal prices, at most"`
}

// Agent is a learner: its parameters are those of its kind.
type Agent struct {
	Name string `toml:"name" required:"true" doc:"unique"`
	Kind string `toml:"kind" doc:"learning algorithm; left out: the name"`

	Start       string `toml:"start" world:"category,market,problem" doc:"folder of a policy bundle with whose values, and how often each was tried, it begins: a table of the same state and offers; a path relative to the scenario"`
	StartSHA256 string `toml:"start_sha256" world:"category,market,problem" doc:"digest of the bundle's manifest; filled in when the scenario is resolved, checked when given"`

	Params agents.Params // decoded from the rest of its table
}

// Train is the learning budget.
type Train struct {
	Episodes   int `toml:"episodes" default:"2000" range:"[1,1000000000]" doc:"episodes a seed learns"`
	Seeds      int `toml:"seeds" default:"2" range:"[1,10000]" doc:"independent trainings of each agent"`
	Checkpoint int `toml:"checkpoint" world:"category,market" default:"500" range:"[1,1000000000]" doc:"episodes between checkpoints"`
	StepsEvery int `toml:"steps_every" world:"category,market" default:"100" range:"[1,1000000000]" doc:"steps.parquet keeps the steps of every so many episodes, and of the last"`

	Stop *train.Stop `toml:"stop" doc:"rules by which training ends before its last episode; left out: it does not"`
}

// Evaluate is how policies are compared.
type Evaluate struct {
	Paths            int         `toml:"paths" default:"200" default-problem:"10000" range:"[2,1000000]" doc:"episodes that every policy plays, all against the same customers"`
	Against          []string    `toml:"against" world:"category,market" default:"['history', 'best-fixed', 'best-cycle', 'cost-plus', 'random', 'optimum']" oneof:"history,best-fixed,best-cycle,cost-plus,random,optimum" default-market:"['best-fixed', 'opening', 'random']" oneof-market:"best-fixed,opening,random" doc:"what the learned policies are compared with"`
	Rules            []Contender `toml:"rules" world:"market,problem" doc:"pricing rules that they are compared with too"`
	CoefficientDraws int         `toml:"coefficient_draws" world:"category" default:"200" range:"[0,100000]" doc:"draws of the fitted coefficients over which the headline is repeated"`
}
