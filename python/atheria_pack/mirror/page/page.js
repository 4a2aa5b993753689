"use strict";
(() => {
  // The address of this channel is wherever this page was found.
  const folder = new URL("./", document.location.href).href.replace(/\/$/, "");
  const address = /^[\w:/.@%+~-]+$/.test(folder) ? folder : "'" + folder.replace(/'/g, "%27") + "'";
  const said = document.getElementById("said");

  async function copy(button) {
    const text = button.parentElement.querySelector("code").textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {  // browsers have a clipboard for https and localhost only; mirrors in clusters are often neither
      const area = document.createElement("textarea");
      area.value = text;
      area.className = "quiet";
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      button.focus();
      if (!done) {
        said.textContent = "The browser did not let this page copy; select the text instead.";
        return;
      }
    }
    said.textContent = "Copied: " + text;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  }

  // Packages are made ready when they are opened: there may be thousands.
  function prepare(part) {
    for (const place of part.querySelectorAll("var")) place.textContent = address;
    for (const ways of part.querySelectorAll("pre")) {
      const list = document.createElement("ul");
      list.className = "does";
      for (const way of ways.textContent.split("\n")) {
        const item = document.createElement("li");
        const program = document.createElement("span");
        const command = document.createElement("code");
        program.textContent = way.split(" ", 1)[0];
        command.textContent = way;
        item.append(program, command);
        list.append(item);
      }
      ways.replaceWith(list);
    }
    for (const item of part.querySelectorAll(".does li")) {
      if (item.querySelector("button")) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Copy";
      button.setAttribute("aria-label", "Copy the command for " + item.querySelector("span").textContent);
      button.addEventListener("click", () => copy(button));
      item.append(button);
    }
  }
  prepare(document.querySelector("main > section"));
  document.querySelector(".plain").hidden = true;
  document.addEventListener("toggle", (event) => {
    if (event.target.open && event.target.matches(".package")) prepare(event.target);
  }, true);

  const packages = Array.from(document.querySelectorAll(".package"), (part) => ({
    part, words: part.firstElementChild.textContent.toLowerCase(),
  }));
  const letters = document.querySelectorAll(".letter");
  const query = document.getElementById("q");
  const found = document.getElementById("found");
  const count = (number) => number.toLocaleString("en") + (number === 1 ? " package" : " packages");

  function search() {
    const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { part, words: there } of packages) {
      const fits = words.every((word) => there.includes(word));
      part.hidden = !fits;
      shown += fits;
    }
    for (const letter of letters) letter.hidden = !letter.querySelector(".package:not([hidden])");
    found.textContent = words.length ? count(shown) + " of " + packages.length.toLocaleString("en") : count(shown);
  }
  let pending = 0;
  query.addEventListener("input", () => {
    cancelAnimationFrame(pending);
    pending = requestAnimationFrame(search);
  });
  document.getElementById("search").addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("search").hidden = false;
  query.value = new URLSearchParams(document.location.search).get("q") || "";
  search();

  // An address with #p-NAME opens that package.
  function open() {
    const part = document.getElementById(document.location.hash.slice(1));
    if (part && part.matches(".package")) {
      part.open = true;
      part.scrollIntoView();
    }
  }
  window.addEventListener("hashchange", open);
  open();

  // What is true of the generation stands in its manifest, which a rollback writes anew and this page is not.
  function tell(name, text) {
    const part = document.getElementById("fact-" + name);
    part.querySelector("dd").textContent = text;
    part.hidden = false;
  }
  if (document.location.protocol.startsWith("http")) {
    fetch(".mirror/current/manifest.json").then((answer) => (answer.ok ? answer.json() : null)).then((manifest) => {
      if (!manifest) return;
      tell("generation", String(manifest.generation));
      tell("published", new Date(manifest.published * 1000).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC"));
      tell("parent", manifest.parent ? "sha256 " + manifest.parent : "none: this is the first");
      if (manifest.rollback_of !== null) tell("rollback", String(manifest.rollback_of));
    }).catch(() => {});  // the link to the manifest is on the page as well
  }
})();
