"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const FIELDS = ["check", "subject", "row", "verdict", "message", "deviation", "allowed", "options", "known", "repro", "seconds", "deviations"];
  const AT = Object.fromEntries(FIELDS.map((name, index) => [name, index]));
  const PAGE = 50;
  const NEW = new Set(["crash", "timeout", "fail", "fixed"].map((name) => data.verdicts.indexOf(name)));
  const checks = data.checks;
  let shown = checks;

  const make = (tag, properties = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name.startsWith("aria-") || name === "colspan" || name === "scope") element.setAttribute(name, value);
      else element[name] = value;
    }
    element.append(...children);
    return element;
  };
  const several = (count, word) => `${count.toLocaleString("en").replaceAll(",", " ")} ${word}${count === 1 ? "" : "s"}`;
  const verdictOf = (check) => data.verdicts[check[AT.verdict]];
  const idOf = (check) => `${data.subjects[check[AT.subject]].name}::${check[AT.check]}`;
  const short = (value, digits) => typeof value === "number" ? (value === 0 ? "0" : Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5 ? String(+value.toPrecision(digits)) : value.toExponential(digits - 1)) : value;
  const amount = (deviation, allowed) => {
    if (deviation === null || (!allowed && (deviation === "NaN" || !deviation))) return "";
    if (allowed === null) return short(deviation, 3);
    const sign = typeof deviation === "number" && typeof allowed === "number" ? (deviation > allowed ? ">" : "≤") : "against";
    return `${short(deviation, 3)} ${sign} ${short(allowed, 2)}`;
  };
  const excess = (check) => typeof check[AT.deviation] === "number" && check[AT.allowed] ? check[AT.deviation] / check[AT.allowed] : Infinity;
  const byWorst = (a, b) => a[AT.verdict] - b[AT.verdict] || (excess(b) > excess(a) ? 1 : excess(b) < excess(a) ? -1 : 0) || (a[AT.check] < b[AT.check] ? -1 : 1);
  const badge = (name, text) => make("span", { className: `badge ${name}` }, make("i", { "aria-hidden": "true" }, data.signs[name]), ` ${text}`);

  // One check: a line, and what is behind it, made when it is first opened.
  const checkElement = (check) => {
    const name = verdictOf(check);
    const element = make("details", { className: "check" }, make("summary", {},
      badge(name, name),
      make("span", { className: "text" }, make("span", { className: "id" }, idOf(check)), data.words[check[AT.message]]),
      make("span", { className: "amount" }, amount(check[AT.deviation], check[AT.allowed]))));
    element.addEventListener("toggle", () => {
      if (element.open && element.children.length === 1) element.append(inside(check));
    });
    return element;
  };

  const inside = (check) => {
    const [, , invariant, statement] = data.rows[check[AT.row]];
    const box = make("div", { className: "inner" }, make("p", {}, make("b", {}, invariant), `: ${statement}`));
    const found = amount(check[AT.deviation], check[AT.allowed]);
    if (found && !check[AT.deviations].length) box.append(make("p", {}, `Worst deviation and what is allowed: ${found}`));
    if (check[AT.deviations].length) {
      const rows = check[AT.deviations].map(([where, message, deviation, allowed]) => make("tr", {},
        make("td", {}, make("code", {}, where)), make("td", {}, message), make("td", {}, amount(deviation, allowed))));
      box.append(make("div", { className: "scroll" }, make("table", { className: "plain" }, make("tbody", {}, ...rows))));
    }
    box.append(make("ul", { className: "options" }, ...Object.entries(data.options[check[AT.options]]).map(([name, value]) =>
      make("li", {}, make("b", {}, `${name} `), value))));
    const known = data.words[check[AT.known]];
    if (known) {
      const link = make("a", { href: "#findings" }, known);
      link.addEventListener("click", () => {
        const finding = [...document.querySelectorAll(".finding")].find((each) => each.dataset.known === known);
        if (finding) { finding.open = true; setTimeout(() => finding.scrollIntoView()); }
      });
      box.append(make("p", {}, "Ledger entry: ", link));
    }
    box.append(script(check[AT.repro]));
    return box;
  };

  const script = (file) => {
    if (!file) return "";
    const link = make("a", { href: encodeURI(file) }, file);
    const text = data.scripts[file];
    if (text === undefined) return make("p", {}, "A script that shows it: ", link);
    const copy = make("button", { type: "button", className: "copy" }, "Copy");
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text);
        copy.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code); // a page from a file may not touch the clipboard: select it instead
        copy.textContent = "Selected: press Ctrl+C";
      }
    });
    const code = make("pre", { tabIndex: 0 }, text);
    return make("div", {}, make("div", { className: "script" }, make("span", {}, "A script that shows it: ", link), copy), code);
  };

  // A list shows a page at a time: ten thousand lines at once would be slow.
  const list = (box, found, empty) => {
    box.replaceChildren();
    if (!found.length) { box.append(make("p", { className: "muted" }, empty)); return; }
    let next = 0;
    const more = make("button", { type: "button", className: "more" });
    const step = () => {
      more.before(...found.slice(next, next + PAGE).map(checkElement));
      next += PAGE;
      more.textContent = `Show more (${several(found.length - next, "check")} left)`;
      if (next >= found.length) more.remove();
    };
    more.addEventListener("click", step);
    box.append(more);
    step();
  };

  const kinds = (own) => {
    const counted = new Map();
    for (const check of own) counted.set(check[AT.verdict], (counted.get(check[AT.verdict]) || 0) + 1);
    return [...counted].sort((a, b) => a[0] - b[0]);
  };

  // The worst verdict; that some options are not supported does not make grey what passes wherever it is.
  const colour = (counted) => data.verdicts[(counted.find(([verdict]) => data.verdicts[verdict] !== "unsupported") || counted[0])[0]];

  const cellElement = (own, label, table) => {
    if (!own) return make("td", {}, make("span", { className: "nothing", title: "no check" }, "·"));
    const counted = kinds(own);
    const said = counted.map(([verdict, count]) => `${count} ${data.verdicts[verdict]}`).join(", ");
    const button = make("button", { type: "button", className: `cell ${colour(counted)}`, title: said, "aria-label": `${label}: ${said}`, "aria-expanded": "false" },
      ...counted.map(([verdict, count]) => make("span", {}, make("i", {}, data.signs[data.verdicts[verdict]]), ` ${count}`)));
    button.addEventListener("click", () => open(button, own, label, table));
    return make("td", {}, button);
  };

  const open = (button, own, label, table) => {
    const was = button.getAttribute("aria-expanded") === "true";
    for (const other of table.querySelectorAll("[aria-expanded=true]")) other.setAttribute("aria-expanded", "false");
    for (const row of table.querySelectorAll("tr.opened")) row.remove();
    if (was) return;
    button.setAttribute("aria-expanded", "true");
    const box = make("div");
    list(box, [...own].sort(byWorst), "");
    button.closest("tr").after(make("tr", { className: "opened" }, make("td", { colspan: data.subjects.length + 1 },
      make("div", { className: "inside" }, make("p", { className: "muted" }, `${label}: ${several(own.length, "check")}`), box))));
  };

  // Rows that share a heading (the group of an invariant, or a scenario), a column for each subject.
  const matrix = (place, ofRow) => {
    const box = document.getElementById(place);
    if (!box) return;
    const groups = new Map();
    for (const check of shown) {
      const row = check[AT.row];
      const group = ofRow(data.rows[row]);
      if (group === null) continue;
      if (!groups.has(group)) groups.set(group, new Map());
      const rows = groups.get(group);
      if (!rows.has(row)) rows.set(row, []);
      (rows.get(row)[check[AT.subject]] ||= []).push(check);
    }
    if (!groups.size) { box.replaceChildren(make("p", { className: "muted" }, "No check fits the filter.")); return; }
    const table = make("table", { className: "matrix" });
    table.style.minWidth = `${230 + 104 * data.subjects.length}px`;
    table.style.maxWidth = `${420 + 300 * data.subjects.length}px`;
    table.append(make("colgroup", {}, Object.assign(make("col"), { style: `width:${data.subjects.length > 6 ? "230px" : data.subjects.length < 3 ? "420px" : "30%"}` })));
    table.append(make("thead", {}, make("tr", {}, make("th", { className: "name", scope: "col" }, ""),
      ...data.subjects.map((subject) => make("th", { scope: "col" }, subject.name, make("small", {}, subject.versions))))));
    const body = make("tbody");
    for (const [group, rows] of groups) {
      body.append(make("tr", { className: "group" }, make("th", { colspan: data.subjects.length + 1, scope: "colgroup" }, make("span", {}, group || "other"))));
      for (const [row, cells] of rows) {
        const [, , invariant, statement] = data.rows[row];
        body.append(make("tr", {}, make("th", { className: "name", scope: "row", title: statement }, invariant, make("small", {}, statement)),
          ...data.subjects.map((subject, index) => cellElement(cells[index], `${invariant}, ${subject.name}`, table))));
      }
    }
    table.append(body);
    box.replaceChildren(table);
  };

  const texts = new Map();
  const text = (check) => {
    if (!texts.has(check)) {
      texts.set(check, [idOf(check), data.words[check[AT.message]], data.words[check[AT.known]], ...data.rows[check[AT.row]],
        ...Object.entries(data.options[check[AT.options]]).map(([name, value]) => `${name}=${value}`)].join(" ").toLowerCase());
    }
    return texts.get(check);
  };

  const draw = () => {
    const words = document.getElementById("words").value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = new Set([...document.querySelectorAll("#filter input[type=checkbox]")].filter((box) => box.checked).map((box) => data.verdicts.indexOf(box.value)));
    shown = checks.filter((check) => chosen.has(check[AT.verdict]) && words.every((word) => text(check).includes(word)));
    document.getElementById("shown").value = shown.length === checks.length ? several(checks.length, "check") : `${shown.length} of ${several(checks.length, "check")}`;
    const failed = shown.filter((check) => NEW.has(check[AT.verdict])).sort(byWorst);
    list(document.getElementById("failed"), failed, shown.length === checks.length ? "None." : "None that fits the filter.");
    matrix("invariants-table", ([scenario, group]) => scenario ? null : group);
    matrix("scenarios-table", ([scenario]) => scenario || null);
    for (const finding of document.querySelectorAll(".finding[open]")) fill(finding);
  };

  const fill = (finding) => list(finding.querySelector(".checks"),
    shown.filter((check) => data.words[check[AT.known]] === finding.dataset.known).sort(byWorst), "None that fits the filter.");
  for (const finding of document.querySelectorAll(".finding")) finding.addEventListener("toggle", () => { if (finding.open) fill(finding); });

  let waiting;
  document.getElementById("words").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(draw, 150); });
  document.getElementById("filter").addEventListener("change", (event) => { if (event.target.type === "checkbox") draw(); });
  document.getElementById("filter").addEventListener("submit", (event) => { event.preventDefault(); draw(); });
  document.getElementById("everything").addEventListener("click", () => {
    const boxes = [...document.querySelectorAll("#filter input[type=checkbox]")];
    for (const box of boxes) box.checked = true;
    document.getElementById("words").value = "";
    draw();
  });
  draw();
  document.documentElement.dataset.ready = "yes";
})();
