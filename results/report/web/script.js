"use strict";
(() => {
  // Tables sort by a column: numbers by their value, words by the alphabet; a second time the other way.
  for (const table of document.querySelectorAll("table.data")) {
    const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
    if (body.rows.length < 2) continue;
    heads.forEach((head, column) => {
      if (!head.textContent) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const numbers = head.classList.contains("n");
        const down = head.ariaSort ? head.ariaSort === "ascending" : numbers;
        for (const h of heads) h.removeAttribute("aria-sort");
        head.ariaSort = down ? "descending" : "ascending";
        const key = row => numbers ? parseFloat(row.cells[column].dataset.v) : row.cells[column].textContent;
        const order = (a, b) => numbers ? (isNaN(a) - isNaN(b)) || (down ? b - a : a - b) : (down ? -1 : 1) * a.localeCompare(b);
        body.append(...[...body.rows].map(row => [key(row), row]).sort((a, b) => order(a[0], b[0])).map(pair => pair[1]));
      });
    });
  }

  // Charts zoom along x, by dragging over them or by their buttons; y follows what is in view.
  const svg = (name, attributes, text) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const marks = (lo, hi, n, log) => {
    if (log && hi - lo > .7) {
      const all = [];
      for (let p = Math.floor(lo); p <= hi; p++)
        for (const m of hi - lo > n / 3 ? [1] : [1, 2, 5]) {
          const v = p + Math.log10(m);
          if (v >= lo && v <= hi) all.push([v, (m * 10 ** p).toLocaleString("en-US", { maximumFractionDigits: 9 })]);
        }
      return all;
    }
    if (log) return marks(10 ** lo, 10 ** hi, n).map(([v, label]) => [Math.log10(v), label]);
    const rough = (hi - lo) / n, power = 10 ** Math.floor(Math.log10(rough));
    const step = power * ([1, 2, 2.5, 5].find(m => m * power >= rough * .999) || 10);
    const places = Math.max(0, Math.min(9, Math.ceil(-Math.log10(step) - 1e-9) + (Math.abs(step / power - 2.5) < 1e-9)));
    const all = [];
    for (let i = Math.ceil(lo / step - 1e-9); i * step <= hi + 1e-9 * step; i++)
      all.push([i * step, (i * step).toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places }).replace("-", "−")]);
    return all;
  };
  const scale = text => { const [lo, hi, log] = text.split(" "); return { lo: +lo, hi: +hi, log: log === "true" }; };
  const pairs = shape => shape.getAttribute("points").trim().split(/\s+/).map(p => p.split(",").map(Number));

  for (const figure of document.querySelectorAll("figure[data-zoom]")) {
    const charts = [...figure.querySelectorAll("svg.plot")].map(plot => ({
      plot, chart: plot.ownerSVGElement, all: plot.getAttribute("viewBox"), x: scale(plot.dataset.x), y: scale(plot.dataset.y),
      left: +plot.getAttribute("x"), top: +plot.getAttribute("y"), w: +plot.getAttribute("width"), h: +plot.getAttribute("height"),
      points: [...plot.querySelectorAll("polyline, polygon")].flatMap(pairs)
    }));
    charts.forEach(c => { c.xs = [...c.chart.querySelector(".xs").childNodes]; c.ys = [...c.chart.querySelector(".ys").childNodes]; });
    let from = 0, to = 1; // shares of the x axis in view
    const show = (a, b) => {
      const width = Math.min(1, Math.max(b - a, .005));
      from = Math.min(Math.max(0, a), 1 - width);
      to = from + width;
      const whole = width > .999;
      figure.classList.toggle("zoomed", !whole);
      charts.forEach(c => draw(c, whole));
      out.disabled = back.disabled = left.disabled = right.disabled = whole;
      figure.dataset.view = from.toFixed(3) + " " + to.toFixed(3);
    };
    const draw = (c, whole) => {
      const { plot, chart, w, h } = c, x0 = from * w, x1 = to * w;
      let top = 0, foot = h;
      if (!whole) {
        const seen = c.points.filter(p => p[0] >= x0 && p[0] <= x1 && p[1] > -h && p[1] < 2 * h).map(p => p[1]);
        if (seen.length > 1) {
          top = Math.min(...seen); foot = Math.max(...seen);
          const air = Math.max((foot - top) * .08, h * .01);
          top -= air; foot += air;
        }
      }
      plot.setAttribute("viewBox", whole ? c.all : `${x0} ${top} ${x1 - x0} ${foot - top}`);
      chart.querySelectorAll(".tag.halo, .tick.halo").forEach(t => t.style.visibility = whole ? "" : "hidden");
      const xs = chart.querySelector(".xs"), ys = chart.querySelector(".ys"), size = parseFloat(chart.getAttribute("font-size"));
      if (whole) { xs.replaceChildren(...c.xs); ys.replaceChildren(...c.ys); return; }
      xs.replaceChildren(); ys.replaceChildren();
      const lo = c.x.lo + from * (c.x.hi - c.x.lo), hi = c.x.lo + to * (c.x.hi - c.x.lo);
      for (const [v, label] of marks(lo, hi, w > 400 ? 7 : 3, c.x.log)) {
        const x = c.left + (v - lo) / (hi - lo) * w;
        xs.append(svg("path", { class: "axis", d: `M${x} ${c.top + h}v4` }), svg("text", { x, y: c.top + h + size + 5, "text-anchor": "middle", class: "tick" }, label));
      }
      const at = py => c.y.hi - py / h * (c.y.hi - c.y.lo);
      for (const [v, label] of marks(at(foot), at(top), Math.max(2, Math.floor(h / 48)), c.y.log)) {
        const y = c.top + (at(top) - v) / (at(top) - at(foot)) * h;
        ys.append(svg("path", { class: "grid", d: `M${c.left} ${y}h${w}` }), svg("text", { x: c.left - 6, y: y + .35 * size, "text-anchor": "end", class: "tick" }, label));
      }
    };
    const tools = document.createElement("div");
    tools.className = "tools";
    tools.setAttribute("role", "group");
    tools.setAttribute("aria-label", "Zoom: " + figure.querySelector("figcaption").textContent);
    const add = (label, name, by) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.ariaLabel = button.title = name;
      button.addEventListener("click", by);
      tools.append(button);
      return button;
    };
    const by = f => () => { const m = (from + to) / 2, r = (to - from) / 2 * f; show(m - r, m + r); };
    add("+", "Zoom in", by(.5));
    const out = add("−", "Zoom out", by(2));
    const left = add("←", "Earlier", () => show(from - (to - from) / 2, to - (to - from) / 2));
    const right = add("→", "Later", () => show(from + (to - from) / 2, to + (to - from) / 2));
    const back = add("All", "Show all", () => show(0, 1));
    out.disabled = back.disabled = left.disabled = right.disabled = true;
    const last = charts[charts.length - 1].chart;
    last.after(tools);

    for (const c of charts) {
      let begun = null, box = null;
      const share = event => {
        const r = c.chart.getBoundingClientRect(), unit = r.width / c.chart.viewBox.baseVal.width;
        return Math.min(1, Math.max(0, ((event.clientX - r.left) / unit - c.left) / c.w));
      };
      c.chart.addEventListener("pointerdown", event => {
        const r = c.chart.getBoundingClientRect(), unit = r.width / c.chart.viewBox.baseVal.width, y = (event.clientY - r.top) / unit;
        if (event.pointerType === "touch" || event.button !== 0 || y < c.top || y > c.top + c.h) return;
        begun = share(event);
        box = svg("rect", { class: "selection", y: c.top, height: c.h, x: c.left + begun * c.w, width: 0 });
        c.chart.append(box);
        c.chart.setPointerCapture(event.pointerId);
        event.preventDefault();
      });
      c.chart.addEventListener("pointermove", event => {
        if (begun === null) return;
        const now = share(event);
        box.setAttribute("x", c.left + Math.min(begun, now) * c.w);
        box.setAttribute("width", Math.abs(now - begun) * c.w);
      });
      const end = event => {
        if (begun === null) return;
        const now = share(event), a = Math.min(begun, now), b = Math.max(begun, now);
        box.remove();
        begun = null;
        if (event.type === "pointerup" && b - a > .01) show(from + a * (to - from), from + b * (to - from));
      };
      c.chart.addEventListener("pointerup", end);
      c.chart.addEventListener("pointercancel", end);
      c.chart.addEventListener("dblclick", () => show(0, 1));
    }
  }
})();
