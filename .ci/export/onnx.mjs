// Holds every model of a folder against the decisions beside it, in onnxruntime.
import fs from 'node:fs'
import path from 'node:path'
import ort from 'onnxruntime-node'

const folder = process.argv[2]
let failed = 0
for (const name of fs.readdirSync(folder).filter(f => f.endsWith('.onnx')).sort()) {
  const want = JSON.parse(fs.readFileSync(path.join(folder, name.replace('.onnx', '.json'))))
  const session = await ort.InferenceSession.create(path.join(folder, name))
  const rows = want.observations.length, columns = want.observations[0].length
  const seen = Float64Array.from(want.observations.flat().map(x => x === null ? NaN : x))
  const feeds = { observation: new ort.Tensor('float64', seen, [rows, columns]) }
  if (session.inputNames.includes('u')) feeds.u = new ort.Tensor('float64', Float64Array.from(want.u), [rows])
  const out = await session.run(feeds)
  let wrong = 0
  for (let i = 0; i < rows; i++) {
    if (Number(out.action.data[i]) !== want.actions[i] || out.price.data[i] !== want.prices[i]) {
      if (wrong++ === 0) console.log(name, 'row', i, want.observations[i], 'action', out.action.data[i], 'and not', want.actions[i])
    }
  }
  console.log(`${name}: ${rows} observations, ${wrong} decided otherwise`)
  if (wrong > 0) failed++
}
if (failed > 0) process.exit(1)
