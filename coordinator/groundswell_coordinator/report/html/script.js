"use strict";
// Draws the plots in the colours of the page: light, dark, or those for paper.
(() => {
  const root = document.documentElement;
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const config = {
    responsive: true,
    displaylogo: false,
    // By name, so that no version of the library adds one: it has one that uploads a plot to its makers.
    modeBarButtons: [["toImage"], ["zoom2d", "pan2d"], ["zoomIn2d", "zoomOut2d", "resetScale2d"]],
    showSendToCloud: false,
    plotlyServerURL: "",
  };
  // What Letter and A4 have between their margins: a page learns of its width on paper after it was drawn for it.
  const paperWidth = 700;
  const coloured = new Set(["color", "fillcolor", "colorscale"]);

  const colour = (name) => getComputedStyle(root).getPropertyValue("--" + name).trim();

  function painted(node, key) {
    if (Array.isArray(node)) return node.map((part) => painted(part, key));
    if (node !== null && typeof node === "object") {
      return Object.fromEntries(Object.entries(node).map(([name, part]) => [name, painted(part, name)]));
    }
    return typeof node === "string" && coloured.has(key) && node.startsWith("$") ? colour(node.slice(1)) : node;
  }

  function axis(own) {
    const lines = { gridcolor: colour("grid"), linecolor: colour("line"), zerolinecolor: colour("line") };
    return Object.assign(lines, { automargin: true, title: { standoff: 6 } }, own);
  }

  function layoutOf(figure, place) {
    const own = painted(figure.layout);
    const layout = Object.assign({
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("ink") },
      margin: { l: 48, r: 12, t: 20, b: figure.data.length > 1 ? 60 : 36 },
      legend: { orientation: "h", x: 0, y: 0, yref: "container", yanchor: "bottom" },
      hovermode: "x unified",
      hoverlabel: { bgcolor: colour("card"), bordercolor: colour("line"), font: { color: colour("ink") } },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("soft"), activecolor: colour("ink") },
      showlegend: figure.data.length > 1,
      dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
      uirevision: figure.id,
      height: place.clientHeight,
      width: root.hasAttribute("data-print") ? Math.min(place.clientWidth, paperWidth) : undefined,
    }, own);
    for (const name of ["xaxis", "yaxis", "yaxis2"]) {
      if (own[name]) layout[name] = axis(own[name]);
    }
    return layout;
  }

  const draw = (figure) => {
    const place = document.getElementById(figure.id);
    return Plotly.react(place, painted(figure.data), layoutOf(figure, place), config);
  };

  const drawAll = () => Promise.all(figures.map(draw));

  // What is zoomed over time in one plot is zoomed in all.
  let following = false;
  function follow(source, change) {
    const range = change["xaxis.range[0]"] === undefined ? null : [change["xaxis.range[0]"], change["xaxis.range[1]"]];
    if (following || (range === null && !change["xaxis.autorange"])) return;
    following = true;
    const update = range === null ? { "xaxis.autorange": true } : { "xaxis.range": range };
    const others = figures.filter((one) => one.layout.meta === "timeline" && one.id !== source);
    Promise.all(others.map((one) => Plotly.relayout(one.id, update))).finally(() => { following = false; });
  }

  const onPaper = (is) => () => {
    root.toggleAttribute("data-print", is);
    // A width that is left out is the last one.
    drawAll().then(() => is || figures.forEach((one) => Plotly.Plots.resize(one.id)));
  };

  drawAll().then(() => {
    for (const one of figures) {
      if (one.layout.meta === "timeline") {
        document.getElementById(one.id).on("plotly_relayout", (change) => follow(one.id, change));
      }
    }
    root.dataset.drawn = String(figures.length);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
    addEventListener("beforeprint", onPaper(true));
    addEventListener("afterprint", onPaper(false));
  });
})();
