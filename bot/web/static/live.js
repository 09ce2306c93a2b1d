// Brings a page up to date in place when something happens: what is the same stays untouched, so
// focus, selection, scrolling and what was opened stay as they are.
"use strict";
(() => {
  const PAUSE = 700, OVERVIEW = 4000, TAIL = 2000;
  let waiting = 0, asleep = false;
  const callbacks = {
    // A chart is drawn by its own script, from the table that is brought up to date.
    // What somebody writes stays, also while they look elsewhere on the page.
    beforeNodeMorphed: (old) => !(old instanceof Element && (old.classList.contains("plot") || old instanceof HTMLTextAreaElement)),
    beforeAttributeUpdated: (name, node) => !(name === "open" && node instanceof HTMLDetailsElement),
    beforeNodeRemoved: (node) => !(node instanceof Element && node.closest(".plot")),
  };
  async function renew() {
    waiting = 0;
    if (document.hidden) { asleep = true; return; }
    const answer = await fetch(location.href, { redirect: "error" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("content"), old = document.getElementById("content");
    if (!fresh || !old) return;
    Idiomorph.morph(old, fresh, { morphStyle: "outerHTML", ignoreActiveValue: true, restoreFocus: true, callbacks });
    document.title = page.title;
    dispatchEvent(new Event("renewed"));
  }
  function soon() {
    if (!waiting) waiting = setTimeout(() => renew().catch(() => {}), location.pathname === "/" ? OVERVIEW : tail ? TAIL : PAUSE);
  }
  const lost = (hidden) => { const told = document.getElementById("connection"); if (told) told.hidden = hidden; };
  const tail = document.querySelector("[data-tail]");
  const events = new EventSource(tail ? "/events?tail=journal" : "/events");
  for (const name of tail ? ["journal", "reset"] : ["run", "incident", "reload", "reset"]) events.addEventListener(name, soon);
  events.addEventListener("transcript", (event) => {
    if (location.pathname === `/runs/${JSON.parse(event.data).id}/transcript`) soon();
  });
  events.addEventListener("open", () => lost(true));
  events.addEventListener("error", () => lost(false));
  document.addEventListener("visibilitychange", () => { if (!document.hidden && asleep) { asleep = false; soon(); } });
})();
