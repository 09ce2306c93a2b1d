// Dark or light: as the system says, unless somebody chose. Kept in this browser alone.
"use strict";
(() => {
  const KEY = "theseus-theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const read = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  const keep = (theme) => { try { localStorage.setItem(KEY, theme); } catch { /* for this page */ } };
  const now = () => root.dataset.theme || (system.matches ? "dark" : "light");
  const chosen = read();
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
  const told = () => dispatchEvent(new Event("theme"));
  system.addEventListener("change", told);
  addEventListener("DOMContentLoaded", () => {
    // On a phone the pages stand in a row that scrolls: the one that is shown is in sight.
    document.querySelector("header nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
    addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== "k") return;
      event.preventDefault();
      document.getElementById("find")?.focus();
    });
    const button = document.getElementById("theme");
    if (!button) return;
    const label = () => {
      const other = now() === "dark" ? "Light" : "Dark";
      button.textContent = other;
      button.setAttribute("aria-label", `${other} theme`);
    };
    button.hidden = false;
    label();
    addEventListener("theme", label);
    button.addEventListener("click", () => {
      root.dataset.theme = now() === "dark" ? "light" : "dark";
      keep(root.dataset.theme);
      told();
    });
  });
})();
