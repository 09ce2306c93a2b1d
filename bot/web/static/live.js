// Shows a page anew when something happens, without losing the place on it.
"use strict";
(() => {
  let waiting = 0;
  async function renew() {
    waiting = 0;
    if (document.hidden) { waiting = 1; return; }
    const answer = await fetch(location.href, { redirect: "error" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("content");
    const old = document.getElementById("content");
    if (!fresh || !old || old.contains(document.activeElement)) return;
    const open = [...old.querySelectorAll("details[open]")].map((each) => each.id);
    for (const id of open) if (id) fresh.querySelector("#" + CSS.escape(id))?.setAttribute("open", "");
    old.replaceWith(fresh);
  }
  function soon() {
    if (!waiting) waiting = setTimeout(() => renew().catch(() => {}), 700);
  }
  const events = new EventSource("/events");
  for (const name of ["run", "incident", "reload", "reset"]) events.addEventListener(name, soon);
  document.addEventListener("visibilitychange", () => { if (waiting === 1) { waiting = 0; soon(); } });
})();
