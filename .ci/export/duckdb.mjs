// Holds the SQL of every table of a folder against the decisions beside it, in DuckDB, and its Parquet file against its SQL.
import fs from 'node:fs'
import path from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'

const folder = process.argv[2]
const db = await (await DuckDBInstance.create()).connect()
let failed = 0
for (const name of fs.readdirSync(folder).filter(f => f.endsWith('.sql')).sort()) {
  const base = path.join(folder, name.replace('.sql', ''))
  const want = JSON.parse(fs.readFileSync(base + '.json'))
  const features = want.features
  fs.writeFileSync(base + '.ndjson', want.observations.map((o, id) => JSON.stringify({ id, ...Object.fromEntries(features.map((f, i) => [f, o[i]])) })).join('\n'))
  const columns = ['id: \'BIGINT\'', ...features.map(f => `"${f}": 'DOUBLE'`)].join(', ')
  await db.run(`CREATE OR REPLACE TABLE observations AS SELECT * FROM read_json('${base}.ndjson', format = 'newline_delimited', columns = {${columns}})`)
  const rows = (await db.runAndReadAll(fs.readFileSync(path.join(folder, name), 'utf8'))).getRows()
  let wrong = rows.length === want.actions.length ? 0 : 1
  rows.forEach(([id, action, price, promotion]) => {
    const i = Number(id)
    if (Number(action) !== want.actions[i] || price !== want.prices[i] || promotion !== want.promotions[i]) {
      if (wrong++ === 0) console.log(name, 'row', i, want.observations[i], 'action', action, 'and not', want.actions[i])
    }
  })
  const [[states, offers]] = (await db.runAndReadAll(`SELECT count(DISTINCT state), count(*) FROM '${base}.parquet' WHERE place = 1`)).getRows()
  if (states !== offers) wrong++
  console.log(`${name}: ${rows.length} observations, ${wrong} decided otherwise; ${states} states in the Parquet file`)
  if (wrong > 0) failed++
}
if (failed > 0) process.exit(1)
