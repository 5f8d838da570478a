// Opens every report.html under the folders given, and asserts what docs/reports.md promises. Arguments: the browser, the folder of screenshots, folders of runs.
import puppeteer from "puppeteer-core";
import { createRequire } from "node:module";
import { mkdirSync, readFileSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [browser, shots, ...folders] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const reports = folders.flatMap((folder) => readdirSync(folder, { recursive: true }).filter((f) => path.basename(f) === "report.html").map((f) => path.join(folder, f))).sort();
if (!reports.length) throw new Error(`no report.html under ${folders}`);
mkdirSync(shots, { recursive: true });

const most = 3e6; // bytes of a report
const failures = [];
const check = (report, ok, what) => { if (!ok) failures.push(`${report}: ${what}`); };
const chrome = await puppeteer.launch({ executablePath: browser, args: ["--no-sandbox", "--disable-dev-shm-usage"], headless: true });

// numbersOf are the sorted column's values as a reader sees them.
const numbersOf = (page, table, column) => page.evaluate((t, c) => [...document.querySelectorAll("table.data")[t].tBodies[0].rows].map((r) => r.cells[c].dataset.v).filter(Boolean).map(Number), table, column);

async function sorts(page, report) {
  const place = await page.evaluate(() => {
    const tables = [...document.querySelectorAll("table.data")];
    for (const [t, table] of tables.entries()) {
      const heads = [...table.tHead.rows[0].cells];
      const c = heads.findIndex((h) => h.classList.contains("n") && h.querySelector("button"));
      if (c >= 0 && !table.closest("details") && new Set([...table.tBodies[0].rows].map((r) => r.cells[c].dataset.v)).size > 2) return [t, c];
    }
  });
  if (!place) return "no table to sort";
  const [t, c] = place;
  const button = (await page.$$("table.data"))[t];
  const head = (await button.$$("thead th"))[c];
  await (await head.$("button")).focus();
  await page.keyboard.press("Enter");
  const down = await numbersOf(page, t, c);
  await page.keyboard.press("Enter");
  const up = await numbersOf(page, t, c);
  check(report, down.every((v, i) => !i || down[i - 1] >= v) && up.every((v, i) => !i || up[i - 1] <= v), "a table does not sort by keyboard");
  check(report, (await head.evaluate((h) => h.getAttribute("aria-sort"))) === "ascending", "a sorted column does not say so");
  return "sorts";
}

async function zooms(page, report) {
  const figure = await page.$("figure[data-zoom]");
  if (!figure) return "no chart to zoom";
  const view = () => figure.evaluate((f) => f.dataset.view);
  const plot = () => figure.$eval("svg.wide svg.plot", (p) => p.getAttribute("viewBox"));
  const whole = await plot();
  await (await figure.$(".tools button")).focus();
  await page.keyboard.press("Enter");
  check(report, (await view()) === "0.250 0.750" && (await plot()) !== whole, "a chart does not zoom by keyboard");
  const labels = await figure.$$eval("svg.wide .xs text", (all) => all.length);
  check(report, labels >= 2, "a zoomed chart has no labels");
  await (await figure.$(".tools button:last-child")).press("Enter");
  check(report, (await plot()) === whole, "a chart does not go back to all");
  await figure.scrollIntoView();
  const box = await (await figure.$("svg.wide svg.plot")).boundingBox();
  await page.mouse.move(box.x + box.width * 0.3, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2, { steps: 4 });
  await page.mouse.up();
  check(report, (await plot()) !== whole, "a chart does not zoom by dragging");
  return "zooms";
}

for (const report of reports) {
  const page = await chrome.newPage();
  const said = [];
  page.on("console", (m) => { if (["error", "warning", "warn"].includes(m.type())) said.push(`console: ${m.text()}`); });
  page.on("pageerror", (e) => said.push(`error: ${e.message}`));
  page.on("requestfailed", (r) => said.push(`failed request: ${r.url()}`));
  page.on("request", (r) => { if (r.url() !== pathToFileURL(report).href && !r.url().startsWith("data:")) said.push(`request: ${r.url()}`); });
  const size = statSync(report).size;
  check(report, size < most, `${size} bytes, not below ${most}`);
  const name = path.relative(process.cwd(), report).split(path.sep).slice(-3, -1).join("-");
  const done = [];
  for (const [view, width, scheme] of [["wide", 1280, "light"], ["dark", 1280, "dark"], ["phone", 390, "light"]]) {
    await page.setViewport({ width, height: 900, deviceScaleFactor: 1 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }, { name: "prefers-reduced-motion", value: "reduce" }]);
    await page.goto(pathToFileURL(report).href);
    await page.screenshot({ path: path.join(shots, `${name}-${view}.png`), fullPage: true });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    check(report, over <= 0, `${view}: the page scrolls sideways by ${over} px`);
    await page.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
    await page.evaluate(axe);
    for (const v of (await page.evaluate(() => axe.run())).violations) {
      if (["serious", "critical"].includes(v.impact)) check(report, false, `${view}: ${v.impact}: ${v.help}: ${v.nodes[0].html.slice(0, 200)}`);
    }
    if (view === "wide") done.push(await sorts(page, report), await zooms(page, report));
  }
  await page.emulateMediaType("print");
  await page.pdf({ path: path.join(shots, `${name}.pdf`), format: "A4" });
  for (const what of said) check(report, false, what);
  console.log(`${name}: ${size} bytes; ${done.join(", ")}`);
  await page.close();
}
await chrome.close();
if (failures.length) {
  console.error(failures.join("\n"));
  process.exit(1);
}
console.log(`${reports.length} reports hold`);
