// Reads the Parquet tables of runs by DuckDB, and holds them against what docs/formats/ says of them. Arguments: folders of runs.
import { DuckDBInstance } from '@duckdb/node-api';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const db = await (await DuckDBInstance.create(':memory:')).connect();
const ask = async (sql) => (await db.runAndReadAll(sql)).getRowObjectsJson();
const types = (text) => Object.fromEntries(text.trim().split(/\s+/).map((pair) => pair.split(':')));
const [V, I, D] = ['VARCHAR', 'BIGINT', 'DOUBLE'];

const key = { run_id: V, scenario: V, agent: V, seed: I, episode: I, step: I };
const accounts = types(`periods:${I} reward:${D} revenue:${D} profit:${D} units:${D} customers:${D} purchases:${D} own_units:${D} own_revenue:${D}
  own_profit:${D} lost_units:${D} stock_out_days:${D} holding_cost:${D} price_changes:${I} deal_periods:${I} mean_price:${D} received_units:${D} views:${I}
  carts:${I} abandoned:${I} stock_outs:${I} returned_units:${I} spoiled_units:${I} repeat_visits:${I} repeat_orders:${I} lapsed:${I} saved:${D} surplus:${D}
  satisfaction:${D}`);
const tables = {
  episodes: { ...key, exploration: D, learning_rate: D, ...accounts },
  steps: { ...key, week: I, reference_price: D, action: I, price: D, exploring: 'BOOLEAN', ...accounts },
  learners: { ...key, player: V, exploration: D, learning_rate: D, turns: I, reward: D },
  events: { ...key, ...types(`event:${I} time_days:${D} kind:${V} shopper:${V} visit:${I} customer:BOOLEAN persona:${V} channel:${V} product:${V} seller:${V}
    promotion:${V} why:${V} units:${I} price:${D} amount:${D} place:${I} dwell_seconds:${D}`) },
};
const mayBeNull = { steps: ['reference_price'], events: ['shopper', 'visit', 'persona', 'channel', 'product', 'seller', 'promotion', 'why', 'units', 'price', 'amount', 'place', 'dwell_seconds'] };

let checked = 0;
function fail(file, what) { throw new Error(`${file}: ${what}`); }

// A decision log: the keys of docs/formats/decisions.md and a column for each feature.
const decision = { ...types(`id:${V} time:${D} policy:${V} revision:${V} unit:${V} step:${I} last:BOOLEAN`), ...types(`action:${I} price:${D} promotion:${V} allowed:BIGINT[] propensity:${D} reward:${D} discount:${D}`) };

async function decisions(file) {
  const from = `read_parquet('${file}')`;
  const columns = await ask(`DESCRIBE SELECT * FROM ${from}`);
  const found = Object.fromEntries(columns.map((c) => [c.column_name, c.column_type]));
  for (const [column, type] of Object.entries(found)) {
    const want = column.startsWith('observation.') ? D : decision[column];
    if (type !== want) fail(file, `column ${column} is ${type}, expected ${want}`);
  }
  for (const column of Object.keys(decision)) if (!(column in found)) fail(file, `no column ${column}`);
  const bad = await ask(`SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY unit ORDER BY step) - 1 AS place, count(*) OVER (PARTITION BY unit) AS n FROM ${from})
    WHERE step <> place OR last <> (step = n - 1) OR NOT (propensity > 0 AND propensity <= 1) OR NOT coalesce(list_contains(allowed, action), true) OR NOT coalesce(isfinite(reward), false) LIMIT 1`);
  if (bad.length) fail(file, JSON.stringify(bad[0]));
  // Where all offers are drawn with a floor, the mean of 1/propensity is the number of offers but for chance.
  const [{ rows, weight, offers }] = await ask(`SELECT count(*)::INT AS rows, avg(1 / propensity) AS weight, avg(len(allowed)) AS offers FROM ${from}`);
  if (Math.abs(weight / offers - 1) > 0.2) fail(file, `mean 1/propensity ${weight} of ${offers} offers`);
  checked++;
  console.log(`${path.relative(process.cwd(), file)}: ${rows} rows of ${columns.length} columns`);
}

async function table(file) {
  const name = path.basename(file, '.parquet');
  if (name === 'decisions') return decisions(file);
  const from = `read_parquet('${file}')`;
  const found = Object.fromEntries((await ask(`DESCRIBE SELECT * FROM ${from}`)).map((c) => [c.column_name, c.column_type]));
  const want = tables[name];
  for (const column of Object.keys(want ?? key)) {
    const type = (want ?? key)[column];
    if (found[column] !== type) fail(file, `column ${column} is ${found[column]}, expected ${type}`);
  }
  for (const [column, type] of Object.entries(found)) {
    if (want && !(column in want) && name !== 'events') fail(file, `column ${column} is not documented`);
    if (![V, I, D, 'BOOLEAN'].includes(type)) fail(file, `column ${column} is ${type}`);
    if (type === D && (await ask(`SELECT count(*)::INT AS n FROM ${from} WHERE NOT isfinite("${column}")`))[0].n) fail(file, `column ${column} has NaN or infinity`);
    if (want && !mayBeNull[name]?.includes(column) && (await ask(`SELECT count(*)::INT AS n FROM ${from} WHERE "${column}" IS NULL`))[0].n) fail(file, `column ${column} has NULL`);
  }
  for (const g of await ask(`SELECT DISTINCT compression, row_group_num_rows::INT AS rows FROM parquet_metadata('${file}')`)) {
    if (g.compression !== 'ZSTD' || g.rows > 131072) fail(file, `a row group of ${g.rows} rows in ${g.compression}`);
  }
  const footer = (await ask(`SELECT decode(key) AS key FROM parquet_kv_metadata('${file}')`)).map((r) => r.key);
  if (!footer.includes('souk.schema') || !footer.includes('souk.scenario_sha256')) fail(file, `the footer has ${footer}`);
  const order = (await ask(`SELECT count(*)::INT AS n FROM (SELECT (seed, agent, episode, step) AS k, lag((seed, agent, episode, step)) OVER (ORDER BY file_row_number) AS before
    FROM read_parquet('${file}', file_row_number = true)) WHERE k < before`))[0].n;
  if (order && name !== 'events') fail(file, `${order} rows out of order`);
  const rows = (await ask(`SELECT count(*)::INT AS n FROM ${from}`))[0].n;
  if (!rows) fail(file, 'no rows');
  checked++;
  console.log(`${path.relative(process.cwd(), file)}: ${rows} rows of ${Object.keys(found).length} columns`);
}

// What a training's tables must say about each other and about its summary.
async function training(dir) {
  const manifest = JSON.parse(readFileSync(path.join(dir, 'manifest.json')));
  const scenario = readFileSync(path.join(dir, 'scenario.toml'), 'utf8');
  const [episodes, seeds] = ['episodes', 'seeds'].map((k) => Number(scenario.match(new RegExp(`^${k} = (\\d+)$`, 'm'))[1]));
  const from = `read_parquet('${path.join(dir, 'episodes.parquet')}')`;
  for (const r of await ask(`SELECT agent, seed::INT AS seed, count(*)::INT AS n, count(DISTINCT episode)::INT AS different, min(episode)::INT AS first, max(episode)::INT AS last,
      min(run_id) AS run, sum(CASE WHEN abs(own_revenue) > abs(revenue) + 1e-6 THEN 1 ELSE 0 END)::INT AS more FROM ${from} GROUP BY ALL`)) {
    if (r.n > episodes || r.different !== r.n || r.first !== 0 || r.last !== r.n - 1 || r.seed < 1 || r.seed > seeds || r.run !== manifest.run_id || r.more) fail(dir, JSON.stringify(r));
  }
  const steps = `read_parquet('${path.join(dir, 'steps.parquet')}')`;
  // Revenue of an episode's steps adds up to the episode's, but for what comes before the first review and after the last.
  const off = await ask(`SELECT s.agent, s.seed::INT AS seed, s.episode::INT AS episode FROM (SELECT agent, seed, episode, sum(revenue) AS revenue, sum(periods) AS periods
    FROM ${steps} GROUP BY ALL) s JOIN ${from} e USING (agent, seed, episode) WHERE s.periods = e.periods AND abs(s.revenue - e.revenue) > 1e-6 * (1 + abs(e.revenue))`);
  if (off.length) fail(dir, `the steps' revenue is not the episode's: ${JSON.stringify(off[0])}`);
}

for (const root of process.argv.slice(2)) {
  for (const entry of readdirSync(root, { recursive: true })) {
    const file = path.resolve(root, entry);
    if (file.endsWith('.parquet')) await table(file);
    if (path.basename(file) === 'summary.json') await training(path.dirname(file));
  }
}
if (!checked) throw new Error('no Parquet file under ' + process.argv.slice(2));
