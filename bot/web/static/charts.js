// Draws each chart from its own table. The table stays for readers without the drawing.
"use strict";
(() => {
  const HEIGHT = 220;
  const MOST_LINES = 12; // with more lines, changes that went live are marked only at the top
  const STEPS = {
    count: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000],
    seconds: [1, 5, 15, 30, 60, 300, 600, 1800, 3600, 7200, 14400, 43200, 86400, 172800, 604800],
  };
  const plots = new Map();
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const seconds = (iso) => Date.parse(iso) / 1000;

  function duration(value) {
    if (value < 100) return `${Math.round(value)} s`;
    const minutes = Math.round(value / 60);
    if (minutes < 100) return `${minutes} min`;
    const hours = minutes / 60;
    return hours < 48 ? `${+hours.toFixed(1)} h` : `${+(hours / 24).toFixed(1)} d`;
  }
  const UNITS = {
    count: (value) => value.toLocaleString(),
    percent: (value) => `${(+value.toFixed(1)).toLocaleString()} %`,
    usd: (value) => { const digits = value && value < 0.01 ? 4 : 2; return `$${value.toLocaleString(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits })}`; },
    seconds: duration,
  };

  // What a figure's table holds, oldest first, with the rows that it leaves out.
  function read(figure) {
    const step = Number(figure.dataset.seconds);
    const heads = [...figure.querySelectorAll("thead th[data-tone]")];
    const known = new Map();
    for (const row of figure.querySelectorAll("tbody tr")) {
      const values = [...row.querySelectorAll("td")].map((cell) => {
        const data = cell.querySelector("data");
        return data ? Number(data.value) : null;
      });
      known.set(seconds(row.querySelector("time").dateTime), values);
    }
    const filler = figure.dataset.shape === "lines" ? null : 0;
    const times = [];
    for (let at = seconds(figure.dataset.first); at <= seconds(figure.dataset.last); at += step) times.push(at);
    const columns = heads.map((_, place) => times.map((at) => known.get(at)?.[place] ?? filler));
    const marks = [...figure.querySelectorAll(".marks li")].map((each) => ({ at: seconds(each.querySelector("time").dateTime), tone: each.dataset.tone, label: each.querySelector("a")?.textContent ?? "" }));
    return {
      step, times, columns, marks,
      names: heads.map((each) => each.textContent),
      tones: heads.map((each) => each.dataset.tone),
      limit: figure.dataset.limit ? Number(figure.dataset.limit) : null,
      kind: figure.dataset.unit,
      unit: UNITS[figure.dataset.unit] ?? UNITS.count,
      lines: figure.dataset.shape === "lines",
    };
  }

  // Stacked: each series is drawn up to its sum with those below it, the highest first.
  function stacked(columns) {
    const sums = [];
    columns.forEach((values, place) => sums.push(values.map((value, at) => value + (place ? sums[place - 1][at] : 0))));
    return sums;
  }

  function series(chart) {
    const bars = uPlot.paths.bars({ size: [0.8, 28], align: 1, gap: 1 });
    return chart.names.map((name, place) => {
      const stroke = colour(`--chart-${chart.tones[place]}`);
      const value = (_, __, ___, at) => {
        const raw = at == null ? null : chart.columns[place][at];
        return raw == null ? "–" : chart.unit(raw);
      };
      if (!chart.lines) return { label: name, fill: stroke, stroke, width: 0, paths: bars, points: { show: false }, value };
      const dash = place % 2 ? [5, 4] : undefined;
      return { label: name, stroke, width: 2, dash, spanGaps: true, points: { show: true, size: 6, fill: stroke }, value };
    });
  }

  // Draws lines across the plot: the cap, and the changes that went live.
  function draw(plot, chart) {
    const { ctx, bbox } = plot;
    const line = (from, to, stroke, dash = 4) => {
      ctx.save();
      ctx.beginPath();
      ctx.setLineDash(dash ? [dash * devicePixelRatio, dash * devicePixelRatio] : []);
      ctx.strokeStyle = stroke;
      ctx.lineWidth = devicePixelRatio;
      ctx.moveTo(...from);
      ctx.lineTo(...to);
      ctx.stroke();
      ctx.restore();
    };
    if (chart.limit != null) {
      const y = plot.valToPos(chart.limit, "y", true);
      line([bbox.left, y], [bbox.left + bbox.width, y], colour("--bad"));
    }
    const height = chart.marks.length > MOST_LINES ? 12 * devicePixelRatio : bbox.height;
    for (const { at, tone } of chart.marks) {
      const x = plot.valToPos(at, "x", true);
      const ink = colour(tone === "incident" ? "--bad" : "--link");
      if (x >= bbox.left && x <= bbox.left + bbox.width) line([x, bbox.top], [x, bbox.top + height], ink, height < bbox.height ? 0 : 4);
    }
  }

  function options(chart, width) {
    const ink = colour("--soft"), grid = { stroke: colour("--line"), width: 1 };
    const most = Math.max(0, ...(chart.lines ? chart.columns : stacked(chart.columns)).flat().filter((each) => each != null), chart.limit ?? 0);
    const shown = series(chart);
    if (!chart.lines) shown.reverse();
    return {
      width, height: HEIGHT, series: [{ label: "Time", value: (_, at) => at == null ? "–" : moment(at, chart.step) }, ...shown],
      tzDate: (at) => chart.step >= 86400 ? uPlot.tzDate(new Date(at * 1000), "UTC") : new Date(at * 1000),
      legend: { markers: { width: 0, fill: (plot, place) => plot.series[place].stroke(plot, place) } },
      cursor: { drag: { x: true, y: false, setScale: false }, sync: { key: "time" }, points: { show: chart.lines }, bind: { dblclick: () => () => zoomTo(null) } },
      scales: {
        x: { range: () => zoom ?? whole(chart) },
        y: { range: () => [0, most ? most * 1.08 : 1] },
      },
      axes: [
        { stroke: ink, grid: { show: false }, ticks: { show: false }, values: (_, at) => at.map((each) => axis(each, chart.step)), space: 64, size: 32 },
        { stroke: ink, grid, ticks: { show: false }, values: (_, all) => all.map(chart.unit), size: 64, space: 36, incrs: STEPS[chart.kind] },
      ],
      hooks: {
        draw: [(plot) => draw(plot, chart)],
        setCursor: [(plot) => point(plot, chart)],
        setSelect: [(plot) => {
          const { left, width: wide } = plot.select;
          if (wide < 4) return;
          zoomTo([plot.posToVal(left, "x"), plot.posToVal(left + wide, "x")]);
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        }],
      },
    };
  }

  // One time for all charts: chosen with the mouse on any of them, or with the buttons above.
  let zoom = null;
  const whole = (chart) => [chart.times[0], Math.max(chart.times.at(-1) + (chart.lines ? 0 : chart.step), chart.times[0] + chart.step)];
  function everything() {
    const ends = [...plots.values()].map(({ chart }) => whole(chart));
    return [Math.min(...ends.map((each) => each[0])), Math.max(...ends.map((each) => each[1]))];
  }
  function zoomTo(range) {
    const [first, last] = everything();
    if (range) {
      const wide = Math.max(range[1] - range[0], 600);
      const from = Math.min(Math.max(range[0], first), Math.max(last - wide, first));
      range = wide >= last - first ? null : [from, from + wide];
    }
    zoom = range;
    for (const { plot, chart } of plots.values()) {
      const [min, max] = zoom ?? whole(chart);
      plot.setScale("x", { min, max });
    }
    const told = document.getElementById("zoomed");
    if (told) told.textContent = zoom ? zoom.map((at) => MOMENT.format(at * 1000)).join(" – ") : "";
  }
  const MOVES = {
    in: ([from, to]) => [from + (to - from) / 4, to - (to - from) / 4],
    out: ([from, to]) => [from - (to - from) / 2, to + (to - from) / 2],
    earlier: ([from, to]) => [from - (to - from) / 2, to - (to - from) / 2],
    later: ([from, to]) => [from + (to - from) / 2, to + (to - from) / 2],
    all: () => null,
  };
  document.addEventListener("click", (event) => {
    const move = MOVES[event.target.closest?.("[data-zoom]")?.dataset.zoom];
    if (move && plots.size) zoomTo(move(zoom ?? everything()));
  });

  // Names the mark that the pointer is near.
  function point(plot, chart) {
    const hint = plot.root.parentElement.querySelector(".near");
    const near = plot.cursor.left < 0 ? [] : chart.marks.filter(({ at }) => Math.abs(plot.valToPos(at, "x") - plot.cursor.left) < 6);
    hint.textContent = near.slice(0, 3).map(({ tone, label }) => `${tone === "incident" ? "Incident" : "Went live"}: ${label}`).join(" · ");
  }
  // A bucket of a day begins at midnight UTC; shorter ones are shown in the reader's own zone.
  const FORMAT = (parts, zone) => new Intl.DateTimeFormat(undefined, { ...(zone ? { timeZone: zone } : {}), ...parts });
  const DAY = FORMAT({ day: "numeric", month: "short" }, "UTC");
  const OWN_DAY = FORMAT({ day: "numeric", month: "short" });
  const HOUR = FORMAT({ hour: "2-digit", minute: "2-digit" });
  const MOMENT = FORMAT({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  const moment = (at, step) => (step >= 86400 ? DAY : MOMENT).format(at * 1000);
  const isMidnight = (at) => new Date(at * 1000).getHours() === 0 && at % 3600 === 0;
  const axis = (at, step) => step >= 86400 ? DAY.format(at * 1000) : (step >= 21600 || isMidnight(at) ? OWN_DAY : HOUR).format(at * 1000);

  function show(figure) {
    const place = figure.querySelector(".plot");
    if (!place) return;
    const text = [figure.querySelector("table")?.textContent, figure.querySelector(".marks")?.textContent, document.documentElement.dataset.theme, colour("--ground"), place.clientWidth].join("|");
    const before = plots.get(place);
    if (before?.text === text) return;
    before?.plot.destroy();
    place.hidden = false;
    if (!before) figure.querySelector("details.data").open = false;
    const chart = read(figure);
    const values = chart.lines ? chart.columns : stacked(chart.columns).reverse();
    const plot = new uPlot(options(chart, place.clientWidth), [chart.times, ...values], place);
    if (!place.querySelector(".near")) place.append(Object.assign(document.createElement("p"), { className: "near soft" }));
    plots.set(place, { plot, chart, text: text.replace(/\d+$/, String(place.clientWidth)) });
  }
  function showAll() {
    for (const place of [...plots.keys()]) if (!place.isConnected) { plots.get(place).plot.destroy(); plots.delete(place); }
    document.querySelectorAll("figure.chart").forEach(show);
    const buttons = document.getElementById("zoom");
    if (buttons) buttons.hidden = plots.size === 0;
  }
  let waiting = 0;
  const soon = () => { clearTimeout(waiting); waiting = setTimeout(showAll, 100); };
  addEventListener("theme", showAll);
  addEventListener("renewed", showAll);
  addEventListener("resize", soon);
  showAll();
})();
