// Uses the report's page as a reader would, and writes what it saw into the page. Run by page.rs in a copy of the page.
"use strict";
const seen = { errors: window.swathErrors };
const $ = (selector) => document.querySelector(selector);
const all = (selector) => [...document.querySelectorAll(selector)];
const choose = (select, value) => {
  select.value = value;
  select.dispatchEvent(new Event("change", { bubbles: true }));
};
const option = (select, text) => [...select.options].find((option) => option.text === text).value;
const title = () => all("#explore-plot .title").map((text) => text.textContent);
const places = () => all("#explore-plot .mark").map((mark) => mark.getAttribute("transform")).join();

try {
  seen.hidden = all("section[hidden]").length;
  seen.overflow = document.documentElement.scrollWidth - window.innerWidth;

  seen.titles = [title()];
  seen.marks = [all("#explore-plot .mark").length];
  const before = places();
  choose($("#explore-x"), option($("#explore-x"), "coverage"));
  seen.titles.push(title());
  seen.moved = before !== places();
  const linear = places();
  $("#explore-y-log").click();
  seen.logarithmic = linear !== places();

  const first = $("#explore-plot .mark[tabindex='0']");
  first.focus();
  seen.focused = $("#explore-said").textContent;
  first.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
  seen.next = document.activeElement !== first && document.activeElement.matches(".mark");
  seen.said = $("#explore-said").textContent !== seen.focused;
  const last = all("#explore-plot .mark").at(-1);
  last.dispatchEvent(new Event("pointerenter"));
  seen.hovered = last.getAttribute("aria-label");
  seen.hover = $("#explore-said").textContent;

  $("#explore-retrievers label:nth-child(2) input").click();
  seen.marks.push(all("#explore-plot .mark").length);
  $("#explore-none").click();
  seen.marks.push(all("#explore-plot .mark").length);
  $("#explore-all").click();
  seen.marks.push(all("#explore-plot .mark").length);

  const table = $("#results table");
  const column = [...table.tHead.rows[0].cells].findIndex((cell) => cell.textContent.startsWith("coverage"));
  const values = () => [...table.tBodies[0].rows].map((row) => row.cells[column].firstChild.textContent);
  seen.columns = [values()];
  const sort = table.tHead.rows[0].cells[column].querySelector("button");
  for (let i = 0; i < 3; i++) {
    sort.click();
    seen.columns.push(values());
    (seen.sorts ??= []).push(table.tHead.rows[0].cells[column].getAttribute("aria-sort"));
  }
  seen.sortable = all("table.sortable").length === all("main table.sortable th[scope=col] button").map((b) => b.closest("table")).filter((t, i, a) => a.indexOf(t) === i).length;

  seen.queries = $("#query").options.length;
  seen.about = [$("#query-about").textContent];
  seen.cards = all("#query-lists .card").map((card) => [card.querySelector("h3").textContent, card.querySelectorAll("li").length]);
  $("#query-after").click();
  seen.about.push($("#query-about").textContent);
  choose($("#query-order"), "lead");
  choose($("#query"), $("#query").options[2].value);
  seen.about.push($("#query-about").textContent);
  const picked = () => all("#query-map .picked").map((dot) => dot.dataset.item).sort().join();
  const reference = picked();
  const others = all("#query-lists h3 button").map((button) => {
    button.click();
    return picked();
  });
  seen.map = [reference.split(",").length, others.some((other) => other !== reference)];
  $("#query-lists li").dispatchEvent(new Event("pointerenter"));
  seen.lit = all("#query-lists .lit").length;
  seen.chips = all("#query-lists .chip").length;
} catch (error) {
  seen.errors.push(String(error.stack));
}
document.body.append(Object.assign(document.createElement("pre"), { id: "seen", textContent: JSON.stringify(seen) }));
