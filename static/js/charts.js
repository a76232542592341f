/* Draws every canvas[data-chart] from the JSON beside it (core.charts.Chart.spec), in the colours of the theme. */
(() => {
  "use strict";
  const drawn = new Map();
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const toneOf = (series) => colour(series.tone === "muted" ? "--chart-muted" : `--chart-${series.tone}`);

  const formatter = (unit, currency, compact) => {
    const options = { maximumFractionDigits: compact ? 1 : 2, notation: compact ? "compact" : "standard" };
    if (unit === "money") Object.assign(options, { style: "currency", currency, currencyDisplay: "narrowSymbol" });
    if (unit === "money" && compact) options.minimumFractionDigits = 0;
    const format = new Intl.NumberFormat(document.documentElement.lang || "en", options);
    const english = (document.documentElement.lang || "en").startsWith("en");
    return (value) => {
      const text = compact && english ? format.format(value).replace("K", "k") : format.format(value);
      return unit === "percent" ? `${text}%` : text;
    };
  };

  const fade = (context, tone) => {
    const { ctx, chartArea } = context.chart;
    if (!chartArea) return "transparent";
    const gradient = ctx.createLinearGradient(0, chartArea.top, 0, chartArea.bottom);
    gradient.addColorStop(0, `${tone}42`);
    gradient.addColorStop(1, `${tone}00`);
    return gradient;
  };

  const dataset = (series) => {
    const tone = toneOf(series);
    const axis = series.panel ? "y1" : "y";
    const base = { label: series.label, data: series.values, unit: series.unit, yAxisID: axis };
    if (series.shape === "bar") {
      return { ...base, type: "bar", backgroundColor: tone, borderRadius: 3, maxBarThickness: 28, categoryPercentage: 0.82, barPercentage: 0.86, stack: series.stacked ? axis : undefined };
    }
    return {
      ...base,
      type: "line",
      borderColor: tone,
      borderWidth: series.shape === "dashed" ? 1.5 : 2,
      borderDash: series.shape === "dashed" ? [4, 4] : [],
      pointRadius: 0,
      pointHoverRadius: 4,
      pointHoverBackgroundColor: tone,
      cubicInterpolationMode: "monotone",
      fill: series.shape === "area" ? "origin" : false,
      backgroundColor: series.shape === "area" ? (context) => fade(context, tone) : undefined,
    };
  };

  /* 1, 2 or 5 times a power of ten, not above the value */
  const roundBelow = (value) => {
    const power = 10 ** Math.floor(Math.log10(value || 1));
    return power * ([5, 2].find((step) => step * power <= value) || 1);
  };

  const axisOf = (spec, panel, panels) => {
    const series = spec.series.filter((one) => one.panel === panel);
    const format = formatter(series[0].unit, spec.currency, true);
    const stacked = series.some((one) => one.stacked);
    const totals = (sign) => spec.labels.map((_label, at) => {
      const values = series.map((one) => Math.max(0, sign * (one.values[at] || 0)));
      return stacked ? values.reduce((sum, value) => sum + value, 0) : Math.max(...values);
    });
    const highest = Math.max(...totals(1));
    const lowest = -Math.max(...totals(-1));
    return {
      stack: "panels",
      stackWeight: panel ? 1 : panels > 1 ? 2.6 : 1,
      bounds: panel ? "data" : "ticks",
      ...(panel ? { max: highest * 1.4, min: lowest * 1.1 } : {}), // room between the panels, so that their labels do not meet
      afterBuildTicks: panel ? (axis) => { axis.ticks = [0, roundBelow(highest)].map((value) => ({ value })); } : undefined,
      stacked,
      beginAtZero: true,
      grid: { color: colour("--chart-grid"), drawTicks: false },
      border: { display: false },
      ticks: { color: colour("--chart-axis"), padding: 8, maxTicksLimit: panel ? 3 : 5, callback: format },
    };
  };

  const draw = (canvas) => {
    const source = document.getElementById(canvas.dataset.chart);
    if (!source) return;
    const spec = JSON.parse(source.textContent);
    if (drawn.has(canvas)) drawn.get(canvas).destroy();
    const panels = spec.series.some((one) => one.panel === 1) ? 2 : 1;
    const scales = {
      x: {
        stacked: spec.series.some((one) => one.stacked),
        grid: { display: false },
        border: { display: false },
        ticks: { color: colour("--chart-axis"), maxRotation: 0, autoSkipPadding: 28 },
      },
    };
    if (panels > 1) scales.y1 = axisOf(spec, 1, panels); // first: Chart.js stacks panels from the bottom
    scales.y = axisOf(spec, 0, panels);
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Chart.defaults.font.size = 11;
    drawn.set(canvas, new Chart(canvas, {
      data: { labels: spec.labels, datasets: spec.series.map(dataset) },
      options: {
        animation: false,
        responsive: true,
        maintainAspectRatio: false,
        interaction: { mode: "index", intersect: false },
        scales,
        plugins: {
          legend: { display: false },
          tooltip: {
            backgroundColor: colour("--surface-3"),
            borderColor: colour("--line-strong"),
            borderWidth: 1,
            titleColor: colour("--muted"),
            titleFont: { weight: 500 },
            bodyColor: colour("--ink"),
            padding: 10,
            cornerRadius: 10,
            boxWidth: 8,
            boxHeight: 8,
            boxPadding: 4,
            callbacks: {
              label: (item) => ` ${item.dataset.label}  ${formatter(item.dataset.unit, spec.currency, false)(item.parsed.y)}`,
              labelColor: (item) => {
                const tone = toneOf(spec.series[item.datasetIndex]);
                return { borderColor: tone, backgroundColor: tone, borderRadius: 2 };
              },
            },
          },
        },
      },
    }));
  };

  const drawAll = (part) => part.querySelectorAll("canvas[data-chart]").forEach(draw);
  document.addEventListener("themechange", () => drawAll(document));
  document.addEventListener("htmx:afterSettle", (event) => drawAll(event.detail.elt));
  document.addEventListener("htmx:beforeCleanupElement", (event) => {
    const chart = drawn.get(event.target);
    if (chart) { chart.destroy(); drawn.delete(event.target); }
  });
  document.fonts.ready.then(() => drawAll(document));
})();
