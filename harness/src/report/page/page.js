// The page without this shows all figures and tables; with it, plots can be turned, tables sorted, queries looked into.
"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const source = document.getElementById("swath-data");
  const data = source && JSON.parse(source.textContent);

  /** An element with attributes and children; of SVG if `space` says so. */
  const make = (name, attributes = {}, children = [], space) => {
    const element = space ? document.createElementNS(space, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children);
    return element;
  };
  const svg = (name, attributes, children) => make(name, attributes, children, SVG);

  /** A retriever's marker, of that radius, around 0, 0. */
  const shape = (retriever, radius) =>
    retriever.shape
      ? svg("polygon", { points: retriever.shape.split(" ").map((c) => c.split(",").map((v) => (v * radius).toFixed(2))).join(" "), fill: retriever.ink })
      : svg("circle", { r: radius, fill: retriever.ink });
  const marker = (retriever) => svg("svg", { class: "marker", viewBox: "-1.3 -1.3 2.6 2.6", "aria-hidden": "true" }, [shape(retriever, 1)]);

  /** A number of four significant digits, thousands apart. */
  const text = (value) => {
    if (value === 0) return "0";
    const size = Math.abs(value);
    const digits = Math.max(0, 3 - Math.floor(Math.log10(size)));
    return digits > 8 || size >= 1e15 ? value.toExponential(2) : value.toLocaleString("en", { minimumFractionDigits: 0, maximumFractionDigits: digits });
  };

  /** About six round numbers between two. */
  const ticks = (low, high, log) => {
    if (!log) {
      const rough = (high - low) / 6;
      const magnitude = 10 ** Math.floor(Math.log10(rough));
      const step = [1, 2, 5, 10].map((f) => f * magnitude).find((s) => s >= rough) ?? rough;
      const first = Math.ceil(low / step - 1e-9);
      const count = Math.floor(high / step + 1e-9) - first;
      return Array.from({ length: count + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
    }
    const every = Math.max(1, Math.ceil((high - low) / 7));
    for (const factors of [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 7]]) {
      const all = [];
      for (let decade = Math.ceil(Math.floor(low) / every) * every; decade <= Math.ceil(high); decade += every) {
        all.push(...factors.map((f) => Number((f * 10 ** decade).toPrecision(3))));
      }
      const inside = all.filter((value) => Math.log10(value) >= low && Math.log10(value) <= high);
      if (inside.length >= 3) return inside;
    }
    return [Number((10 ** ((low + high) / 2)).toPrecision(2))];
  };

  /** Beyond this no axis reaches, as in the figures. */
  const FAR = 1e300;

  /** Whether a value has a place on an axis. */
  const hasPlace = (value, log) => Math.abs(value) <= FAR && (!log || value >= 1 / FAR);

  /** Whether two numbers differ by more than rounding. */
  const apart = (low, high) => high - low > 1e-12 * Math.max(Math.abs(low), Math.abs(high), 1 / FAR);

  /** A scale over values between two places. What is beyond all bounds, or on a logarithmic scale not above 0, has no place:
   * NaN. What an interval has beyond the scale is cut off. */
  const axis = (values, log, from, to) => {
    const of = (value) => (hasPlace(value, log) ? (log ? Math.log10(value) : value) : NaN);
    const finite = values.map(of).filter(Number.isFinite);
    let low = Math.min(...finite);
    let high = Math.max(...finite);
    if (!finite.length) [low, high] = [0, 1];
    const margin = apart(low, high) ? 0.06 * (high - low) : log ? 0.3 : 0.1 * Math.max(Math.abs(high), 0.1);
    const short = log ? Math.max(0, 0.5 - (high - low)) / 2 : 0;
    low -= Math.max(margin, short);
    high += Math.max(margin, short);
    const at = (value) => from + ((value - low) / (high - low)) * (to - from);
    return {
      place: (value) => at(of(value)),
      cut: (value) => at(Math.min(Math.max(log ? Math.log10(Math.max(value, Number.MIN_VALUE)) : value, low), high)),
      ticks: ticks(low, high, log),
    };
  };

  /** Points that no other beats in one coordinate without losing in the other, by rising x. */
  const front = (points, x, y) => {
    const sign = (measure) => (measure.up ? 1 : -1);
    const order = [...points].sort((a, b) => sign(x) * (b.x - a.x) || sign(y) * (b.y - a.y));
    let best = -Infinity;
    return order.filter((point) => {
      const is = sign(y) * point.y > best;
      if (is) best = sign(y) * point.y;
      return is;
    });
  };

  const explore = () => {
    const section = document.getElementById("explore");
    const plot = document.getElementById("explore-plot");
    const choose = { x: document.getElementById("explore-x"), y: document.getElementById("explore-y") };
    const logs = { x: document.getElementById("explore-x-log"), y: document.getElementById("explore-y-log") };
    const said = document.getElementById("explore-said");
    const filter = document.getElementById("explore-retrievers");
    for (const [name, start] of [["x", data.axes[0]], ["y", data.axes[1]]]) {
      data.measures.forEach((measure, i) => choose[name].append(make("option", { value: i, selected: i === start }, [measure.name])));
      logs[name].checked = data.measures[start].log;
    }
    const boxes = data.retrievers.map((retriever, i) => {
      // A bound would stretch the axes: it is there to be asked for.
      const box = make("input", { type: "checkbox", checked: !retriever.oracle, value: i });
      filter.append(make("label", {}, [box, marker(retriever), retriever.name]));
      return box;
    });
    /** A sentence about a trial: its label, its two values, its parameters. */
    const sentence = (trial, measures) => {
      const part = (measure, value) => {
        const interval = value.length > 1 ? ` (${text(value[1])} to ${text(value[2])})` : "";
        return `${measure.name} ${text(value[0])}${interval}`;
      };
      return `${trial.label}: ${measures.map(([measure, i]) => part(measure, trial.v[i])).join(", ")}`;
    };

    /** As wide as there is room, so that text keeps its size on a narrow screen. */
    const room = () => Math.min(920, Math.max(340, Math.round(plot.clientWidth || 920)));
    let drawn = 0;

    const draw = () => {
      const WIDTH = (drawn = room());
      const HEIGHT = Math.round(Math.max(360, WIDTH * 0.565));
      const BOTTOM = HEIGHT - 56;
      const [xi, yi] = [Number(choose.x.value), Number(choose.y.value)];
      const [x, y] = [data.measures[xi], data.measures[yi]];
      const shown = new Set(boxes.filter((box) => box.checked).map((box) => Number(box.value)));
      const points = data.trials
        .map((trial, i) => ({ trial, i }))
        .filter(({ trial }) => shown.has(trial.r) && trial.v[xi] && trial.v[yi])
        .map(({ trial, i }) => ({ trial, i, x: trial.v[xi][0], y: trial.v[yi][0] }));
      const drawable = points.filter((p) => hasPlace(p.x, logs.x.checked) && hasPlace(p.y, logs.y.checked));
      const up = axis(drawable.flatMap((p) => p.trial.v[yi]), logs.y.checked, BOTTOM, 12);
      const left = 46 + 8 * Math.max(1, ...up.ticks.map((value) => text(value).length));
      const across = axis(drawable.flatMap((p) => p.trial.v[xi]), logs.x.checked, left, WIDTH - 16);
      const at = (p) => [across.place(p.x), up.place(p.y)];
      const parts = [];
      let free = 0;
      for (const value of across.ticks) {
        const place = across.place(value);
        parts.push(svg("line", { x1: place, x2: place, y1: 12, y2: BOTTOM, class: "grid" }));
        const half = 4.2 * text(value).length;
        if (place - half > free) {
          parts.push(svg("text", { x: place, y: BOTTOM + 20, "text-anchor": "middle" }, [text(value)]));
          free = place + half + 4;
        }
      }
      for (const value of up.ticks) {
        const place = up.place(value);
        parts.push(svg("line", { x1: left, x2: WIDTH - 16, y1: place, y2: place, class: "grid" }));
        parts.push(svg("text", { x: left - 8, y: place + 4.5, "text-anchor": "end" }, [text(value)]));
      }
      parts.push(svg("path", { d: `M${left},12V${BOTTOM}H${WIDTH - 16}`, class: "axis" }));
      parts.push(svg("text", { x: (left + WIDTH) / 2, y: HEIGHT - 10, "text-anchor": "middle", class: "title" }, [x.title]));
      const middle = (12 + BOTTOM) / 2;
      parts.push(svg("text", { x: 16, y: middle, "text-anchor": "middle", class: "title", transform: `rotate(-90 16 ${middle})` }, [y.title]));
      const competing = drawable.filter((p) => !p.trial.oracle);
      const line = front(competing, x, y).map((p) => at(p).map((v) => v.toFixed(1)).join(",")).join(" ");
      parts.push(svg("polyline", { points: line, class: "front" }));
      const few = drawable.length <= 40;
      const order = [...drawable].sort((a, b) => (a.i === data.reference) - (b.i === data.reference) || at(a)[0] - at(b)[0]);
      const marks = order.map((p) => {
        const retriever = data.retrievers[p.trial.r];
        const [px, py] = at(p);
        const whiskers = [];
        const [vx, vy] = [p.trial.v[xi], p.trial.v[yi]];
        const bar = (x1, x2, y1, y2) => whiskers.push(svg("line", { x1: x1 - px, x2: x2 - px, y1: y1 - py, y2: y2 - py, stroke: retriever.ink, class: "whisker" }));
        if (vx.length > 1) bar(across.cut(vx[1]), across.cut(vx[2]), py, py);
        if (vy.length > 1) bar(px, px, up.cut(vy[1]), up.cut(vy[2]));
        const label = sentence(p.trial, [[x, xi], [y, yi]]);
        const group = svg("g", { transform: `translate(${px.toFixed(1)} ${py.toFixed(1)})`, class: few ? "mark few" : "mark", tabindex: "-1", role: "img", "aria-label": label }, [
          ...whiskers,
          svg("circle", { r: 13, class: "halo" }),
          shape(retriever, few ? 7 : 5),
        ]);
        const say = () => {
          said.replaceChildren(make("strong", {}, [p.trial.label]), `: ${label.slice(p.trial.label.length + 2)} `, make("code", {}, [p.trial.params]));
        };
        group.addEventListener("pointerenter", say);
        group.addEventListener("focus", say);
        group.addEventListener("click", () => group.focus());
        return group;
      });
      if (marks.length) marks[0].setAttribute("tabindex", "0");
      marks.forEach((mark, i) =>
        mark.addEventListener("keydown", (event) => {
          const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
          const next = event.key === "Home" ? 0 : event.key === "End" ? marks.length - 1 : step && i + step;
          if (marks[next] && next !== i) {
            event.preventDefault();
            mark.setAttribute("tabindex", "-1");
            marks[next].setAttribute("tabindex", "0");
            marks[next].focus();
          }
        }),
      );
      const trials = marks.length === 1 ? "1 trial" : `${marks.length} trials`;
      plot.replaceChildren(
        svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "group", "aria-label": `${y.name} against ${x.name}, ${trials}; arrow keys go from one to the next` }, [...parts, ...marks]),
      );
      const hidden = data.trials.length - marks.length;
      const without = points.length - drawable.length;
      const why = without ? `, ${without} of them because a logarithmic scale shows only values above 0` : "";
      said.textContent = `${trials}${hidden ? `, ${hidden} not shown${why}` : ""}. Point at a marker, or go to the plot and use the arrow keys.`;
    };
    for (const name of ["x", "y"]) {
      choose[name].addEventListener("change", () => {
        logs[name].checked = data.measures[Number(choose[name].value)].log;
        draw();
      });
      logs[name].addEventListener("change", draw);
    }
    filter.addEventListener("change", draw);
    for (const [id, checked] of [["explore-all", true], ["explore-none", false]]) {
      document.getElementById(id).addEventListener("click", () => {
        boxes.forEach((box) => (box.checked = checked));
        draw();
      });
    }
    section.hidden = false;
    draw();
    new ResizeObserver(() => {
      if (room() !== drawn) draw();
    }).observe(plot);
  };

  /** What a cell is sorted by: the number that it begins with, else its text; nothing (a dash) last. */
  const key = (cell) => {
    const words = (cell.firstChild?.nodeType === Node.TEXT_NODE ? cell.firstChild : cell).textContent.trim();
    const number = Number.parseFloat(words.replaceAll(",", "").replace(/^\+/, ""));
    return cell.tagName === "TD" ? number : words;
  };

  const sortable = (table) => {
    const body = table.tBodies[0];
    const heads = [];
    const taken = [];
    [...table.tHead.rows].forEach((row, y) => {
      let x = 0;
      for (const cell of row.cells) {
        while (taken[y]?.[x]) x++;
        for (let dy = 0; dy < cell.rowSpan; dy++) {
          taken[y + dy] ??= [];
          for (let dx = 0; dx < cell.colSpan; dx++) taken[y + dy][x + dx] = true;
        }
        if (cell.colSpan === 1) heads.push([cell, x]);
        x += cell.colSpan;
      }
    });
    const first = [...body.rows];
    for (const [head, column] of heads) {
      const button = make("button", { type: "button", class: "sort" }, [...head.childNodes]);
      head.append(button);
      button.addEventListener("click", () => {
        const was = head.getAttribute("aria-sort");
        const next = was === "descending" ? "ascending" : was === "ascending" ? null : "descending";
        heads.forEach(([other]) => other.removeAttribute("aria-sort"));
        let rows = first;
        if (next) {
          head.setAttribute("aria-sort", next);
          const sign = next === "descending" ? -1 : 1;
          const missing = (value) => value === "" || Number.isNaN(value);
          rows = first
            .map((row) => [key(row.cells[column]), row])
            .sort(([a], [b]) => missing(a) - missing(b) || sign * (typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b) || 0)
            .map(([, row]) => row);
        }
        body.append(...rows);
      });
    }
  };

  /** A text, cut after about so many characters at the end of a word; a button then shows all of it. */
  const clipped = (words, length) => {
    const letters = [...words];
    if (letters.length <= length) return make("div", { class: "words" }, [words]);
    const beginning = letters.slice(0, length).join("").replace(/\s+\S*$/, "");
    return make("details", { class: "words" }, [make("summary", {}, [make("span", {}, [`${beginning}\u2026`])]), words]);
  };

  const ink = (subtopic) => data.inks[subtopic % data.inks.length];

  const look = () => {
    const { metric, up, trials, all } = data.queries;
    const section = document.getElementById("queries");
    const choose = document.getElementById("query");
    const order = document.getElementById("query-order");
    const lists = document.getElementById("query-lists");
    const map = document.getElementById("query-map");
    const about = document.getElementById("query-about");
    const labels = trials.map((row) => data.trials[row]);
    const reference = trials.indexOf(data.reference);
    let lit = null;

    /** How far the best retriever is above the reference for a query. */
    const lead = (query) => {
      const own = query.values[reference];
      const sign = up ? 1 : -1;
      const others = query.values.filter((value, i) => value !== null && i !== reference && !labels[i].oracle);
      return own === null || own === undefined || !others.length ? -Infinity : Math.max(...others.map((value) => sign * (value - own)));
    };
    const list = () => {
      const by = { sample: () => 0, name: (a, b) => a.label.localeCompare(b.label), lead: (a, b) => lead(b) - lead(a) || 0 }[order.value];
      const chosen = choose.value;
      const sorted = all.map((query, i) => [query, i]).sort(([a], [b]) => by(a, b));
      choose.replaceChildren(...sorted.map(([query, i]) => make("option", { value: i }, [query.label])));
      choose.value = chosen && order.value === "sample" ? chosen : choose.options[0].value;
    };

    const draw = () => {
      const query = all[Number(choose.value)];
      const covered = (answer) => new Set(answer.flatMap((item) => query.items[item][2])).size;
      const subtopics = query.subtopics ? `, ${query.subtopics} subtopics` : "";
      const isJudged = query.relevant !== undefined;
      const relevant = isJudged ? `, ${query.relevant} judged relevant` : "";
      about.replaceChildren(
        `${query.label}: row ${query.row}${subtopics}${relevant}. The map holds ${Math.round(100 * query.explained)} % of the variance of its neighbourhood.`,
        ...(query.text && query.text !== query.label ? [clipped(query.text, 300)] : []),
      );
      const gradeOf = (item) => query.items[item][6] ?? undefined;
      /** What people said of an item, in words; its class says it to the eye. */
      const judgement = (item) => {
        const grade = gradeOf(item);
        if (grade === undefined) return isJudged ? [make("span", { class: "grade unjudged" }, ["not judged"])] : [];
        return [make("span", { class: grade > 0 ? "grade relevant" : "grade irrelevant" }, [`grade ${grade}`])];
      };
      const light = (item, of) => {
        lit = item;
        for (const element of section.querySelectorAll("[data-item]")) element.classList.toggle("lit", element.dataset.item === String(item));
        if (of !== undefined) picture(of);
      };
      lists.replaceChildren(
        ...query.answers.map((answer, i) => {
          const value = query.values[i];
          const score = value === null ? "" : `${metric} ${text(value)}`;
          const found = query.subtopics ? `${covered(answer)} of ${query.subtopics} subtopics` : "";
          const hits = isJudged ? `${answer.filter((item) => gradeOf(item) > 0).length} relevant, of ${query.relevant}` : "";
          const items = answer.map((item) => {
            const [label, rank, subs, , , words, , groups] = query.items[item];
            const chips = subs.map((subtopic) => make("span", { class: "chip", style: `background:${ink(subtopic)}`, title: `subtopic ${subtopic}` }, [String(subtopic)]));
            const line = make("li", { "data-item": item, class: gradeOf(item) > 0 && "hit" }, [label, ...chips, ...judgement(item), ...(groups ?? []).map((group) => make("span", { class: "group" }, [group])), make("span", { class: "rank", title: "rank among the true neighbours" }, [rank ? `#${rank}` : "far"]), ...(words ? [clipped(words, 90)] : [])]);
            line.addEventListener("pointerenter", () => light(item));
            return line;
          });
          const head = make("h3", {}, [make("button", { type: "button", "aria-pressed": i === 0 ? "true" : "false" }, [marker(data.retrievers[labels[i].r]), labels[i].label])]);
          const card = make("div", { class: "card" }, [head, make("p", { class: "dim" }, [[score, found, hits].filter(Boolean).join("; ")]), make("ol", {}, items)]);
          head.firstChild.addEventListener("click", () => {
            for (const button of lists.querySelectorAll("h3 button")) button.setAttribute("aria-pressed", String(button === head.firstChild));
            picture(i);
          });
          return card;
        }),
      );
      const picture = (of) => {
        const SIDE = 420;
        const xs = [...query.items.map((item) => item[3]), query.at[0]];
        const ys = [...query.items.map((item) => item[4]), query.at[1]];
        const [low, high] = [[Math.min(...xs), Math.min(...ys)], [Math.max(...xs), Math.max(...ys)]];
        const unit = Math.min(...[0, 1].map((i) => (SIDE - 50) / Math.max(high[i] - low[i], 1e-9)));
        const place = (x, y) => [SIDE / 2 + (x - (low[0] + high[0]) / 2) * unit, SIDE / 2 - (y - (low[1] + high[1]) / 2) * unit];
        const picked = new Set(query.answers[of]);
        const dots = query.items.map(([label, , subs, x, y], item) => {
          const [px, py] = place(x, y);
          const is = picked.has(item);
          const dot = svg("circle", { cx: px, cy: py, r: is ? 6 : 3, class: `${is ? "picked" : "other"}${gradeOf(item) > 0 ? " ring" : ""}`, "data-item": item, fill: is ? (subs.length ? ink(subs[0]) : "#777") : null }, [svg("title", {}, [label])]);
          dot.addEventListener("pointerenter", () => light(item));
          return dot;
        });
        // Names as far as they have room beside their places, the first picked first; all of them are in the lists.
        const taken = query.answers[of].map((item) => place(query.items[item][3], query.items[item][4])).map(([x, y]) => [x - 6, y - 6, x + 6, y + 6]);
        const names = query.answers[of].flatMap((item) => {
          const [label, , , x, y] = query.items[item];
          const [px, py] = place(x, y);
          const width = 6.6 * label.length;
          const spots = [[px + 9, py], [px - 9 - width, py], [px - width / 2, py - 13], [px - width / 2, py + 13]];
          const box = ([left, middle]) => [left, middle - 6, left + width, middle + 6];
          const apart = (a, b) => a[2] <= b[0] || a[0] >= b[2] || a[3] <= b[1] || a[1] >= b[3];
          const inside = (a) => a[0] >= 2 && a[1] >= 2 && a[2] <= SIDE - 2 && a[3] <= SIDE - 2;
          const spot = spots.find((spot) => inside(box(spot)) && taken.every((other) => apart(box(spot), other)));
          if (!spot) return [];
          taken.push(box(spot));
          return [svg("text", { x: spot[0], y: spot[1] + 4 }, [label])];
        });
        const [qx, qy] = place(...query.at);
        const cross = svg("path", { d: `M${qx - 7},${qy}h14M${qx},${qy - 7}v14`, class: "cross" });
        map.replaceChildren(svg("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, role: "img", "aria-label": `Neighbourhood of ${query.label}, with what ${labels[of].label} picked` }, [...dots.sort((a, b) => a.classList.contains("picked") - b.classList.contains("picked")), cross, ...names]));
        if (lit !== null) light(lit);
      };
      lit = null;
      picture(0);
    };
    const step = (by) => {
      const next = choose.selectedIndex + by;
      if (next >= 0 && next < choose.options.length) {
        choose.selectedIndex = next;
        draw();
      }
    };
    document.getElementById("query-before").addEventListener("click", () => step(-1));
    document.getElementById("query-after").addEventListener("click", () => step(1));
    choose.addEventListener("change", draw);
    order.addEventListener("change", () => {
      list();
      draw();
    });
    list();
    draw();
    section.hidden = false;
  };

  document.querySelectorAll("table.sortable").forEach(sortable);
  if (data?.trials.length) explore();
  if (data?.queries) look();
})();
