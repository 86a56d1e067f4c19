// Colours as chosen on this device, set before the first paint: a small blocking script in <head>.
// The rest of it waits for the document.
(() => {
  "use strict";
  const root = document.documentElement;
  const KEY = "theme";
  const CHOICES = ["system", "light", "dark"];

  const stored = () => {
    try {
      const value = localStorage.getItem(KEY);
      return CHOICES.includes(value) ? value : "system";
    } catch {
      return "system"; // storage may be forbidden; the system's colours then hold
    }
  };
  const apply = (choice) => {
    if (choice === "system") delete root.dataset.theme;
    else root.dataset.theme = choice;
  };
  root.dataset.scripted = "";
  apply(stored());

  const label = (button, choice) => {
    const text = button.dataset[choice];
    button.querySelector("span").textContent = text;
    button.title = text;
    const use = button.querySelector("use");
    const icon = { system: "contrast", light: "sun", dark: "moon" }[choice];
    use.setAttribute("href", use.getAttribute("href").replace(/#.*$/, `#${icon}`));
  };

  const ready = () => {
    const buttons = document.querySelectorAll("[data-theme-toggle]");
    for (const button of buttons) {
      label(button, stored());
      button.addEventListener("click", () => {
        const choice = CHOICES[(CHOICES.indexOf(stored()) + 1) % CHOICES.length];
        try {
          localStorage.setItem(KEY, choice);
        } catch {
          // not remembered, but applied to this page
        }
        apply(choice);
        for (const each of buttons) label(each, choice);
      });
    }
    document.querySelector("[data-focus]")?.focus();
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
})();
