// Runs before the first paint, as a classic script: the theme that this device chose, else the system's.
(() => {
  let theme = "auto";
  try {
    theme = JSON.parse(localStorage.getItem("llm-router:theme") ?? '"auto"');
  } catch {
    theme = "auto";
  }
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: light)");
  /** @param {string} [choice] */
  const apply = (choice) => {
    theme = choice ?? theme;
    root.dataset.theme = theme === "day" || (theme === "auto" && system.matches) ? "day" : "night";
    const colour = root.dataset.theme === "day" ? "#dcdee6" : "#16161e";
    document.querySelector('meta[name="theme-color"]')?.setAttribute("content", colour);
  };
  system.addEventListener("change", () => apply());
  addEventListener("theme", (event) => apply(/** @type {CustomEvent} */ (event).detail));
  apply();
})();
