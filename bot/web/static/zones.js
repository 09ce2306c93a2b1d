// Shows times in the reader's own zone and numbers in their own form. Without it: UTC, English.
"use strict";
(() => {
  const MINUTE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
  const UNITS = {
    count: (value) => value.toLocaleString(),
    percent: (value) => `${(+value.toFixed(1)).toLocaleString()} %`,
    usd: (value) => { const digits = value && value < 0.01 ? 4 : 2; return `$${value.toLocaleString(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits })}`; },
  };
  // Tiles and number columns hold our own words alone, with numbers in their English form.
  const ENGLISH = /\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+/g;
  const shown = new WeakMap();  // a text that is shown must not be read as English once more
  function format(number) {
    const digits = number.split(".")[1]?.length ?? 0;
    return Number(number.replaceAll(",", "")).toLocaleString(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  }
  function showNumbers(element) {
    const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      if (shown.get(text) === text.data || text.parentElement.closest("data, time, code")) continue;
      const words = text.data.replace(ENGLISH, format);
      if (words !== text.data) text.data = words;
      shown.set(text, words);
    }
  }
  function show() {
    for (const time of document.querySelectorAll("time[data-zone]")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      if (time.dataset.zone === "minute") time.textContent = MINUTE.format(at);
      time.title = FULL.format(at);
    }
    for (const data of document.querySelectorAll("data[value]")) {
      const unit = UNITS[data.dataset.unit ?? data.closest("figure.chart")?.dataset.unit];
      if (unit) data.textContent = unit(Number(data.value));
    }
    document.querySelectorAll(".tile, .number").forEach(showNumbers);
  }
  addEventListener("renewed", show);
  // A print shows everything that is folded.
  const opened = [];
  addEventListener("beforeprint", () => {
    for (const each of document.querySelectorAll("details:not([open])")) { each.open = true; opened.push(each); }
  });
  addEventListener("afterprint", () => { while (opened.length) opened.pop().open = false; });
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", show); else show();
})();
